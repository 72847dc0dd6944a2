import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { failureOf } from './evidence.ts'
import { blankMemory, type Decision } from './reconciler/reconcile-types.ts'
import { ShownState } from './shown-state.ts'

const names = { target: 'service web', namespace: 'shop', cluster: 'dev', pod: null, port: 'port 80', local: '' }
const lost: Decision = {
  state: 'recovering',
  failure: failureOf('tunnel-lost'),
  portId: null,
  nextAttemptAt: null,
  attempt: 1,
  actions: [],
  routes: new Map(),
  wakeAt: null,
  resolvedBy: null,
  watching: false,
  memory: blankMemory,
}

describe('what is shown of a forward', () => {
  it('is told before it is written down, so that nobody waits for the disk', () => {
    const order: string[] = []
    const shown: ShownState = new ShownState({
      clock: new FakeClock(),
      changed: () => order.push(`told: ${shown.state}`),
      entered: ({ state }) => order.push(`written: ${state}`),
    })
    shown.show(lost, names, { open: 0, parked: 0, bytesIn: 0, bytesOut: 0 })
    expect(order).toEqual(['told: recovering', 'written: recovering'])
  })
})
