import type { CauseCode } from '../../../../contract/causes.ts'
import type { ApiFailure, TargetPod, TargetView } from '../../../../contract/sidecar.ts'
import { policyOf } from '../causes.ts'
import {
  failureOf,
  noCredentials,
  unprobed,
  type CredentialEvidence,
  type Evidence,
  type Failure,
  type PortEvidence,
  type TunnelEvidence,
  type WatchEvidence,
} from '../evidence.ts'
import { reconcile } from './reconciler.ts'
import { blankMemory, type Action, type Decision, type Desired, type Memory, type Slot } from './reconcile-types.ts'

export const portIds = ['first', 'second'] as const

export const aPod = (name: string, change: Partial<TargetPod> = {}): TargetPod => ({
  name,
  uid: `uid of ${name}`,
  usable: true,
  terminating: false,
  phase: 'Running',
  reason: null,
  ordinal: null,
  restarts: 0,
  createdAt: 1,
  ports: [{ name: 'http', port: 8080 }],
  servicePorts: { '80': 8080, http: 8080, '7000': 7000 },
  ...change,
})

export const aView = (pods: readonly TargetPod[], change: Partial<TargetView> = {}): TargetView => ({
  by: 'endpoint-slices',
  namespaceExists: true,
  targetExists: true,
  pods: [...pods],
  declaredPorts: [
    { name: 'http', port: 80 },
    { name: null, port: 7000 },
  ],
  failure: null,
  ...change,
})

export const anApiFailure = (change: Partial<ApiFailure> = {}): ApiFailure => ({
  class: 'unreachable',
  detail: 'refused',
  status: null,
  message: 'connect ECONNREFUSED',
  rbac: null,
  retryAfterSeconds: null,
  ...change,
})

type Port = { -readonly [Key in keyof PortEvidence]: PortEvidence[Key] }

/**
 * A world around the reconciler in which nothing is real but its decisions: they become evidence as their doers would
 * make it, and a test says how attempts turn out. Time moves only when told.
 */
export class ReconcilerWorld {
  now = 1_000_000
  desired: Desired = {
    on: true,
    target: { kind: 'service', name: 'web' },
    ports: [
      { id: portIds[0], remote: 80 },
      { id: portIds[1], remote: 7000 },
    ],
    podPolicy: 'any-ready',
    probe: { mode: 'connect', seconds: 5 },
    parkSeconds: 30,
  }
  ports: Port[] = portIds.map((portId) => ({
    portId,
    listener: { state: 'closed', attempt: 0, failure: null },
    current: null,
    next: null,
    draining: [],
  }))
  credentials: CredentialEvidence = noCredentials
  watch: WatchEvidence = { state: 'off', since: 0, view: null }
  cluster: Failure | null = null
  hints = 0
  hintedBy: 'person' | 'system' = 'person'
  restarts = 0
  doubtedBefore = -Infinity
  askedAt = -Infinity
  openAgainAt = -Infinity
  queueBusy = false
  random = (): number => 0.5
  memory: Memory = blankMemory
  decision: Decision | null = null
  /** Every action with its time and what was known when it was decided. */
  readonly done: { action: Action; at: number; before: Evidence }[] = []
  /** Called after each look and what it did, with what was known before. */
  observe: (decision: Decision, evidence: Evidence) => void = () => undefined
  #keys = 1

  evidence(): Evidence {
    const { credentials, watch, cluster, hints, hintedBy, restarts, doubtedBefore, askedAt, openAgainAt, queueBusy } =
      this
    return {
      ports: this.ports.map((port) => ({ ...port })),
      closing: 0,
      credentials,
      watch,
      cluster,
      hints,
      hintedBy,
      restarts,
      doubtedBefore,
      askedAt,
      openAgainAt,
      queueBusy,
    }
  }

  /** Looks until there is nothing to do. */
  settle(): Decision {
    for (let looks = 0; looks < 30; looks++) {
      const evidence = this.evidence()
      const decision = reconcile({
        desired: this.desired,
        evidence,
        memory: this.memory,
        now: this.now,
        random: this.random,
      })
      this.memory = decision.memory
      this.decision = decision
      for (const action of decision.actions) {
        this.done.push({ action, at: this.now, before: evidence })
        this.#apply(action)
      }
      this.observe(decision, evidence)
      if (decision.actions.length === 0) return decision
    }
    throw new Error(`it does not settle: ${JSON.stringify(this.done.slice(-5).map(({ action }) => action))}`)
  }

