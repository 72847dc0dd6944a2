import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { LookLoop } from './look-loop.ts'

/** Promises that are settled, and what follows them. */
const microtasks = async (): Promise<void> => {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}

/** A loop whose looks act, or ask to be woken at a time, as told. */
function looking({ acts, wakeAfter }: { acts: boolean; wakeAfter: number | null }) {
  const clock = new FakeClock()
  const looks: number[] = []
  const loop = new LookLoop({
    clock,
    look: () => {
      const now = clock.monotonic()
      looks.push(now)
      loop.looked({ acted: acts, wakeAt: wakeAfter === null ? null : now + wakeAfter, now })
    },
  })
  return { clock, loop, looks }
}

describe('the looks of a forward', () => {
  it('are one for many changes at once', async () => {
    const { loop, looks } = looking({ acts: false, wakeAfter: null })
    for (let change = 0; change < 5; change++) loop.wake()
    expect(looks).toHaveLength(0)
    await microtasks()
    expect(looks).toHaveLength(1)
  })

  it('come back at the time that was named, once', async () => {
    const { clock, loop, looks } = looking({ acts: false, wakeAfter: 5_000 })
    loop.wake()
    await microtasks()
    clock.advance(4_999)
    await microtasks()
    expect(looks).toHaveLength(1)
    clock.advance(1)
    await microtasks()
    expect(looks).toHaveLength(2)
    expect(clock.pending).toBe(1)
  })

  it('follow what was done at once, and let the rest of the app go on after twenty', async () => {
    const { clock, loop, looks } = looking({ acts: true, wakeAfter: null })
    loop.wake()
    await microtasks()
    expect(looks).toHaveLength(21)
    clock.advance(20)
    await microtasks()
    expect(looks).toHaveLength(42)
  })

  it('are over when it is closed', async () => {
    const { clock, loop, looks } = looking({ acts: false, wakeAfter: 10 })
    loop.wake()
    await microtasks()
    loop.close()
    loop.wake()
    clock.advance(1_000)
    await microtasks()
    expect(looks).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })
})
