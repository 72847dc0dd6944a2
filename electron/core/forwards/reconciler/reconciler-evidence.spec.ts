import { describe, expect, it } from 'vitest'
import { failureOf } from '../evidence.ts'
import { actionsOf, liveWorld, portIds } from './reconciler-world.testing.ts'

const [first] = portIds

describe('evidence', () => {
  it('goes stale after one probe interval and 3 s; then another tunnel is made beside the silent one', () => {
    const world = liveWorld()
    world.pass(6_000)
    expect(world.settle().state).toBe('live')
    world.pass(2_500)
    expect(world.settle()).toMatchObject({ state: 'recovering', failure: { code: 'tunnel-stalled' } })
    expect(actionsOf(world)).toContain('open-tunnel')
    expect(world.port(0).current).not.toBeNull()
    world.setTunnel(0, 'next', { state: 'ready', since: world.now })
    expect(world.settle().failure?.code).toBe('tunnel-stalled')
    expect(world.port(0).next).toBeNull()
    world.answerProbe(0, 'current', 'live')
    expect(world.settle().state).toBe('live')
  })

  it('is as good from traffic as from a probe', () => {
    const world = liveWorld()
    world.pass(60_000, () => world.flow(0))
    expect(world.settle().state).toBe('live')
    expect(actionsOf(world)).toEqual([])
  })

  it('that cannot be asked for is missed by its reason, and the clients stay where they are', () => {
    const world = liveWorld()
    const hindrance = failureOf('limit-reached', 'unchecked')
    const cannotAsk = (): void => world.answerProbe(0, 'current', { hindrance })
    world.pass(5_000, cannotAsk)
    expect(world.settle().state).toBe('live')
    world.pass(60_000, cannotAsk)
    const hindered = world.settle()
    expect(hindered).toMatchObject({ state: 'recovering', failure: hindrance })
    expect(hindered.routes.get(first)).toMatchObject({ kind: 'tunnel' })
    expect(new Set(actionsOf(world))).toEqual(new Set(['probe']))
    // Once it can be asked again, it has the usual time to answer.
    world.pass(2_000, () => world.answerProbe(0, 'current', 'inconclusive'))
    expect(world.settle().routes.get(first)).toMatchObject({ kind: 'tunnel' })
    world.pass(8_000, () => world.answerProbe(0, 'current', 'inconclusive'))
    expect(world.settle().failure?.code).toBe('tunnel-stalled')
    world.pass(2_000, () => world.answerProbe(0, 'current', 'live'))
    expect(world.settle().state).toBe('live')
  })

  it('gets old at its time also where it could not be asked for meanwhile', () => {
    const world = liveWorld()
    const evidenceAt = world.port(0).current?.evidenceAt ?? 0
    world.pass(3_000)
    world.answerProbe(0, 'current', { hindrance: failureOf('limit-reached', 'unchecked') })
    world.pass(1_500)
    expect(world.port(0).current?.probe.running).toBe(true)
    expect(world.settle()).toMatchObject({ state: 'live', wakeAt: evidenceAt + 8_001 })
  })

  it('from before a sleep is doubted, and asked for again at once', () => {
    const world = liveWorld()
    world.pass(100)
    world.doubtedBefore = world.now
    world.hints += 1
    expect(world.settle()).toMatchObject({ state: 'recovering', failure: { code: 'connecting', detail: 'wake' } })
    expect(actionsOf(world)).toEqual(['probe'])
    world.pass(1_000)
    world.answerProbe(0, 'current', 'live')
    expect(world.settle().state).toBe('live')
  })

  it('that is doubted right after a probe is asked for again at once', () => {
    const world = liveWorld()
    // Live a moment ago: the probe that said so has just ended.
    world.pass(6_000, () => world.succeed())
    world.pass(5_000)
    world.answerProbe(0, 'current', 'live')
    world.settle()
    world.now += 1
    world.hints += 1
    world.doubtedBefore = world.now
    world.done.length = 0
    expect(world.settle()).toMatchObject({ state: 'recovering', failure: { code: 'connecting', detail: 'wake' } })
    expect(actionsOf(world)).toEqual(['probe'])
  })

  it('of a silent tunnel that answers again makes a replacement needless', () => {
    const world = liveWorld()
    world.pass(5_000)
    world.answerProbe(0, 'current', 'stalled')
    world.settle()
    expect(world.port(0).next).not.toBeNull()
    world.pass(1_500)
    world.answerProbe(0, 'current', 'live')
    expect(world.settle().state).toBe('live')
    expect(world.port(0).next).toBeNull()
  })

  it('that none of its replacements gives either is tried for with growing waits', () => {
    const world = liveWorld()
    const readyAfterMs = 1_000
    const silentAfterMs = 2_000
    const asked = new Map<number, number>()
    world.pass(120_000, () => {
      for (const slot of ['current', 'next'] as const) {
        const tunnel = world.port(0)[slot]
        if (tunnel === null) continue
        if (tunnel.state === 'opening' && world.now - tunnel.since >= readyAfterMs)
          world.setTunnel(0, slot, { state: 'ready', since: world.now })
        if (!tunnel.probe.running) asked.delete(tunnel.key)
        else if (!asked.has(tunnel.key)) asked.set(tunnel.key, world.now)
        else if (world.now - (asked.get(tunnel.key) ?? 0) >= silentAfterMs) world.answerProbe(0, slot, 'stalled')
      }
    })
    const opened = world.done.filter(({ action }) => action.kind === 'open-tunnel')
    expect(world.decision?.failure?.code).toBe('tunnel-stalled')
    expect(opened.length, '38 without waits').toBeLessThanOrEqual(20)
  })
})
