import { describe, expect, it } from 'vitest'
import { failureOf } from '../evidence.ts'
import { aPod, anApiFailure, aView, liveWorld, portIds, type ReconcilerWorld } from './reconciler-world.testing.ts'

const [first] = portIds

describe('pods', () => {
  it('that refuse while they go are no reason to doubt the one that follows', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    world.settle()
    world.lose(0, 'current', { ...failureOf('container-not-listening'), pod: 'web-1' })
    expect(world.settle()).toMatchObject({ failure: { code: 'pod-replaced', pod: 'web-1' }, attempt: 0 })
    world.setTunnel(0, 'current', { state: 'ready', since: world.now })
    expect(world.settle().routes.get(first)?.kind).toBe('tunnel')
  })

  it('that refuse before they are known to go neither', () => {
    const world = liveWorld()
    world.lose(0, 'current', { ...failureOf('container-not-listening'), pod: 'web-1' })
    expect(world.settle().failure).toMatchObject({ code: 'container-not-listening', pod: 'web-1' })
    world.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    expect(world.settle().failure).toMatchObject({ code: 'pod-replaced', pod: 'web-1' })
    expect(world.port(0).current?.target).toMatchObject({ name: 'web-2' })
  })

  it('that go are left for ready ones before they are gone', () => {
    const world = liveWorld()
    const old = world.port(0).current!.key
    world.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    expect(world.settle().routes.get(first)?.kind).toBe('park')
    expect(world.port(0)).toMatchObject({ current: { key: old }, next: { target: { name: 'web-2' } } })
    world.setTunnel(0, 'next', { state: 'ready', since: world.now })
    expect(world.settle().routes.get(first)?.kind).toBe('tunnel')
    expect(world.port(0)).toMatchObject({ current: { target: { name: 'web-2' } }, next: null })
  })

  it('that start are waited for patiently; after half a minute it is held up', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'ContainerCreating' })]))
    expect(world.settle()).toMatchObject({ state: 'recovering', failure: { code: 'no-ready-pod' } })
    world.pass(31_000)
    expect(world.settle().state).toBe('holding')
  })

  it('that crash hold it up at once, with their own reason', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'CrashLoopBackOff' })]))
    const held = world.settle()
    expect(held).toMatchObject({ state: 'holding', failure: { code: 'no-ready-pod', detail: 'CrashLoopBackOff' } })
    expect(held.routes.get(first)?.kind).toBe('park')
    expect(held.nextAttemptAt! - world.now).toBeLessThanOrEqual(15_000)
  })

  it('that crash again and again have one state and one reason all the while, and serve while they are up', () => {
    const world = liveWorld()
    const told: string[] = []
    world.observe = ({ state, failure }) => {
      const words = `${state} ${failure?.code ?? ''} ${failure?.detail ?? ''}`.trim()
      if (told.at(-1) !== words) told.push(words)
    }
    const crashed = (reason: string, restarts: number): void =>
      world.see(aView([aPod('web-1', { usable: false, reason, restarts })]))
    crashed('Error', 0)
    world.settle()
    crashed('CrashLoopBackOff', 0)
    world.settle()
    const reason = 'holding no-ready-pod CrashLoopBackOff'
    expect(told).toEqual(['holding no-ready-pod Error', reason])
    for (const restarts of [1, 2, 3]) {
      world.pass(5_000)
      world.see(aView([aPod('web-1', { restarts })]))
      world.pass(3_000, () => world.succeed())
      expect(world.settle().routes.get(first)?.kind).toBe('tunnel')
      world.lose(0, 'current', failureOf('container-not-listening'))
      world.settle()
      crashed('Error', restarts)
      world.settle()
      crashed('CrashLoopBackOff', restarts)
      world.settle()
    }
    expect(told.slice(2)).toEqual([])
    world.see(aView([aPod('web-1', { restarts: 4 })]))
    world.pass(9_000, () => world.succeed())
    expect(told.slice(2)).toEqual([])
    world.pass(2_000, () => world.succeed())
    expect(told.slice(2)).toEqual(['live'])
  })

  it('that crashed again and again and that nobody sees any more are believed when they have answered for long enough', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'CrashLoopBackOff' })]))
    world.settle()
    world.see(aView([aPod('web-1', { restarts: 1 })], { failure: anApiFailure() }))
    world.pass(9_000, () => world.succeed())
    expect(world.settle()).toMatchObject({ state: 'holding', failure: { detail: 'CrashLoopBackOff' } })
    world.pass(7_000, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })

  it('that crash again and again stay the reason while the tunnels lead to them and nobody watches any more', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'CrashLoopBackOff' })]))
    world.settle()
    world.see(aView([aPod('web-1', { restarts: 1 })]))
    world.pass(3_000, () => world.succeed())
    world.unwatch()
    for (let step = 0; step < 40; step += 1) {
      for (const index of [0, 1]) world.flow(index)
      world.pass(100)
    }
    expect(world.settle()).toMatchObject({ state: 'holding', watching: false, failure: { detail: 'CrashLoopBackOff' } })
  })

  it('that crash again and again are not blamed for a cluster that cannot be reached', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'CrashLoopBackOff' })]))
    world.settle()
    world.see(aView([aPod('web-1', { restarts: 1 })]))
    for (const index of [0, 1]) world.lose(index, 'current', failureOf('cluster-unreachable'))
    expect(world.settle()).toMatchObject({ state: 'recovering', failure: { code: 'cluster-unreachable' } })
  })

  it('that crash again and again are left for one that does not', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false, reason: 'CrashLoopBackOff' })]))
    world.settle()
    world.see(aView([aPod('web-1', { restarts: 1 }), aPod('web-2')]))
    world.pass(2_000, () => world.succeed())
    expect(world.settle()).toMatchObject({ state: 'live', memory: { pod: { name: 'web-2' } } })
  })

  it('nobody watches leave a live forward live, and a lost one to kubectl', () => {
    const world = liveWorld()
    world.unwatch()
    world.pass(4_000, () => world.flow(0))
    expect(world.settle()).toMatchObject({ state: 'live', watching: false })
    world.lose(0, 'current', failureOf('tunnel-lost'))
    world.pass(600)
    expect(world.done.at(-1)?.action).toMatchObject({ kind: 'open-tunnel', target: { kind: 'reference' } })
  })

  it('whose container was restarted must prove themselves again', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { restarts: 1 })]))
    expect(world.settle().state).toBe('recovering')
    world.succeed()
    expect(world.settle().state).toBe('live')
  })
})

