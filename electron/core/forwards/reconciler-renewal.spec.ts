import { describe, expect, it } from 'vitest'
import { aView, aPod, ReconcilerWorld } from './reconciler-world.testing.ts'

/** Plays a source of credentials of which each lives so long and counts until a fifth of its life is left. */
function liveOn(lifeMs: number, forMs: number): { world: ReconcilerWorld; endedMs: number; obtained: number } {
  const world = new ReconcilerWorld()
  let endsAt = -Infinity
  let obtained = 0
  let endedMs = 0
  let before = world.now
  const play = (): void => {
    if (world.credentials.state === 'resolving') {
      if (world.now >= endsAt - lifeMs / 5) {
        endsAt = world.now + lifeMs
        obtained += 1
      }
      world.obtain(endsAt)
    }
    world.succeed()
    if (world.watch.state === 'seen') world.see(aView([aPod('web-1')]))
    if (world.decision?.state === 'live' && world.now >= endsAt) endedMs += world.now - before
    before = world.now
  }
  world.pass(forMs, play)
  return { world, endedMs, obtained }
}

describe('credentials that live', () => {
  it.each([15, 20, 31, 45, 60, 100, 300, 900])(
    '%d s are renewed before they end, and not much more often',
    (seconds) => {
      const { endedMs, obtained, world } = liveOn(seconds * 1000, 3_600_000)
      expect(world.decision?.state).toBe('live')
      expect(endedMs).toBe(0)
      expect(obtained).toBeLessThanOrEqual(3600 / (seconds * 0.75) + 2)
    },
  )

  it('not a second are asked for every 15 s, not in a loop', () => {
    const { obtained } = liveOn(-1000, 600_000)
    expect(obtained).toBeGreaterThan(30)
    expect(obtained).toBeLessThanOrEqual(42)
  })
})