  /** Lets time pass, looking whenever the reconciler asked for it; `meanwhile` plays the world at each stop. */
  pass(ms: number, meanwhile?: () => void): void {
    const until = this.now + ms
    const longest = meanwhile === undefined ? Infinity : 100
    while (this.now < until) {
      const wakeAt = this.settle().wakeAt ?? Infinity
      this.now = Math.min(until, this.now + longest, Math.max(wakeAt, this.now + 1))
      meanwhile?.()
    }
    this.settle()
  }

  port(index: number): Port {
    const port = this.ports[index % this.ports.length]
    if (port === undefined) throw new Error('no such port')
    return port
  }

  setTunnel(index: number, slot: Slot, change: Partial<TunnelEvidence>): void {
    const port = this.port(index)
    const tunnel = port[slot]
    if (tunnel !== null) port[slot] = { ...tunnel, ...change }
  }

  /** What is under way turns out well: everything that was asked for works. */
  succeed(pods: readonly TargetPod[] = [aPod('web-1')]): void {
    for (const [index, port] of this.ports.entries()) {
      const { attempt } = port.listener
      if (port.listener.state === 'binding') port.listener = { state: 'bound', attempt, failure: null }
      if (port.listener.state === 'closing') port.listener = { state: 'closed', attempt, failure: null }
      port.draining = []
      for (const slot of ['current', 'next'] as const) {
        if (port[slot]?.state === 'opening')
          this.setTunnel(index, slot, { state: 'ready', queued: false, trouble: null, since: this.now })
        if (port[slot]?.probe.running === true) this.answerProbe(index, slot, 'live')
      }
    }
    if (this.credentials.state === 'resolving') this.obtain()
    if (this.watch.state === 'waiting' || this.watch.state === 'unwatched') this.see(aView(pods))
  }

  obtain(expiresAt: number | null = null): void {
    const version = this.credentials.version + 1
    this.credentials = { ...this.credentials, state: 'ready', version, failure: null, expiresAt }
  }

  refuseCredentials(code: CauseCode): void {
    this.credentials = { ...this.credentials, state: 'failed', failure: failureOf(code) }
  }

  see(view: TargetView): void {
    this.watch = { state: 'seen', since: this.now, view }
  }

  unwatch(): void {
    if (this.watch.state !== 'off')
      this.watch = {
        state: 'unwatched',
        since: this.watch.state === 'unwatched' ? this.watch.since : this.now,
        view: this.watch.view,
      }
  }

  lose(index: number, slot: Slot, failure: Failure): void {
    this.setTunnel(index, slot, { state: 'lost', since: this.now, trouble: { kind: 'lost', failure } })
  }

  /** What carried its connections ended; another part of it is on its way. */
  reopen(index: number, slot: Slot, failure: Failure): void {
    if (this.port(index)[slot]?.state !== 'ready') return
    const trouble = { kind: 'lost' as const, failure }
    this.setTunnel(index, slot, {
      state: 'opening',
      since: this.now,
      trouble,
      evidenceAt: null,
      provenSince: null,
      probe: unprobed,
    })
  }

