import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CauseCode } from '../../../../contract/causes.ts'
import { causeOf, policyOf } from '../causes.ts'
import { failureOf, type Evidence, type TunnelEvidence } from '../evidence.ts'
import { graceMs } from './tunnel-standing.ts'
import { always, chaos, jitter, play, step, tunnelCodes } from './reconciler-events.testing.ts'
import { aPod, aView, portIds, ReconcilerWorld, waitsForCredentials } from './reconciler-world.testing.ts'

/** It is ready, nothing refused it, and its pod is not known to be gone. */
function stillWorks({ state, trouble, target }: TunnelEvidence, { watch }: Evidence): boolean {
  if (state !== 'ready' || trouble?.kind === 'refused') return false
  if (watch.state !== 'seen' || watch.view?.failure !== null || target.kind !== 'pod') return true
  return watch.view.pods.some(({ uid }) => uid === target.uid)
}

/** As `expect`, which takes too long for what is asked a million times. */
function must(holds: boolean, words: () => string): void {
  if (!holds) expect.fail(words())
}

const context = {
  target: 'service web',
  namespace: 'shop',
  cluster: 'dev',
  pod: null,
  port: 'port 80',
  local: '127.0.0.1:80',
}

/** When attempts were made, ms, while each fails with `code` within 100 ms; until 90 s, or forty of them. */
function attemptsUnder(random: () => number, code: CauseCode): number[] {
  const world = new ReconcilerWorld()
  world.random = random
  world.settle()
  world.pass(2_000, () => world.succeed())
  const opened: number[] = []
  const fails = (): void => {
    for (const { action } of world.done.splice(0))
      if (action.kind === 'open-tunnel' && action.portId === portIds[0]) opened.push(world.now)
    for (const index of [0, 1]) world.lose(index, 'current', failureOf(code))
  }
  fails()
  // Between attempts time jumps to the next look. The waits of a jitter near 0 stay the shortest for ever: forty say it all.
  const until = world.now + 90_000
  while (world.now < until && opened.length < 40) {
    const { wakeAt } = world.settle()
    const isTrying = world.ports.some(({ current }) => current?.state === 'opening')
    const failsAt = isTrying ? world.now + Math.floor(random() * 100) : until
    world.now = Math.max(world.now + 1, Math.min(until, failsAt, wakeAt ?? until))
    fails()
  }
  return opened
}
const waitsBetween = (times: readonly number[]): number[] => times.slice(1).map((at, index) => at - times[index]!)

