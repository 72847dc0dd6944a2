import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CauseCode } from '../../../contract/causes.ts'
import { causeOf, policyOf } from './causes.ts'
import { failureOf, type Evidence, type TunnelEvidence } from './evidence.ts'
import { graceMs } from './reconcile-port.ts'
import type { Decision } from './reconcile-types.ts'
import { aPod, anApiFailure, aView, portIds, ReconcilerWorld, waitsForCredentials } from './reconciler-world.testing.ts'

const port = fc.constantFrom(0, 1)
const slot = fc.constantFrom('current' as const, 'next' as const)
const tunnelCodes = fc.constantFrom<CauseCode>(
  'tunnel-lost',
  'pod-replaced',
  'container-not-listening',
  'reset-by-pod',
  'forbidden',
  'credentials-rejected',
  'cluster-unreachable',
  'node-unreachable',
  'kubectl-missing',
  'kubectl-failed',
  'limit-reached',
)
const credentialCodes = fc.constantFrom<CauseCode>(
  'credentials-expired',
  'credentials-command-failed',
  'vault-locked',
  'cluster-unreachable',
)
const pod = fc
  .record({
    name: fc.constantFrom('web-1', 'web-2', 'web-3'),
    usable: fc.boolean(),
    terminating: fc.boolean(),
    madeBy: fc.record({ workload: fc.constant('web'), version: fc.constantFrom('a', 'b') }),
    restarts: fc.nat(2),
    createdAt: fc.nat(3),
  })
  .map((one) => ({ ...one, usable: one.usable && !one.terminating }))
const pods = fc.uniqueArray(pod, { maxLength: 3, selector: ({ name }) => name })

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 1000, 4000, 9000, 40_000) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('succeed' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('bind-fails' as const),
      port,
      code: fc.constantFrom<CauseCode>('local-port-taken', 'local-port-forbidden'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('credentials-fail' as const), code: credentialCodes }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('obtain' as const), life: fc.constantFrom(null, 30_000, 120_000) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lose' as const), port, slot, code: tunnelCodes }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      port,
      slot,
      answer: fc.constantFrom(
        'live' as const,
        'stalled' as const,
        'inconclusive' as const,
        failureOf('container-not-listening'),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flow' as const), port }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('see' as const), pods }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('miss' as const),
      what: fc.constantFrom('namespace' as const, 'target' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('watch-fails' as const),
      class: fc.constantFrom('unreachable' as const, 'unauthorized' as const, 'forbidden' as const, 'server' as const),
      pods,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unwatch' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'look' as const,
        'wake' as const,
        'rotate' as const,
        'restart' as const,
        'toggle' as const,
        'queue' as const,
      ),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function play(world: ReconcilerWorld, one: Step): void {
  switch (one.kind) {
    case 'pass':
      world.pass(one.ms)
      break
    case 'succeed':
      world.succeed()
      break
    case 'bind-fails': {
      const { listener } = world.port(one.port)
      if (listener.state === 'binding')
        world.port(one.port).listener = { ...listener, state: 'failed', failure: failureOf(one.code) }
      break
    }
    case 'credentials-fail':
      if (world.credentials.state === 'resolving') world.refuseCredentials(one.code)
      break
    case 'obtain':
      if (world.credentials.state === 'resolving') world.obtain(one.life === null ? null : world.now + one.life)
      break
    case 'lose':
      world.lose(one.port, one.slot, failureOf(one.code))
      break
    case 'answer':
      world.answerProbe(one.port, one.slot, one.answer)
      break
    case 'flow':
      world.flow(one.port)
      break
    case 'see':
      if (world.watch.state !== 'off') world.see(aView(one.pods.map((pod) => aPod(pod.name, pod))))
      break
    case 'miss':
      if (world.watch.state !== 'off')
        world.see(aView([], { namespaceExists: one.what !== 'namespace', targetExists: false }))
      break
    case 'watch-fails':
      if (world.watch.state !== 'off')
        world.see(
          aView(
            one.pods.map((pod) => aPod(pod.name, pod)),
            { failure: anApiFailure({ class: one.class }) },
          ),
        )
      break
    case 'unwatch':
      world.unwatch()
      break
    case 'look':
      world.hints += 1
      break
    case 'wake':
      world.hints += 1
      world.doubtedBefore = world.now
      world.askedAt = world.now
      break
    case 'rotate':
      world.credentials = { ...world.credentials, state: 'none', epoch: world.credentials.epoch + 1, failure: null }
      world.hints += 1
      break
    case 'restart':
      world.restarts += 1
      world.hints += 1
      break
    case 'toggle':
      world.desired = { ...world.desired, on: !world.desired.on }
      world.hints += 1
      break
    case 'queue':
      world.queueBusy = !world.queueBusy
      break
  }
  world.settle()
}

/** Runs random events and hands every look to the check. */
function always(check: (world: ReconcilerWorld, decision: Decision, evidence: Evidence) => void, runs = 500): void {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), fc.boolean(), (steps, passive, warm) => {
      const world = new ReconcilerWorld()
      if (passive) world.desired = { ...world.desired, probe: { mode: 'passive', seconds: 5 } }
      world.observe = (decision, evidence) => check(world, decision, evidence)
      world.settle()
      if (warm) world.pass(3_000, () => world.succeed())
      for (const one of steps) play(world, one)
    }),
    { numRuns: runs },
  )
}