  answerProbe(
    index: number,
    slot: Slot,
    answer: 'live' | 'stalled' | 'inconclusive' | Failure | { hindrance: Failure },
  ): void {
    const tunnel = this.port(index)[slot]
    if (tunnel === null || !tunnel.probe.running) return
    const hindrance = typeof answer === 'object' && 'hindrance' in answer ? answer.hindrance : null
    const probe = {
      ...tunnel.probe,
      running: false,
      endedAt: this.now,
      inconclusive: answer === 'inconclusive' || hindrance !== null,
      hindrance,
      hinderedAt: hindrance === null ? tunnel.probe.hinderedAt : this.now,
    }
    if (probe.inconclusive || tunnel.state !== 'ready') this.setTunnel(index, slot, { probe })
    else if (answer === 'live') this.setTunnel(index, slot, { probe, ...this.#proof(tunnel) })
    else if (answer === 'stalled')
      this.setTunnel(index, slot, { probe, trouble: { kind: 'stalled', failure: failureOf('tunnel-stalled') } })
    else this.setTunnel(index, slot, { probe, trouble: { kind: 'refused', failure: answer as Failure } })
  }

  /** Others are started first, or no more. */
  queue(busy: boolean): void {
    this.queueBusy = busy
    for (const [index, port] of this.ports.entries())
      for (const slot of ['current', 'next'] as const)
        if (port[slot]?.state === 'opening') this.setTunnel(index, slot, { queued: busy, since: this.now })
  }

  /** Bytes came from the pod. */
  flow(index: number): void {
    const tunnel = this.port(index).current
    if (tunnel?.state === 'ready') this.setTunnel(index, 'current', this.#proof(tunnel))
  }

  #proof(tunnel: TunnelEvidence): Partial<TunnelEvidence> {
    const goesOn = tunnel.trouble === null && tunnel.evidenceAt !== null
    return { evidenceAt: this.now, provenSince: goesOn ? tunnel.provenSince : this.now, trouble: null }
  }

  #apply(action: Action): void {
    const index = 'portId' in action ? this.ports.findIndex(({ portId }) => portId === action.portId) : -1
    switch (action.kind) {
      case 'watch':
        this.watch = { state: 'waiting', since: this.now, view: null }
        return
      case 'look-again':
        return
      case 'cut-draining':
        for (const port of this.ports) port.draining = []
        return
      case 'unwatch':
        this.watch = { state: 'off', since: this.now, view: null }
        return
      case 'bind': {
        const port = this.port(index)
        port.listener = { state: 'binding', attempt: port.listener.attempt + 1, failure: null }
        return
      }
      case 'unbind': {
        const port = this.port(index)
        port.listener = { ...port.listener, state: 'closing', failure: null }
        return
      }
      case 'resolve-credentials':
        this.credentials = {
          ...this.credentials,
          state: 'resolving',
          attempt: this.credentials.attempt + 1,
          fresh: action.fresh,
        }
        return
      case 'open-tunnel':
        if (this.port(index)[action.slot] !== null) throw new Error('a tunnel is put over another one')
        this.port(index)[action.slot] = this.#opening(action)
        return
      case 'promote': {
        const port = this.port(index)
        this.#drain(port, port.current)
        port.current = port.next
        port.next = null
        return
      }
      case 'drop-tunnel': {
        const port = this.port(index)
        if (action.how === 'drain') this.#drain(port, port[action.slot])
        port[action.slot] = null
        return
      }
      case 'probe-beside': {
        const port = this.port(index)
        const asked = (one: TunnelEvidence): TunnelEvidence =>
          one.key === action.key ? { ...one, probe: { ...one.probe, besideAt: this.now } } : one
        port.current = port.current && asked(port.current)
        port.draining = port.draining.map(asked)
        return
      }
      case 'probe': {
        const tunnel = this.port(index)[action.slot]
        if (tunnel === null || tunnel.probe.running) throw new Error('a probe without a tunnel, or two at once')
        this.setTunnel(index, action.slot, { probe: { ...tunnel.probe, running: true } })
        return
      }
    }
  }

  /** It has clients; they go when everything turns out well. */
  #drain(port: Port, tunnel: TunnelEvidence | null): void {
    if (tunnel !== null) port.draining = [...port.draining, tunnel]
  }

  #opening({ target, remote }: Action & { kind: 'open-tunnel' }): TunnelEvidence {
    return {
      key: this.#keys++,
      target,
      remote,
      epoch: this.credentials.epoch,
      version: this.credentials.version,
      restarts: this.restarts,
      state: 'opening',
      queued: this.queueBusy,
      since: this.now,
      evidenceAt: null,
      provenSince: null,
      trouble: null,
      probe: unprobed,
    }
  }
}

/** Waits for new credentials or a hint, and is not tried by a timer. */
export const waitsForCredentials = ({ failure }: Decision): boolean =>
  failure !== null && policyOf(failure.code) === 'credentials'

/** The kinds of what was done since the last time this was asked. */
export const actionsOf = (world: ReconcilerWorld): string[] => world.done.splice(0).map(({ action }) => action.kind)

/** A forward of one port that is live. */
export function liveWorld(): ReconcilerWorld {
  const world = new ReconcilerWorld()
  world.desired = { ...world.desired, ports: [{ id: portIds[0], remote: 80 }] }
  world.ports = world.ports.slice(0, 1)
  world.settle()
  world.pass(2_000, () => world.succeed())
  if (world.settle().state !== 'live') throw new Error('the world did not come alive')
  world.done.length = 0
  return world
}