// The numbers are those of docs/chaos.md.
describe('whatever happens in whatever order', () => {
  it('is live only while there is fresh evidence for every port, and looks again before that is old (1)', () => {
    let seen = 0
    always(({ now, desired, doubtedBefore }, { state, wakeAt, actions }, { ports }) => {
      if (state !== 'live') return
      seen += 1
      for (const { portId, listener, current, next } of ports) {
        const isPromoted = actions.some((action) => action.kind === 'promote' && action.portId === portId)
        const tunnel = isPromoted ? next : current
        const works = listener.state === 'bound' && tunnel?.state === 'ready' && tunnel.trouble === null
        if (!works) expect.fail('a port does not work')
        if (desired.probe.mode === 'passive') continue
        const provenAt = tunnel.evidenceAt ?? -Infinity
        const staleAt = provenAt + desired.probe.seconds * 1000 + graceMs
        if (staleAt < now || provenAt < doubtedBefore) expect.fail(`proven at ${provenAt}, now it is ${now}`)
        // Nobody else would notice that nothing is heard any more.
        if (actions.length === 0 && (wakeAt ?? Infinity) > staleAt + 1) expect.fail('nobody looks when it gets old')
      }
    })
    // The random worlds get there often enough for this to mean something.
    expect(seen).toBeGreaterThan(500)
  })

  it('names a cause with a next step in every state but live and off (7)', () => {
    always((_world, { state, failure }) => {
      if (state === 'live' || state === 'off') {
        must(failure === null, () => `${state}, and ${failure?.code}`)
        return
      }
      const cause = causeOf(failure!, context, 0)
      must(/\S/.test(cause.message) && /\S/.test(cause.next), () => `no words for ${cause.code}`)
    })
  })

  it('names what is known to be wrong at once: a port that is taken, credentials that failed, a target that is missing (7)', () => {
    let seen = 0
    always((world, { state, failure, portId }, { ports, credentials, watch }) => {
      if (!world.desired.on) return
      const known = ports.flatMap(({ listener }) => (listener.state === 'failed' ? [listener.failure?.code] : []))
      // The reason stays while it is tried again.
      if (credentials.state !== 'ready' && credentials.failure !== null) known.push(credentials.failure.code)
      if (watch.state === 'seen' && watch.view?.failure === null && !watch.view.targetExists)
        known.push(watch.view.namespaceExists ? 'target-missing' : 'namespace-missing')
      if (known.length === 0) return
      seen += 1
      // With tunnels that still work the forward is live, whatever new ones would meet; or their pod crashes.
      if (state === 'live' || portId === null)
        must(
          ports.every(({ listener, current }) => listener.state === 'bound' && current !== null),
          () => `live, and ${known.join(', ')}`,
        )
      else if (policyOf(failure!.code) === 'retry')
        must(known.includes(failure!.code), () => `${failure!.code} in place of ${known.join(', ')}`)
    })
    expect(seen).toBeGreaterThan(500)
  })

  it('is never shown as connecting while a person has to do something', () => {
    always((world, { state, failure }, { ports }) => {
      if (!world.desired.on || !ports.some(({ listener }) => listener.state === 'failed')) return
      expect(state).toBe('holding')
      expect(policyOf(failure!.code)).not.toBe('retry')
    })
  })

  it('keeps the local port of whoever wants it, and binds again what it lost (2, 3)', () => {
    let bound = 0
    always((world, decision, { ports }) => {
      for (const { action } of world.done.splice(0)) {
        if (action.kind === 'unbind') must(!world.desired.on, () => 'unbound while it is wanted')
        if (action.kind === 'bind') bound += 1
      }
      if (!world.desired.on || decision.actions.length > 0) return
      for (const { listener } of ports) {
        if (listener.state === 'failed')
          must((decision.wakeAt ?? Infinity) - world.now <= 2_000, () => 'nobody tries the port again')
        else must(listener.state !== 'closed', () => 'nobody listens')
      }
    })
    expect(bound).toBeGreaterThan(500)
  })

  it('waits between attempts: at least 250 ms, at most 15 s, longer and longer (8)', () => {
    fc.assert(
      fc.property(jitter, tunnelCodes, (random, code) => {
        const opened = attemptsUnder(random, code)
        if (policyOf(code) === 'credentials') {
          // Asked for once more with fresh credentials, then left to somebody's hand.
          expect(opened.length).toBeLessThanOrEqual(2)
          return
        }
        expect(opened.length).toBeGreaterThan(4)
        for (const [index, wait] of waitsBetween(opened).entries()) {
          expect(wait).toBeGreaterThanOrEqual(250)
          const longest = policyOf(code) === 'person' ? 15_000 : Math.min(15_000, 250 * 2 ** (index + 1))
          expect(wait).toBeLessThanOrEqual(longest + 101)
        }
      }),
      chaos(100),
    )
  })

  it('waits between attempts never in step with others (8)', () => {
    // Evenly spread, as the real one is: the jitter above prefers the ends.
    const even = fc.infiniteStream(fc.noBias(fc.nat(999))).map((stream) => () => Number(stream.next().value) / 1000)
    const waits = fc
      .sample(even, { numRuns: 20, seed: 1 })
      .flatMap((random) => waitsBetween(attemptsUnder(random, 'tunnel-lost')).slice(5))
    expect(waits.length).toBeGreaterThan(100)
    expect(new Set(waits).size).toBeGreaterThan(waits.length / 2)
  })

  it('loses no time: while nothing has failed, something is under way or follows within 300 ms', () => {
    always((world, decision, { ports, credentials, watch, queueBusy }) => {
      const waits = watch.state !== 'seen' || credentials.state === 'resolving' || queueBusy
      if (!world.desired.on || decision.state === 'live' || decision.actions.length > 0 || waits) return
      const failed = ports.some(
        ({ listener, current }) =>
          listener.state === 'failed' || current?.state === 'lost' || (current?.trouble ?? null) !== null,
      )
      if (decision.failure?.code !== 'connecting' || failed) return
      const isTrying = ports.some(
        ({ listener, current, next }) =>
          listener.state === 'binding' ||
          listener.state === 'closing' ||
          [current, next].some((tunnel) => tunnel?.state === 'opening' || tunnel?.probe.running === true),
      )
      if (!isTrying)
        must((decision.wakeAt ?? Infinity) - world.now <= 300, () => `nothing follows before ${decision.wakeAt}`)
    })
  })

  it('never stops trying while it is wanted, unless the cause is about credentials (8)', () => {
    always((world, decision, { ports, credentials, watch, queueBusy }) => {
      // Where no port is to blame all of them work; only the crashes of their pod keep the forward from being called live.
      const works = decision.state === 'live' || decision.portId === null
      if (!world.desired.on || works || decision.actions.length > 0) return
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
      const waits = [decision.wakeAt ?? Infinity, decision.nextAttemptAt ?? world.now].map((at) => at - world.now)
      must(Math.max(...waits) <= 15_000, () => `the next look is ${waits.join(' and ')} ms away`)
    })
  })

  it('makes before it breaks: a tunnel that works goes only when another one is ready (4)', () => {
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
    const seen = { route: 0, 'open-tunnel': 0, probe: 0 }
    always((world, { routes }) => {
      const { watch } = world
      for (const [portId, route] of routes) {
        const target = world.ports.find((one) => one.portId === portId)?.current?.target
        if (route.kind !== 'tunnel' || target?.kind !== 'pod') continue
        if (watch.state !== 'seen' || watch.view?.failure !== null) continue
        seen.route += 1
        must(
          watch.view.pods.some(({ uid, usable }) => uid === target.uid && usable),
          () => `${target.name} gets clients`,
        )
      }
      const promoted = new Set<string>()
      for (const { action, before } of world.done.splice(0)) {
        if (action.kind === 'promote') promoted.add(action.portId)
        if (action.kind !== 'open-tunnel' && action.kind !== 'probe') continue
        if (before.watch.state !== 'seen' || before.watch.view?.failure !== null) continue
        const port = before.ports.find(({ portId }) => portId === action.portId)
        // One that was promoted in the same look is probed in its new place.
        const probed = promoted.has(action.portId) ? port?.next : port?.[action.slot]
        const target = action.kind === 'open-tunnel' ? action.target : probed?.target
        if (target?.kind !== 'pod') continue
        seen[action.kind] += 1
        const pod = before.watch.view.pods.find(({ uid }) => uid === target.uid)
        const may = action.kind === 'open-tunnel' ? pod?.terminating === false : pod?.usable === true
        must(may, () => `${action.kind} to ${JSON.stringify(pod)}`)
      }
    })
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(50)
  })

  it('lets clients wait as long as they shall, and closes them at once where only a person can mend it (3)', () => {
    const seen = { tunnel: 0, park: 0, close: 0 }
    always((world, { routes, failure, portId: worst }) => {
      if (!world.desired.on) return
      must(routes.size === portIds.length, () => `routes of ${[...routes.keys()].join(', ')}`)
      for (const [portId, route] of routes) {
        seen[route.kind] += 1
        const known = world.ports.find((one) => one.portId === portId)!
        const policy = failure === null ? 'retry' : policyOf(failure.code)
        const fits = {
          tunnel: () => route.kind === 'tunnel' && route.key === known.current?.key,
          // Where the forward waits for a person because of this very port, its clients do not wait.
          park: () =>
            route.kind === 'park' &&
            route.seconds === world.desired.parkSeconds &&
            (portId !== worst || policy === 'retry'),
          close: () => route.kind === 'close' && route.afterMs === 1_000 && policy !== 'retry',
        }[route.kind]
        must(fits(), () => `${JSON.stringify(route)} and ${failure?.code}`)
      }
    })
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(50)
  })

  it('asks for fresh credentials once, until the server accepts some or somebody gives a hint', () => {
    let seen = 0
    const asked = new WeakMap<ReconcilerWorld, { at: number; hints: number }>()
    always((world, { actions }, { hints, ports, credentials, watch }) => {
      const last = asked.get(world)
      const isNewer = (since: number): boolean => last !== undefined && since > last.at
      const isAccepted =
        (watch.state === 'seen' && watch.view?.failure === null && isNewer(watch.since)) ||
        ports.some(
          ({ current }) =>
            current?.state === 'ready' && current.version === credentials.version && isNewer(current.since),
        )
      if (isAccepted || last?.hints !== hints) asked.delete(world)
      if (!actions.some((action) => action.kind === 'resolve-credentials' && action.fresh)) return
      seen += 1
      must(!asked.has(world), () => `asked at ${last?.at}, and again at ${world.now}`)
      asked.set(world, { at: world.now, hints })
    })
    expect(seen).toBeGreaterThan(2)
  })

  it('is live again without a click when nothing fails any more', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new ReconcilerWorld()
        for (const one of steps) play(world, one)
        world.desired = { ...world.desired, on: true }
        world.queue(false)
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
      chaos(400),
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
      chaos(200),
    )
  })
})
