import type { ConnectionRow, Forward, ForwardHistory, OutputLine } from '../../../contract/forwards.ts'
import { sampleHistoryEntry, sampleNow } from './samples.ts'

const second = 1000
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A day of it: pods replaced, a wait for one that could not start, a night switched off. */
export function checkoutHistory(): ForwardHistory {
  let id = 0
  const entry = (ago: number, state: Forward['state'], lasted: number | null, message = '', more = {}) =>
    sampleHistoryEntry({ id: (id += 1), at: sampleNow - ago, state, durationMs: lasted, message, ...more })
  return {
    entries: [
      entry(47 * minute, 'live', null, '', {
        pod: 'checkout-7d9c5b8f6d-x2x8k',
        bytesIn: 48_210_000,
        bytesOut: 2_140_000,
      }),
      entry(
        47 * minute + 1400,
        'recovering',
        1400,
        'The pod checkout-68b4c77f9c-9zzkq is gone or going; another one takes its place.',
        {
          causeCode: 'pod-replaced',
          connectionsLost: 1,
        },
      ),
      entry(5 * hour, 'live', 4 * hour + 13 * minute - 1400, '', {
        pod: 'checkout-68b4c77f9c-9zzkq',
        bytesIn: 9_100_000,
        bytesOut: 400_000,
      }),
      entry(
        5 * hour + 8 * minute,
        'holding',
        8 * minute,
        'The pod checkout-68b4c77f9c-9zzkq cannot start: its image cannot be pulled (ImagePullBackOff).',
        {
          causeCode: 'no-ready-pod',
        },
      ),
      entry(14 * hour, 'live', 9 * hour - 8 * minute, '', { pod: 'checkout-68b4c77f9c-2pl5t' }),
      entry(20 * hour, 'off', 6 * hour),
    ],
    uptime: 0.99012,
    windowMs: day,
    reconnects: 2,
    recovery: { medianMs: 1400, worstMs: 8 * minute, count: 2 },
  }
}

/** Clients: one open, one whose pod goes, one that waits. */
export const checkoutConnections = (): ConnectionRow[] => [
  {
    id: '1',
    portId: crypto.randomUUID(),
    local: 8080,
    peer: '127.0.0.1:51022',
    process: 'firefox',
    pid: 2204,
    pod: 'checkout-7d9c5b8f6d-x2x8k',
    state: 'open',
    bytesIn: 41_200_000,
    bytesOut: 910_000,
    openedAt: sampleNow - 40 * minute,
  },
  {
    id: '2',
    portId: crypto.randomUUID(),
    local: 8080,
    peer: '127.0.0.1:51088',
    process: 'curl',
    pid: 9921,
    pod: 'checkout-7d9c5b8f6d-x2x8k',
    state: 'draining',
    bytesIn: 7_010_000,
    bytesOut: 1200,
    openedAt: sampleNow - 50 * second,
  },
  {
    id: '3',
    portId: crypto.randomUUID(),
    local: 9090,
    peer: '127.0.0.1:51090',
    process: null,
    pid: null,
    pod: null,
    state: 'parked',
    bytesIn: 0,
    bytesOut: 0,
    openedAt: sampleNow - 3 * second,
  },
]

/** What its kubectl said. */
export const checkoutOutput = (): OutputLine[] => [
  {
    seq: 1,
    at: sampleNow - 47 * minute,
    stream: 'note',
    text: 'starting kubectl for pod checkout-7d9c5b8f6d-x2x8k',
    pid: null,
  },
  {
    seq: 2,
    at: sampleNow - 47 * minute + 400,
    stream: 'stdout',
    text: 'Forwarding from 127.0.0.1:45563 -> 8080',
    pid: 5120,
  },
  { seq: 3, at: sampleNow - 12 * minute, stream: 'stdout', text: 'Handling connection for 45563', pid: 5120 },
  {
    seq: 4,
    at: sampleNow - minute,
    stream: 'stderr',
    text: 'E1121 09:41:07.020137 5120 portforward.go:404] "Unhandled Error" err="error copying from local connection to remote stream: read tcp4 127.0.0.1:45563->127.0.0.1:51022: read: connection reset by peer"',
    pid: 5120,
  },
]
