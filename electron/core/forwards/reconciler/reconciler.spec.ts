import { describe, expect, it } from 'vitest'
import { failureOf } from '../evidence.ts'
import {
  actionsOf,
  aPod,
  anApiFailure,
  aView,
  liveWorld,
  portIds,
  ReconcilerWorld,
} from './reconciler-world.testing.ts'

const [first, second] = portIds

describe('starting', () => {
  it('binds the local ports and asks for credentials before anything else', () => {
    const world = new ReconcilerWorld()
    const decision = world.settle()
    expect(actionsOf(world)).toEqual(['bind', 'bind', 'resolve-credentials'])
    expect(decision).toMatchObject({ state: 'starting', failure: { code: 'connecting' } })
    expect(decision.routes.get(first)).toEqual({ kind: 'park', seconds: 30 })
  })

  it('watches the pods, opens a tunnel to one, gives it clients at once, and is live when a probe proves it', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.succeed()
    world.settle()
    world.succeed()
    world.settle()
    expect(actionsOf(world).slice(3)).toEqual(['watch', 'open-tunnel', 'open-tunnel'])
    world.succeed()
    const ready = world.settle()
    expect(actionsOf(world)).toEqual(['probe', 'probe'])
    expect(ready.state).toBe('starting')
    expect(ready.routes.get(first)).toMatchObject({ kind: 'tunnel' })
    world.succeed()
    expect(world.settle()).toMatchObject({
      state: 'live',
      failure: null,
      resolvedBy: 'endpoint-slices',
      watching: true,
    })
  })

  it('says that it is queued while it waits for its own turn, however long, and not while others do', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.succeed()
    world.settle()
    world.succeed()
    world.queue(true)
    expect(world.settle().failure?.code).toBe('queued')
    world.pass(120_000)
    expect(world.settle().failure?.code).toBe('queued')
    // Its turn has come; others wait still.
    for (const index of [0, 1]) world.setTunnel(index, 'current', { queued: false, since: world.now })
    expect(world.settle().failure?.code).toBe('connecting')
  })

  it('lets kubectl find the pod when nobody answers to the watch', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.obtain()
    world.pass(4_100)
    const opened = world.done.find(({ action }) => action.kind === 'open-tunnel')
    expect(opened?.action).toMatchObject({ target: { kind: 'reference', reference: 'svc/web' }, remote: 80 })
    expect(world.settle()).toMatchObject({ resolvedBy: 'kubectl', watching: false })
  })
})

