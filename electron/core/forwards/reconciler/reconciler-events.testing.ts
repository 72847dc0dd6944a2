import fc from 'fast-check'
import type { CauseCode } from '../../../../contract/causes.ts'
import type { TargetPod } from '../../../../contract/sidecar.ts'
import { failureOf, type Evidence } from '../evidence.ts'
import type { Decision } from './reconcile-types.ts'
import { aPod, anApiFailure, aView, ReconcilerWorld } from './reconciler-world.testing.ts'

const port = fc.constantFrom(0, 1)
const slot = fc.constantFrom('current' as const, 'next' as const)
export const tunnelCodes = fc.constantFrom<CauseCode>(
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
    reason: fc.constantFrom(null, 'not ready', 'Error', 'CrashLoopBackOff'),
    madeBy: fc.record({ workload: fc.constant('web'), version: fc.constantFrom('a', 'b') }),
    restarts: fc.nat(2),
    createdAt: fc.nat(3),
  })
  .map((one) => {
    const usable = one.usable && !one.terminating
    return { ...one, usable, reason: usable ? null : one.reason }
  })
const pods = fc.uniqueArray(pod, { maxLength: 3, selector: ({ name }) => name })

export const step = fc.oneof(
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
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen' as const), port, slot, code: tunnelCodes }) },
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
        { hindrance: failureOf('limit-reached', 'unchecked') },
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
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

type SomePod = typeof pod extends fc.Arbitrary<infer T> ? T : never
const somePod = ({ name, ...rest }: SomePod): TargetPod => aPod(name, rest)

/** Lets one thing happen, and what follows from it at once. */
export function play(world: ReconcilerWorld, one: Step): void {
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
    case 'reopen':
      world.reopen(one.port, one.slot, failureOf(one.code))
      break
    case 'answer':
      world.answerProbe(one.port, one.slot, one.answer)
      break
    case 'flow':
      world.flow(one.port)
      break
    case 'see':
      if (world.watch.state !== 'off') world.see(aView(one.pods.map((pod) => somePod(pod))))
      break
    case 'miss':
      if (world.watch.state !== 'off')
        world.see(aView([], { namespaceExists: one.what !== 'namespace', targetExists: false }))
      break
    case 'watch-fails':
      if (world.watch.state !== 'off')
        world.see(
          aView(
            one.pods.map((pod) => somePod(pod)),
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
      world.openAgainAt = world.now
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
      world.desired = deepFreeze({ ...world.desired, on: !world.desired.on })
      world.hints += 1
      break
    case 'queue':
      world.queue(!world.queueBusy)
      break
  }
  world.settle()
}

/** More sequences, or those of a seed again: MOORING_CHAOS_SEQUENCES, MOORING_CHAOS_SEED. `usual`: of an ordinary run. */
export function chaos(usual: number): { numRuns: number; seed?: number } {
  const { MOORING_CHAOS_SEQUENCES: sequences, MOORING_CHAOS_SEED: seed } = process.env
  const numRuns = sequences === undefined ? usual : Number(sequences)
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) }
}

const mode = fc.constantFrom('connect' as const, 'passive' as const)
/** As Math.random, and the same again for the same seed. */
export const jitter: fc.Arbitrary<() => number> = fc
  .infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))
  .map((stream) => () => Number(stream.next().value ?? 0.5))

/** What is wanted belongs to the user: whoever changes it throws. */
export function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object)
  return Object.freeze(value)
}

/** Runs random events and hands every look to the check. */
export function always(check: (world: ReconcilerWorld, decision: Decision, evidence: Evidence) => void): void {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      mode,
      fc.boolean(),
      jitter,
      fc.integer({ min: 0, max: 600 }),
      (steps, probe, warm, random, parkSeconds) => {
        const world = new ReconcilerWorld()
        world.random = random
        world.desired = deepFreeze({ ...world.desired, probe: { mode: probe, seconds: 5 }, parkSeconds })
        world.observe = (decision, evidence) => check(world, decision, evidence)
        world.settle()
        if (warm) world.pass(3_000, () => world.succeed())
        for (const one of steps) play(world, one)
      },
    ),
    chaos(500),
  )
}