describe('clients that may wait for a pod that is gone', () => {
  /** When it was asked beside whom, and of which tunnel. */
  const asked = (world: ReconcilerWorld): [number, number, string][] =>
    world.done
      .splice(0)
      .flatMap(({ action, at }) => (action.kind === 'probe-beside' ? [[at, action.key, action.who]] : []))
  /** The pod in use goes, and another one takes its place; answers the key of the tunnel that was left. */
  const moveOn = (world: ReconcilerWorld): number => {
    const old = world.port(0).current!.key
    world.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    world.settle()
    world.setTunnel(0, 'next', { state: 'ready', since: world.now })
    world.settle()
    expect(world.port(0).draining).toMatchObject([{ key: old, target: { name: 'web-1' } }])
    world.done.length = 0
    return old
  }
  const live = (world: ReconcilerWorld) => (): void => world.answerProbe(0, 'current', 'live')

  it('are left alone while it is there, and asked beside again and again once it is not', () => {
    const world = liveWorld()
    const old = moveOn(world)
    world.pass(60_000, live(world))
    expect(asked(world)).toEqual([])
    const goneAt = world.now
    world.see(aView([aPod('web-2')]))
    world.pass(12_000, live(world))
    expect(asked(world)).toEqual([0, 5_000, 10_000].map((after) => [goneAt + after, old, 'all']))
    world.port(0).draining = []
    world.pass(25_000, live(world))
    expect(asked(world)).toEqual([])
  })

  it('are left alone while nobody sees the pods, unless kubectl said that it is gone', () => {
    const world = liveWorld()
    moveOn(world)
    world.see(aView([aPod('web-2')], { failure: anApiFailure() }))
    world.pass(60_000, live(world))
    expect(asked(world)).toEqual([])
    world.port(0).draining = []
    const { key } = world.port(0).current!
    world.lose(0, 'current', failureOf('pod-replaced', 'pod-gone'))
    world.settle()
    expect(asked(world)).toEqual([[world.now, key, 'all']])
  })

  it('are asked beside where kubectl chose the pod, unless one is seen to go that may be it', () => {
    const world = liveWorld()
    world.unwatch()
    world.pass(3_000, live(world))
    world.lose(0, 'current', failureOf('tunnel-lost'))
    world.pass(1_000, () => {
      if (world.port(0).current?.state === 'opening')
        world.setTunnel(0, 'current', { state: 'ready', since: world.now })
    })
    world.port(0).draining = []
    world.done.length = 0
    const { key, target } = world.port(0).current!
    expect(target).toEqual({ kind: 'reference', reference: 'svc/web' })
    world.pass(10_000, live(world))
    expect(asked(world).map(([, one, who]) => [one, who])).toEqual([
      [key, 'strangers'],
      [key, 'strangers'],
    ])
    // A watch is back: the tunnel is left for one to a pod that is known.
    world.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    world.settle()
    world.setTunnel(0, 'next', { state: 'ready', since: world.now })
    world.settle()
    world.answerProbe(0, 'next', 'live')
    world.settle()
    expect(world.port(0).draining).toMatchObject([{ key }])
    world.done.length = 0
    world.pass(25_000, live(world))
    expect(asked(world)).toEqual([])
    world.see(aView([aPod('web-2')]))
    world.pass(4_000, live(world))
    expect(asked(world)).toMatchObject([[expect.anything(), key, 'strangers']])
  })

  it('are never asked beside by a passive forward', () => {
    const world = liveWorld()
    moveOn(world)
    world.desired = { ...world.desired, probe: { mode: 'passive', seconds: 5 } }
    world.see(aView([aPod('web-2')]))
    world.pass(60_000)
    expect(asked(world)).toEqual([])
  })
})