describe('a lost tunnel', () => {
  it('is opened again after a short wait while clients are parked', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('tunnel-lost', 'killed'))
    const lost = world.settle()
    expect(lost).toMatchObject({ state: 'recovering', failure: { code: 'tunnel-lost' } })
    expect(lost.nextAttemptAt! - world.now).toBeGreaterThanOrEqual(250)
    expect(lost.nextAttemptAt! - world.now).toBeLessThanOrEqual(500)
    expect(lost.routes.get(first)?.kind).toBe('park')
    world.pass(600, () => world.succeed())
    world.pass(100, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })

  it('waits longer and longer, at most 15 s, and starts afresh at a hint', () => {
    const world = liveWorld()
    const waits: number[] = []
    for (let attempt = 0; attempt < 12; attempt++) {
      world.lose(0, 'current', failureOf('kubectl-failed'))
      const { nextAttemptAt } = world.settle()
      waits.push(nextAttemptAt! - world.now)
      world.pass(waits.at(-1)!)
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000)
    expect(waits.at(-1)).toBeGreaterThan(7_000)
    world.lose(0, 'current', failureOf('kubectl-failed'))
    world.settle()
    world.hints += 1
    const hinted = world.settle()
    expect(hinted.nextAttemptAt! - world.now).toBeLessThanOrEqual(250)
  })

  it('whose successor was begun while the way was closed gets another one when it is open again, once', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('tunnel-lost'))
    world.pass(1_000)
    const begunBefore = world.port(0).current
    expect(begunBefore?.state).toBe('opening')
    world.pass(5_000)
    world.hints += 1
    world.openAgainAt = world.now
    world.pass(1_900)
    expect(world.port(0).current?.key, 'its answer may be on its way').toBe(begunBefore?.key)
    world.pass(200)
    const begunAfter = world.port(0).current
    expect(begunAfter).toMatchObject({ state: 'opening' })
    expect(begunAfter?.key).not.toBe(begunBefore?.key)
    world.pass(10_000)
    expect(world.port(0).current?.key).toBe(begunAfter?.key)
  })

  it('names the pod as the reason when the watch knows that it went', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('tunnel-lost'))
    world.see(aView([aPod('web-2')]))
    expect(world.settle().failure?.code).toBe('pod-replaced')
    const opened = world.done.find(({ action }) => action.kind === 'open-tunnel')
    expect(opened?.action).toMatchObject({ target: { name: 'web-2' } })
  })

  it('names the API server as the reason when it does not answer', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1')], { failure: anApiFailure() }))
    expect(world.settle().state).toBe('live')
    world.lose(0, 'current', failureOf('tunnel-lost'))
    expect(world.settle()).toMatchObject({
      state: 'recovering',
      failure: { code: 'cluster-unreachable', detail: 'refused' },
    })
  })

  it('names what a look at the cluster found, where the watch has not noticed yet', () => {
    const world = liveWorld()
    world.cluster = failureOf('cluster-unreachable', 'timeout')
    expect(world.settle().state, 'evidence of its own counts').toBe('live')
    world.pass(8_001)
    expect(world.settle().failure).toMatchObject({ code: 'cluster-unreachable', detail: 'timeout' })
    world.cluster = null
    expect(world.settle().failure?.code).toBe('tunnel-stalled')
    world.lose(0, 'current', failureOf('container-not-listening'))
    world.cluster = failureOf('cluster-unreachable', 'timeout')
    expect(world.settle().failure?.code, 'what is known better').toBe('container-not-listening')
  })

  it('keeps clients back from a port that refused, until it is proven', () => {
    const world = liveWorld()
    world.pass(5_000)
    world.answerProbe(0, 'current', failureOf('container-not-listening'))
    world.pass(500)
    world.setTunnel(0, 'current', { state: 'ready', since: world.now })
    const ready = world.settle()
    expect(ready.routes.get(first)?.kind).toBe('park')
    expect(ready.failure?.code).toBe('container-not-listening')
    world.answerProbe(0, 'current', 'live')
    const proven = world.settle()
    expect(proven.state).toBe('live')
    expect(proven.routes.get(first)?.kind).toBe('tunnel')
  })
})

