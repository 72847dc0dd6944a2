import { describe, expect, it } from 'vitest'
import type { Client } from '../../../contract/client.ts'
import { sampleForward } from '../testing/samples.ts'
import { createRemovals, type PageEvents, undoMs } from './removals.ts'

function setUp() {
  const calls: string[] = []
  const call =
    (name: string) =>
    ({ id }: { id: string }) => {
      calls.push(`${name} ${id.slice(0, 1)}`)
      return Promise.resolve({ ok: true as const, value: {} })
    }
  const client = { forwards: { remove: call('remove'), stop: call('stop'), start: call('start') } } as unknown as Client
  let timers: { at: number; run: () => void }[] = []
  let now = 0
  let hide = (): void => undefined
  const page: PageEvents = {
    now: () => now,
    after: (ms: number, run: () => void) => {
      const timer = { at: now + ms, run }
      timers.push(timer)
      return () => (timers = timers.filter((each) => each !== timer))
    },
    onHide: (run) => {
      hide = run
      return () => undefined
    },
  }
  const pass = (ms: number) => {
    now += ms
    for (const timer of timers.filter(({ at }) => at <= now)) timer.run()
  }
  return { calls, removals: createRemovals(client, () => undefined, page), pass, hide: () => hide() }
}

const on = sampleForward({ id: 'a', desired: 'on' })
const off = sampleForward({ id: 'b', desired: 'off' })

describe('removing forwards', () => {
  it('turns them off at once and removes them when the time for undo is over', () => {
    const { calls, removals, pass } = setUp()
    removals.remove([on, off])
    expect(calls).toEqual(['stop a'])
    pass(undoMs)
    expect(calls).toEqual(['stop a', 'remove a', 'remove b'])
  })

  it('is undone with what was wanted before', () => {
    const { calls, removals, pass } = setUp()
    removals.remove([on, off])
    removals.undo(['a', 'b'])
    pass(undoMs * 2)
    expect(calls).toEqual(['stop a', 'start a'])
    expect(removals.pending.getState().forwards.size).toBe(0)
  })

  it('does not wait for undo when the page closes', () => {
    const { calls, removals, hide } = setUp()
    removals.remove([off])
    hide()
    expect(calls).toEqual(['remove b'])
  })
})
