import { describe, expect, it } from 'vitest'
import { actionsOf, aPod, aView, liveWorld, ReconcilerWorld } from './reconciler-world.testing.ts'

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

describe('new credentials', () => {
  it('move the tunnel over while the forward stays live', () => {
    const world = liveWorld()
    const states = new Set<string>()
    world.observe = ({ state }) => states.add(state)
    const old = world.port(0).current!.key
    world.credentials = { ...world.credentials, state: 'none', epoch: 1 }
    world.hints += 1
    world.settle()
    world.obtain()
    world.settle()
    expect(world.port(0)).toMatchObject({ current: { key: old }, next: { epoch: 1 } })
    world.pass(2_000, () => world.succeed())
    expect(world.port(0)).toMatchObject({ current: { epoch: 1 }, next: null })
    expect([...states]).toEqual(['live'])
  })

  it('that do not work leave the old tunnel where it is', () => {
    const world = liveWorld()
    world.credentials = { ...world.credentials, state: 'none', epoch: 1 }
    world.settle()
    world.refuseCredentials('credentials-expired')
    world.pass(20_000, () => world.flow(0))
    expect(world.settle().state).toBe('live')
  })

  it('are obtained before the old ones end', () => {
    const world = liveWorld()
    world.credentials = { ...world.credentials, expiresAt: world.now + 60_000 }
    world.settle()
    world.done.length = 0
    world.pass(16_000, () => world.flow(0))
    expect(actionsOf(world)).toContain('resolve-credentials')
  })
})