describe('what only a person can mend', () => {
  it('a taken local port holds the forward, not its other ports', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.port(1).listener = { state: 'failed', attempt: 1, failure: failureOf('local-port-taken') }
    world.pass(1_500, () => {
      if (world.port(1).listener.state === 'binding')
        world.port(1).listener = {
          state: 'failed',
          attempt: world.port(1).listener.attempt,
          failure: failureOf('local-port-taken'),
        }
      world.succeed()
    })
    const held = world.settle()
    expect(held).toMatchObject({ state: 'holding', portId: second, failure: { code: 'local-port-taken' } })
    expect(held.routes.get(first)?.kind).toBe('tunnel')
    world.pass(3_000, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })

  it('a taken local port stays the reason while it is tried again, and until it is bound', () => {
    const world = new ReconcilerWorld()
    world.desired = { ...world.desired, ports: [{ id: first, remote: 80 }] }
    world.ports = world.ports.slice(0, 1)
    const told = new Set<string>()
    world.observe = ({ state, failure }) => told.add(`${state} ${failure?.code} ${failure?.detail}`)
    const refuse = (detail: string | null): void => {
      const { listener } = world.port(0)
      world.port(0).listener = { ...listener, state: 'failed', failure: failureOf('local-port-taken', detail) }
    }
    world.settle()
    told.clear()
    refuse(null)
    world.settle()
    expect([...told]).toEqual(['holding local-port-taken null'])
    told.clear()
    refuse('4711 nginx')
    world.pass(10_000, () => {
      if (world.port(0).listener.state === 'binding') refuse('4711 nginx')
      else world.succeed()
    })
    expect(world.port(0).listener.attempt).toBeGreaterThan(4)
    expect([...told]).toEqual(['holding local-port-taken 4711 nginx'])
    told.clear()
    world.pass(3_000, () => world.succeed())
    expect([...told]).toEqual(['holding local-port-taken 4711 nginx', 'live undefined undefined'])
  })

  it('a missing right closes clients and is tried every 15 s', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('forbidden'))
    const held = world.settle()
    expect(held.state).toBe('holding')
    expect(held.routes.get(first)).toEqual({ kind: 'close', afterMs: 1_000 })
    expect(held.nextAttemptAt! - world.now).toBe(15_000)
  })

  it('a missing target is looked for again every 15 s, although the watch would tell', () => {
    const world = liveWorld()
    world.see(aView([], { targetExists: false }))
    expect(world.settle()).toMatchObject({ state: 'holding', failure: { code: 'target-missing' } })
    world.done.length = 0
    world.pass(31_000)
    expect(actionsOf(world).filter((kind) => kind === 'look-again')).toHaveLength(2)
  })

  it('refused credentials of the tunnel to the next pod are obtained fresh too, while the last one was heard of lately', () => {
    const world = liveWorld()
    world.see(aView([aPod('web-1', { usable: false }), aPod('web-2')]))
    world.settle()
    world.lose(0, 'next', failureOf('credentials-rejected'))
    world.settle()
    expect(world.done.map(({ action }) => action)).toContainEqual({ kind: 'resolve-credentials', fresh: true })
    world.pass(2_000, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })

  it('a kubectl that says nothing gives way to what the API server says, and else means that there was no answer', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('api-unavailable', 'kubectl-silent'))
    expect(world.settle()).toMatchObject({ failure: { code: 'api-unavailable', detail: 'kubectl-silent' } })
    world.see(aView([aPod('web-1')], { failure: anApiFailure({ class: 'unreachable', detail: 'timeout' }) }))
    expect(world.settle()).toMatchObject({ failure: { code: 'cluster-unreachable', detail: 'timeout' } })
  })

  it('refused credentials are obtained fresh once; then it waits for a hint', () => {
    const world = liveWorld()
    world.lose(0, 'current', failureOf('credentials-rejected'))
    world.settle()
    expect(world.done.at(-1)?.action).toEqual({ kind: 'resolve-credentials', fresh: true })
    world.obtain()
    world.settle()
    expect(world.port(0).current?.state).toBe('opening')
    world.lose(0, 'current', failureOf('credentials-rejected'))
    world.settle()
    world.done.length = 0
    world.pass(120_000)
    expect(world.settle()).toMatchObject({ state: 'holding', nextAttemptAt: null })
    expect(actionsOf(world)).toEqual([])
    world.hints += 1
    world.settle()
    expect(world.done.at(-1)?.action).toEqual({ kind: 'resolve-credentials', fresh: true })
  })

  it('a command that failed runs again at once for a person, and for what the system notices at most once a minute', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.refuseCredentials('credentials-command-failed')
    expect(world.settle()).toMatchObject({ state: 'holding', nextAttemptAt: null })
    world.done.length = 0
    world.hintedBy = 'system'
    for (let count = 0; count < 5; count += 1) {
      world.hints += 1
      world.pass(10_000)
    }
    expect(actionsOf(world)).toEqual([])
    world.pass(10_000)
    expect(actionsOf(world)).toEqual(['resolve-credentials'])
    world.refuseCredentials('credentials-command-failed')
    world.pass(1_000)
    world.done.length = 0
    world.hintedBy = 'person'
    world.hints += 1
    world.settle()
    expect(actionsOf(world)).toEqual(['resolve-credentials'])
  })

  it('a command that is not installed is looked for every 15 s: that runs nothing', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.refuseCredentials('credentials-command-missing')
    expect(world.settle()).toMatchObject({ state: 'holding', failure: { code: 'credentials-command-missing' } })
    world.done.length = 0
    world.pass(15_000)
    expect(actionsOf(world)).toEqual(['resolve-credentials'])
    world.pass(3_000, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })

  it('a locked vault is not asked again by a timer; unlocking is a hint', () => {
    const world = new ReconcilerWorld()
    world.settle()
    world.refuseCredentials('vault-locked')
    expect(world.settle()).toMatchObject({ state: 'holding', failure: { code: 'vault-locked' } })
    world.done.length = 0
    world.pass(60_000)
    expect(actionsOf(world)).not.toContain('resolve-credentials')
    world.hints += 1
    world.pass(3_000, () => world.succeed())
    expect(world.settle().state).toBe('live')
  })
})

describe('stopping', () => {
  it('ends tunnels, frees the ports, and then is off', () => {
    const world = liveWorld()
    world.desired = { ...world.desired, on: false }
    expect(world.settle()).toMatchObject({ state: 'stopping', failure: { code: 'stopping' } })
    expect(actionsOf(world)).toEqual(['drop-tunnel', 'unbind', 'unwatch'])
    world.succeed()
    expect(world.settle()).toMatchObject({ state: 'off', failure: null })
  })
})
