import type { Result } from '../../../contract/errors.ts'
import type { Clock } from '../clock.ts'
import { reset } from './splice.ts'
import type { ProbeResult, TunnelFailure, TunnelStream } from './tunnel.ts'

/** What a probe needs of the child it goes through. */
export type Probed = {
  readonly stopped: boolean
  openProbe(): Promise<Result<TunnelStream, TunnelFailure>>
  failureWithin(ms: number): Promise<TunnelFailure | null>
}

/** A silent server takes a second: so long the container runtime waits after the probe's end of the stream. */
export const stalledMs = 3_000
/** After an end, kubectl's word about a refusal has arrived already and its exit follows. */
const afterEndMs = 50

/**
 * The half-close probe: connects and ends its side at once. kubectl accepts whatever the pod does, so the connection
 * proves nothing; bytes, or an end that nobody complains about, prove that the pod's port took it. The end comes after
 * 1 s with containerd and whenever the program closes with runtimes that pass the half-close on: its time says nothing.
 */
export async function probe(child: Probed, clock: Clock): Promise<ProbeResult> {
  if (child.stopped) return { kind: 'stalled', ms: 0 }
  const startedAt = clock.monotonic()
  const opened = await child.openProbe()
  if (!opened.ok) {
    const stalled = opened.error.code === 'tunnel-stalled'
    return stalled ? { kind: 'stalled', ms: 0 } : { kind: 'refused', failure: opened.error }
  }
  const stream = opened.value
  const { promise, resolve } = Promise.withResolvers<'bytes' | 'end' | 'silence'>()
  const timer = clock.after(stalledMs, () => resolve('silence'))
  const sawBytes = (): boolean => {
    resolve('bytes')
    return true
  }
  if (stream.receive === undefined) stream.once('data', sawBytes)
  else stream.receive(sawBytes)
  stream.once('end', () => resolve('end'))
  stream.once('error', () => resolve('end'))
  stream.once('close', () => resolve('end'))
  stream.resume()
  stream.end()
  const seen = await promise
  timer.cancel()
  const ms = clock.monotonic() - startedAt
  const failure = await child.failureWithin(seen === 'end' ? afterEndMs : 0)
  reset(stream)
  if (seen === 'bytes') return { kind: 'live', ms }
  if (failure !== null) return { kind: 'refused', failure }
  return seen === 'end' ? { kind: 'live', ms } : { kind: 'stalled', ms }
}
