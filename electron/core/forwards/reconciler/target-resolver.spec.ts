import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RemotePort } from '../../../../contract/forwards.ts'
import type { TargetPod, TargetView } from '../../../../contract/sidecar.ts'
import type { WatchEvidence } from '../evidence.ts'
import { aPod, anApiFailure, aView } from './reconciler-world.testing.ts'
import { firstViewMs, isPassing, resolveTarget, unwatchedMs, type Question, type PortPlan } from './target-resolver.ts'

const seen = (view: TargetView): WatchEvidence => ({ state: 'seen', since: 0, view })
const question = (change: Partial<Question>): Question => ({
  target: { kind: 'service', name: 'web' },
  policy: 'any-ready',
  watch: seen(aView([aPod('web-1')])),
  current: null,
  shaky: new Set(),
  now: 1_000,
  ...change,
})
const plan = (change: Partial<Question>, remote: RemotePort = 80): PortPlan =>
  resolveTarget(question(change)).planOf(remote)
const podOf = (pods: TargetPod[], change: Partial<Question> = {}): string | undefined =>
  resolveTarget(question({ watch: seen(aView(pods)), ...change })).pod?.name

const names = fc.constantFrom('web-0', 'web-1', 'web-2', 'web-3')
const somePods = fc.uniqueArray(
  fc.record({ name: names, usable: fc.boolean(), terminating: fc.boolean(), createdAt: fc.nat(3), ordinal: fc.nat(3) }),
  { selector: ({ name }) => name },
)

describe('the pod', () => {
  it('is not one that crashes again and again while there is another one', () => {
    const shaky = new Set(['uid of web-2'])
    const pods = [aPod('web-1', { createdAt: 1 }), aPod('web-2', { createdAt: 2 })]
    expect(podOf(pods)).toBe('web-2')
    expect(podOf(pods, { shaky })).toBe('web-1')
    expect(podOf(pods, { shaky, policy: 'newest' })).toBe('web-1')
    expect(podOf(pods, { shaky, current: { name: 'web-2', uid: 'uid of web-2' } })).toBe('web-1')
    expect(podOf(pods.slice(1), { shaky })).toBe('web-2')
  })

  it('is always one that new connections may go to', () => {
    fc.assert(
      fc.property(
        somePods,
        fc.option(names),
        fc.constantFrom('any-ready' as const, 'newest' as const, 'sticky' as const, 'ordinal' as const),
        (pods, current, policy) => {
          const { pod } = resolveTarget(
            question({
              policy,
              watch: seen(aView(pods.map((one) => aPod(one.name, one)))),
              current: current === null ? null : { name: current, uid: `uid of ${current}` },
            }),
          )
          if (pod !== null) expect(pod).toMatchObject({ usable: true, terminating: false })
          else if (policy !== 'sticky')
            expect(pods.some(({ usable, terminating }) => usable && !terminating)).toBe(false)
        },
      ),
    )
  })

  const old = aPod('old', { createdAt: 1, ordinal: 1 })
  const young = aPod('young', { createdAt: 2, ordinal: 2 })
  const using = { current: { name: 'old', uid: 'uid of old' } }

  it('stays the one in use; else it is the newest, which a rollout leaves for longest', () => {
    expect(podOf([old, young], using)).toBe('old')
    expect(podOf([old, young])).toBe('young')
    expect(podOf([aPod('old', { usable: false }), young], using)).toBe('young')
  })

  it('is always the newest when that is wanted', () => {
    expect(podOf([old, young], { ...using, policy: 'newest' })).toBe('young')
  })

  it('keeps its name when that is wanted, also as another pod, and waits for it', () => {
    const sticky = { ...using, policy: 'sticky' } as const
    expect(podOf([aPod('old', { uid: 'another' }), young], sticky)).toBe('old')
    expect(podOf([aPod('old', { usable: false }), young], sticky)).toBeUndefined()
    expect(podOf([young], sticky)).toBe('young')
  })

  it('is the lowest ordinal when that is wanted', () => {
    expect(podOf([young, old], { policy: 'ordinal' })).toBe('old')
    expect(podOf([aPod('web-10', { ordinal: 10 }), aPod('web-9', { ordinal: 9 })], { policy: 'ordinal' })).toBe('web-9')
  })
})