/** It is ready, nothing refused it, and its pod is not known to be gone. */
function stillWorks({ state, trouble, target }: TunnelEvidence, { watch }: Evidence): boolean {
  if (state !== 'ready' || trouble?.kind === 'refused') return false
  if (watch.state !== 'seen' || watch.view?.failure !== null || target.kind !== 'pod') return true
  return watch.view.pods.some(({ uid }) => uid === target.uid)
}

const context = {
  target: 'service web',
  namespace: 'shop',
  cluster: 'dev',
  pod: null,
  port: 'port 80',
  local: '127.0.0.1:80',
}

describe('whatever happens in whatever order', () => {
  it('is live only while there is fresh evidence for every port', () => {
    let seen = 0
    always(({ now, desired, doubtedBefore }, { state }, { ports }) => {
      if (state !== 'live') return
      seen += 1
      for (const { listener, current } of ports) {
        expect(listener.state).toBe('bound')
        expect(current?.state).toBe('ready')
        expect(current?.trouble).toBeNull()
        if (desired.probe.mode === 'passive') continue
        expect(current?.evidenceAt).toBeGreaterThanOrEqual(now - desired.probe.seconds * 1000 - graceMs)
        expect(current?.evidenceAt).toBeGreaterThanOrEqual(doubtedBefore)
      }
    })
    // The random worlds get there often enough for this to mean something.
    expect(seen).toBeGreaterThan(500)
  })

  it('names a cause with a next step in every state but live and off', () => {
    always((_world, { state, failure }) => {
      if (state === 'live' || state === 'off') {
        expect(failure).toBeNull()
        return
      }
      const cause = causeOf(failure!, context, 0)
      expect(cause.message).toMatch(/\S/)
      expect(cause.next).toMatch(/\S/)
    })
  })

  it('never stops trying while it is wanted, unless the cause is about credentials', () => {
    always((world, decision, { ports, credentials, watch, queueBusy }) => {
      if (!world.desired.on || decision.state === 'live') return
      const isTrying =
        credentials.state === 'resolving' ||
        ports.some(
          ({ listener, current, next }) =>
            listener.state === 'binding' ||
            listener.state === 'closing' ||
            [current, next].some((tunnel) => tunnel?.state === 'opening' || tunnel?.probe.running === true),
        )
      const isWaitingForFirstView = watch.state === 'waiting'
      if (isTrying || isWaitingForFirstView || waitsForCredentials(decision) || queueBusy) return
      // Nothing is going on: then it says when it looks again, and that is soon.
      expect(decision.wakeAt).not.toBeNull()
      expect(decision.wakeAt! - world.now).toBeLessThanOrEqual(15_000)
      if (decision.nextAttemptAt !== null) expect(decision.nextAttemptAt - world.now).toBeLessThanOrEqual(15_000)
    })
  })

  it('makes before it breaks: a tunnel that works goes only when another one is ready', () => {
    always((world) => {
      for (const { action, before, at } of world.done.splice(0)) {
        if (!world.desired.on || !('portId' in action)) continue
        const { current, next } = before.ports.find(({ portId }) => portId === action.portId)!
        if (current === null || !stillWorks(current, before)) continue
        if (action.kind === 'promote') expect({ at, next: next?.state }).toEqual({ at, next: 'ready' })
        else if (action.kind === 'drop-tunnel') expect({ at, dropped: action.slot }).toEqual({ at, dropped: 'next' })
      }
    })
  })

  it('sends nothing to a pod that is known to be gone, going or not ready, and opens nothing to one gone or going', () => {
    always((world, { routes }) => {
      const { watch } = world
      for (const [portId, route] of routes) {
        const target = world.ports.find((one) => one.portId === portId)?.current?.target
        if (route.kind !== 'tunnel' || target?.kind !== 'pod') continue
        if (watch.state !== 'seen' || watch.view?.failure !== null) continue
        expect(watch.view.pods.find(({ uid }) => uid === target.uid)?.usable).toBe(true)
      }
      for (const { action, before } of world.done.splice(0)) {
        if (action.kind !== 'open-tunnel' && action.kind !== 'probe') continue
        if (before.watch.state !== 'seen' || before.watch.view?.failure !== null) continue
        const target =
          action.kind === 'open-tunnel'
            ? action.target
            : before.ports.find(({ portId }) => portId === action.portId)?.[action.slot]?.target
        // A tunnel that was promoted in the same look is probed in its new place.
        if (target?.kind !== 'pod') continue
        const pod = before.watch.view.pods.find(({ uid }) => uid === target.uid)
        if (action.kind === 'open-tunnel') expect(pod).toMatchObject({ terminating: false })
      }
    })
  })

  it('lets clients wait, unless only a person can mend it', () => {
    always((world, { routes, failure }) => {
      if (!world.desired.on) return
      expect([...routes.keys()].sort()).toEqual([...portIds].sort())
      for (const [portId, route] of routes) {
        if (route.kind === 'close') expect(policyOf(failure!.code)).not.toBe('retry')
        const known = world.ports.find((one) => one.portId === portId)!
        if (route.kind === 'tunnel') expect(route.key).toBe(known.current?.key)
      }
    })
  })

  it('asks for fresh credentials once, until the server accepts them or somebody gives a hint', () => {
    always((world) => {
      let asked: number | null = null
      for (const { action, before } of world.done) {
        if (action.kind !== 'resolve-credentials' || !action.fresh) continue
        const accepted =
          asked === null ||
          before.hints !== asked ||
          before.ports.some(({ current }) => current?.version === before.credentials.version) ||
          before.watch.view?.failure === null
        expect(accepted).toBe(true)
        asked = before.hints
      }
    }, 400)
  })

  it('is live again without a click when nothing fails any more', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new ReconcilerWorld()
        for (const one of steps) play(world, one)
        world.desired = { ...world.desired, on: true }
        world.queueBusy = false
        const heal = (): void => {
          world.succeed()
          if (
            world.watch.state === 'seen' &&
            (world.watch.view?.failure !== null || world.watch.view.pods.every((pod) => !pod.usable))
          )
            world.see(aView([aPod('web-9')]))
        }
        world.pass(20_000, heal)
        if (waitsForCredentials(world.settle())) {
          world.hints += 1
          world.pass(20_000, heal)
        }
        expect(world.settle().state).toBe('live')
      }),
      { numRuns: 400 },
    )
  })

  it('leaves nothing when it is not wanted any more', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new ReconcilerWorld()
        for (const one of steps) play(world, one)
        world.desired = { ...world.desired, on: false }
        world.pass(200, () => world.succeed())
        const { state } = world.settle()
        expect(state).toBe('off')
        expect(world.watch.state).toBe('off')
        for (const { listener, current, next } of world.ports) {
          expect({ state: listener.state, current, next }).toEqual({ state: 'closed', current: null, next: null })
        }
      }),
      { numRuns: 200 },
    )
  })
})
