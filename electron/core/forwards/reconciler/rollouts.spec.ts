import { describe, expect, it } from 'vitest'
import type { TargetPod } from '../../../../contract/sidecar.ts'
import { aPod, aView, portIds, ReconcilerWorld } from './reconciler-world.testing.ts'
import { resolveTarget, type Resolution } from './target-resolver.ts'

const [first] = portIds
const madeBy = (version: string, workload = 'web'): Pick<TargetPod, 'madeBy'> => ({ madeBy: { workload, version } })
const old = aPod('old', { createdAt: 1, ...madeBy('a') })
const starting = aPod('young', { createdAt: 2, usable: false, reason: 'not ready', ...madeBy('b') })
const young = { ...starting, usable: true, reason: null }
const going = { ...old, usable: false, terminating: true }

describe('where a forward leads in a rollout', () => {
  const resolve = (pods: readonly TargetPod[], policy: 'any-ready' | 'sticky' = 'any-ready'): Resolution =>
    resolveTarget({
      target: { kind: 'service', name: 'web' },
      policy,
      watch: { state: 'seen', since: 0, view: aView(pods) },
      current: { name: old.name, uid: old.uid },
      shaky: new Set(),
      now: 0,
    })
  const comes = (pods: readonly TargetPod[], policy?: 'sticky'): unknown =>
    resolve(pods, policy).comingOf?.(80)?.target ?? null

  it('is to the pod of the new version as soon as that is ready, before the old one is told to go', () => {
    expect(resolve([old, starting]).pod?.name).toBe('old')
    expect(resolve([old, young]).pod?.name).toBe('young')
    expect(resolve([old, young], 'sticky').pod?.name).toBe('old')
  })

  it('stays when pods of the same version, of another workload or of nothing join', () => {
    const others = [
      aPod('more', { createdAt: 3, ...madeBy('a') }),
      aPod('canary', { createdAt: 3, ...madeBy('b', 'c') }),
    ]
    expect(resolve([old, ...others, aPod('bare', { createdAt: 3 })]).pod?.name).toBe('old')
    // A pod of an earlier version that is left over follows nobody.
    expect(resolve([old, aPod('older', { createdAt: 0, ...madeBy('z') })]).pod?.name).toBe('old')
  })

  it('tells the pod that comes while it runs and is not ready', () => {
    const way = { kind: 'pod', name: 'young', uid: 'uid of young' }
    expect(comes([old, starting])).toEqual(way)
    expect(comes([going, starting])).toEqual(way)
    expect(comes([old, young])).toBeNull()
    expect(comes([old, { ...starting, phase: 'Pending' }])).toBeNull()
    expect(comes([old, { ...starting, terminating: true }])).toBeNull()
    expect(comes([old, { ...starting, reason: 'CrashLoopBackOff' }])).toBeNull()
    expect(comes([old, { ...starting, ...madeBy('a') }])).toBeNull()
    expect(comes([old, starting], 'sticky')).toBeNull()
  })
})

describe('a rollout', () => {
  const world = (pods: readonly TargetPod[]): ReconcilerWorld => {
    const made = new ReconcilerWorld()
    made.desired = { ...made.desired, ports: [{ id: first, remote: 80 }] }
    made.ports = made.ports.slice(0, 1)
    made.settle()
    made.pass(2_000, () => made.succeed(pods))
    made.done.length = 0
    return made
  }
  const see = (made: ReconcilerWorld, ...pods: TargetPod[]): string[] => {
    made.see(aView(pods))
    made.settle()
    return made.done.splice(0).map(({ action }) => action.kind)
  }
  const podOf = (made: ReconcilerWorld, slot: 'current' | 'next'): string | null => {
    const target = made.port(0)[slot]?.target
    return target?.kind === 'pod' ? target.name : null
  }

  it('finds the tunnel to the new pod open when that is ready, and moves new clients there at once', () => {
    const made = world([old])
    expect(see(made, old, starting)).toEqual(['open-tunnel'])
    made.setTunnel(0, 'next', { state: 'ready' })
    made.pass(20_000, () => {
      made.flow(0)
      expect(podOf(made, 'current')).toBe('old')
    })
    expect(made.decision?.state).toBe('live')
    // Nothing is asked of a pod that is not ready.
    expect(made.done.some(({ action }) => action.kind === 'probe' && action.slot === 'next')).toBe(false)
    made.done.length = 0
    expect(see(made, old, young)[0]).toBe('promote')
    expect(podOf(made, 'current')).toBe('young')
    expect(made.decision?.routes.get(first)).toEqual({ kind: 'tunnel', key: made.port(0).current?.key })
  })

  it('that takes the only pod first has the tunnel to the next one open when that is ready', () => {
    const made = world([old])
    expect(see(made, going)).toEqual([])
    expect(made.decision?.routes.get(first)?.kind).toBe('park')
    expect(see(made, going, starting)).toEqual(['open-tunnel'])
    made.setTunnel(0, 'next', { state: 'ready' })
    made.settle()
    expect(made.decision?.routes.get(first)?.kind).toBe('park')
    expect(see(made, going, young)).toEqual(['promote', 'probe'])
    expect(made.decision?.routes.get(first)?.kind).toBe('tunnel')
  })

  it('does not keep clients waiting for the pod that comes while another one is ready and the one in use is not', () => {
    const another = aPod('another', { createdAt: 1, ...madeBy('a') })
    const made = world([old])
    see(made, old, another, starting)
    expect(podOf(made, 'next')).toBe('young')
    expect(see(made, going, another, starting)).toEqual(['drop-tunnel', 'open-tunnel'])
    expect(podOf(made, 'next')).toBe('another')
    made.pass(2_000, () => made.succeed([going, another, starting]))
    expect(podOf(made, 'current')).toBe('another')
    expect(made.decision?.state).toBe('live')
  })

  it('does not keep clients waiting for the pod that comes when nothing is heard from the one in use', () => {
    const made = world([old])
    see(made, old, starting)
    made.pass(15_000)
    expect(podOf(made, 'next')).toBe('old')
  })

  it('that is taken back lets the tunnel to the pod that came go', () => {
    const made = world([old])
    see(made, old, starting)
    expect(see(made, old, { ...starting, terminating: true })).toEqual(['drop-tunnel'])
    expect(podOf(made, 'next')).toBeNull()
    expect(made.decision?.state).toBe('live')
  })

  it('to a pod that cannot be reached is tried with growing waits and does not touch what is live', () => {
    const made = world([old])
    see(made, old, starting)
    made.pass(60_000, () => {
      made.flow(0)
      made.lose(0, 'next', { code: 'node-unreachable', detail: null, facts: null })
      expect(made.settle().state).toBe('live')
    })
    const opened = made.done.filter(({ action }) => action.kind === 'open-tunnel').length
    expect(opened).toBeGreaterThan(2)
    expect(opened).toBeLessThan(40)
  })
})