describe('the port', () => {
  const pod = { kind: 'pod', name: 'web-1', uid: 'uid of web-1' }

  it('of a service is where the service leads in that very pod', () => {
    expect(plan({})).toEqual({ kind: 'way', target: pod, remote: 8080 })
    expect(plan({}, 'http')).toEqual({ kind: 'way', target: pod, remote: 8080 })
  })

  it('that a service does not have is named with those it has', () => {
    expect(plan({}, 9999)).toMatchObject({
      failure: { code: 'port-not-in-target', facts: 'it has http (80), 7000' },
    })
  })

  it('of a pod or a workload is its own, a number also when nobody declared it', () => {
    const target = { kind: 'deployment', name: 'web' } as const
    expect(plan({ target }, 1234)).toMatchObject({ remote: 1234 })
    expect(plan({ target }, 'http')).toMatchObject({ remote: 8080 })
    expect(plan({ target }, 'metrics')).toMatchObject({
      failure: { code: 'port-not-in-target', facts: 'it has http (8080)' },
    })
  })

  it('of a service that may not be read is left to kubectl', () => {
    const unreadable = aPod('web-1', { servicePorts: {} })
    expect(plan({ watch: seen(aView([unreadable], { declaredPorts: [] })) })).toEqual({
      kind: 'way',
      target: { kind: 'reference', reference: 'svc/web' },
      remote: 80,
    })
  })
})

describe('no pod', () => {
  it.each([
    [{ namespaceExists: false, targetExists: false }, 'namespace-missing', null],
    [{ targetExists: false }, 'target-missing', null],
    [{}, 'no-ready-pod', 'no-pods'],
  ])('%j is told as %s', (view, code, detail) => {
    expect(plan({ watch: seen(aView([], view)) })).toMatchObject({ kind: 'none', failure: { code, detail } })
  })

  it("is told with the pods' own reason, first one that does not pass by itself", () => {
    const starting = aPod('web-1', { usable: false, reason: 'ContainerCreating' })
    const broken = aPod('web-2', { usable: false, reason: 'ImagePullBackOff' })
    const going = aPod('web-3', { usable: false, terminating: true, reason: 'Terminating' })
    const detail = (...pods: TargetPod[]): unknown => plan({ watch: seen(aView(pods)) })
    expect(detail(going, starting, broken)).toMatchObject({
      failure: { detail: 'ImagePullBackOff', facts: 'web-2: ImagePullBackOff' },
    })
    expect(detail(going, starting)).toMatchObject({ failure: { detail: 'ContainerCreating' } })
    expect(detail(going)).toMatchObject({ failure: { detail: 'Terminating' } })
    expect([isPassing('Init:0/2'), isPassing('not ready'), isPassing('CrashLoopBackOff')]).toEqual([true, true, false])
  })
})

describe('without a watch', () => {
  const reference = { kind: 'way', target: { kind: 'reference', reference: 'svc/web' }, remote: 80 }

  it('waits for the first view, then lets kubectl find the pod', () => {
    const watch: WatchEvidence = { state: 'waiting', since: 0, view: null }
    expect(plan({ watch, now: firstViewMs - 1 })).toMatchObject({ failure: { code: 'connecting' } })
    expect(plan({ watch, now: firstViewMs })).toEqual(reference)
  })

  it('trusts what was seen for a moment, then kubectl', () => {
    const watch: WatchEvidence = { state: 'unwatched', since: 0, view: aView([aPod('web-1')]) }
    expect(plan({ watch, now: unwatchedMs - 1 })).toMatchObject({ target: { kind: 'pod' } })
    expect(plan({ watch, now: unwatchedMs })).toEqual(reference)
  })

  it('a selector, which kubectl does not take, stays with what was seen', () => {
    const watch: WatchEvidence = { state: 'unwatched', since: 0, view: aView([aPod('web-1')]) }
    const target = { kind: 'selector', selector: 'app=web' } as const
    expect(plan({ target, watch, now: 60_000 }, 8080)).toMatchObject({ target: { kind: 'pod', name: 'web-1' } })
    expect(plan({ target, watch: { ...watch, view: null }, now: 60_000 }, 8080)).toMatchObject({
      failure: { code: 'no-ready-pod', detail: 'unwatched' },
    })
  })

  it('goes on with the pods seen last while the API server is away, and with kubectl where there were none', () => {
    const failure = anApiFailure()
    const known = resolveTarget(question({ watch: seen(aView([aPod('web-1')], { failure })) }))
    expect(known).toMatchObject({ watching: false, pod: { name: 'web-1' } })
    expect(plan({ watch: seen(aView([], { failure })) })).toEqual(reference)
    const target = { kind: 'selector', selector: 'app=web' } as const
    expect(plan({ target, watch: seen(aView([], { failure })) })).toMatchObject({
      failure: { code: 'cluster-unreachable', detail: 'refused' },
    })
  })
})
