import type { TargetView } from '../../../../contract/sidecar.ts'
import { causeOfApiFailure, isAboutTheServer, isVagueFailure, policyOf } from '../causes.ts'
import {
  failureOf,
  type CredentialEvidence,
  type Failure,
  type PortEvidence,
  type TunnelEvidence,
} from '../evidence.ts'
import { Deadlines } from './deadlines.ts'
import { isAnotherPod, wayOf } from './port-way.ts'
import { reconcileBinding } from './reconcile-binding.ts'
import type { Action, Look, PortMemory, PortRoute, PortStatus, Slot } from './reconcile-types.ts'
import { forgiven, forgotten, hinted, noteFailure, type Retry } from './retry.ts'
import { podName, stalledBy, TunnelStanding } from './tunnel-standing.ts'
import type { PortPlan, Resolution, Way } from './target-resolver.ts'

/** An engine that neither opens nor fails is given up after this, ms; its own limit is shorter. */
const openingMs = 60_000
/** What was under way for so long when the way opened again, and so long after it, is begun anew, ms. */
const resumeMs = 2_000
/** A tunnel that held for so long starts the next series of attempts afresh, ms. */
const steadyMs = 10_000
/** Clients of a forward that only a person can mend are closed after this, ms. */
const closeAfterMs = 1_000

export type PortLook = {
  readonly look: Look
  readonly port: PortEvidence
  readonly memory: PortMemory
  readonly plan: PortPlan
  /** Where it is about to lead. */
  readonly coming: Way | null
  readonly resolution: Resolution
  readonly hinted: boolean
}

export type PortOutcome = {
  readonly memory: PortMemory
  readonly status: PortStatus
  readonly route: PortRoute
  readonly actions: readonly Action[]
  readonly wakeAt: number
}

/** Credentials that may be used for a new tunnel. */
export const areUsable = (credentials: CredentialEvidence, now: number): boolean =>
  credentials.state === 'ready' && (credentials.expiresAt === null || now < credentials.expiresAt)

/** One look at one port while the forward is wanted: level-triggered, so it does not matter which event woke it. */
export function reconcilePort(input: PortLook): PortOutcome {
  return new PortReconciler(input).decide()
}

class PortReconciler {
  readonly #input: PortLook
  readonly #now: number
  readonly #view: TargetView | null
  readonly #actions: Action[] = []
  readonly #deadlines: Deadlines
  readonly #standing: TunnelStanding
  #current: TunnelEvidence | null
  #next: TunnelEvidence | null
  #bind: Retry
  #tunnel: Retry
  #failedVersion: number
  readonly #way: string
  readonly #wayAt: number
  #opened = false

  constructor(input: PortLook) {
    const { look, memory, plan, port, resolution } = input
    this.#input = input
    this.#now = look.now
    this.#view = look.evidence.watch.view
    this.#deadlines = new Deadlines(look.now)
    this.#current = port.current
    this.#next = port.next
    this.#failedVersion = memory.failedVersion
    this.#way = wayOf(plan, resolution, memory.way)
    this.#wayAt = this.#way === memory.way ? memory.wayAt : look.now
    this.#standing = new TunnelStanding({ ...input, wayAt: this.#wayAt, deadlines: this.#deadlines })
    this.#bind = memory.bind
    this.#tunnel = input.hinted ? hinted(memory.tunnel, look.evidence.hintedBy) : memory.tunnel
    const { failure } = memory.tunnel
    const isAboutCredentials = failure !== null && policyOf(failure.code) === 'credentials'
    const moved = this.#way !== memory.way && plan.kind === 'way' && !isAboutCredentials
    const renewed = isAboutCredentials && look.evidence.credentials.version > memory.failedVersion
    if (moved || renewed) this.#tunnel = forgotten(this.#tunnel)
    if (moved && failure !== null && isAnotherPod(memory.way, this.#way)) this.#replacedPod(failure.pod)
  }

  decide(): PortOutcome {
    this.#listen()
    this.#countFailures()
    this.#beginAnew()
    this.#replace()
    this.#open()
    this.#probe()
    this.#probeBeside()
    const route = this.#route()
    const status = this.#status()
    return {
      memory: {
        bind: this.#bind,
        tunnel: this.#tunnel,
        failedVersion: this.#failedVersion,
        way: this.#way,
        wayAt: this.#wayAt,
      },
      status,
      route: route ?? this.#waitingRoute(status),
      actions: this.#actions,
      wakeAt: this.#deadlines.next,
    }
  }

  /** Those there are, as they stand now. */
  #tunnels(): [Slot, TunnelEvidence][] {
    const places: [Slot, TunnelEvidence | null][] = [
      ['current', this.#current],
      ['next', this.#next],
    ]
    return places.flatMap(([slot, tunnel]) => (tunnel === null ? [] : [[slot, tunnel]]))
  }

  #failed(failure: Failure): void {
    this.#tunnel = noteFailure(this.#tunnel, this.#tunnel.seen + 1, failure, this.#now, this.#input.look.random)
  }

  /** Not a failed attempt: the next one need not wait. */
  #replacedPod(pod: string | undefined): void {
    const failure = failureOf('pod-replaced')
    this.#tunnel = { ...forgotten(this.#tunnel), failure: pod === undefined ? failure : { ...failure, pod } }
  }

  #act(action: Action): void {
    this.#actions.push(action)
  }

  /** The local port comes before everything else. */
  #listen(): void {
    const { look, port, memory, hinted: isHinted } = this.#input
    const { retry, bind } = reconcileBinding(port.listener, memory.bind, { look, isHinted })
    this.#bind = retry
    if (bind) this.#act({ kind: 'bind', portId: port.portId })
    else this.#deadlines.add(retry.at)
  }

  #countFailures(): void {
    for (const [slot, tunnel] of this.#tunnels()) {
      const failure = this.#failureThatEnds(tunnel)
      if (failure === null) continue
      // What a pod said that is left behind anyway says nothing about the one that follows.
      if (
        this.#standing.podOf(tunnel) === 'gone' ||
        (this.#standing.isLeft(tunnel) && !this.#standing.isComing(tunnel))
      )
        this.#replacedPod(podName(tunnel))
      else this.#failed(failure)
      this.#failedVersion = tunnel.version
      this.#drop(slot, tunnel.state === 'opening' ? 'close' : 'drain')
    }
    this.#forgive()
  }

  /**
   * What was begun while the way was closed may wait long for an answer that was lost: TCP repeats its question after 1, 2, 4,
   * 8 s, and so on. One that begins now gets its answer at once.
   */
  #beginAnew(): void {
    const { openAgainAt } = this.#input.look.evidence
    for (const [slot, tunnel] of this.#tunnels()) {
      if (tunnel.state !== 'opening' || tunnel.queued || openAgainAt - tunnel.since < resumeMs) continue
      if (this.#now - openAgainAt >= resumeMs) this.#drop(slot, 'close')
      else this.#deadlines.add(openAgainAt + resumeMs)
    }
  }

  /** What new tunnels met does not matter while the one in use is what it should be. */
  #forgive(): void {
    const tunnel = this.#current
    // Attempts to reach a pod that is not ready yet go on with growing waits.
    if (tunnel === null || this.#next !== null || this.#input.coming !== null) return
    if (!this.#standing.fits(tunnel) || !this.#standing.mayCarry(tunnel) || !this.#standing.isProven(tunnel)) return
    const steady = tunnel.provenSince !== null && this.#now - tunnel.provenSince >= steadyMs
    this.#tunnel = steady ? forgotten(this.#tunnel) : forgiven(this.#tunnel)
  }

  #failureThatEnds(tunnel: TunnelEvidence): Failure | null {
    if (tunnel.state === 'lost') return tunnel.trouble?.failure ?? failureOf('tunnel-lost')
    if (tunnel.trouble?.kind === 'refused') return tunnel.trouble.failure
    if (this.#standing.podOf(tunnel) === 'gone') return failureOf('pod-replaced')
    if (tunnel.state !== 'opening' || tunnel.queued) return null
    this.#deadlines.add(tunnel.since + openingMs)
    return this.#now - tunnel.since >= openingMs ? failureOf('tunnel-stalled', 'opening') : null
  }

  /** Make before break: the current tunnel goes when the one that replaces it can carry clients. */
  #replace(): void {
    if (this.#current === null && this.#next !== null) this.#promote()
    if (this.#next !== null && !this.#standing.fits(this.#next) && !this.#mayStayBeside(this.#next))
      this.#drop('next', 'close')
    if (this.#current === null || this.#next === null || this.#standing.isComing(this.#next)) return
    const usable = this.#standing.mayCarry(this.#current)
    if (this.#standing.fits(this.#current) && usable && this.#standing.isProven(this.#current))
      this.#drop('next', 'close')
    else if (
      this.#next.state === 'ready' &&
      (!usable || this.#standing.isLeft(this.#current) || this.#standing.isProven(this.#next))
    )
      this.#promote()
  }

  /** What leads to a pod that is not ready yet; it gives its place to what clients need now. */
  #mayStayBeside(next: TunnelEvidence): boolean {
    if (!this.#standing.isComing(next)) return false
    const current = this.#current
    if (current === null || this.#input.plan.kind !== 'way') return true
    return this.#standing.fits(current) && !this.#standing.isStalled(current)
  }

  #open(): void {
    const { look, plan, port } = this.#input
    if (!areUsable(look.evidence.credentials, this.#now)) return
    if (plan.kind !== 'way') {
      this.#prepare()
      return
    }
    const slot: Slot = this.#current === null ? 'current' : 'next'
    if (this.#current !== null) {
      if (this.#next !== null) return
      if (this.#standing.fits(this.#current) && !this.#standing.isStalled(this.#current)) {
        this.#prepare()
        return
      }
    }
    if (!this.#mayTry()) return
    this.#act({ kind: 'open-tunnel', portId: port.portId, slot, target: plan.target, remote: plan.remote })
    this.#opened = true
  }

  /** In a rollout the pod in use goes when the next one is ready: what leads there is opened before, and carries nothing. */
  #prepare(): void {
    const { coming, look, port } = this.#input
    if (coming === null || this.#next !== null || look.evidence.queueBusy) return
    if (this.#current !== null && this.#standing.isComing(this.#current)) return
    if (!this.#mayTry()) return
    const slot: Slot = this.#current === null ? 'current' : 'next'
    this.#act({ kind: 'open-tunnel', portId: port.portId, slot, target: coming.target, remote: coming.remote })
  }

  #probe(): void {
    if (this.#current !== null) this.#probeOne(this.#current, 'current')
    if (this.#next !== null && !this.#standing.isProven(this.#next)) this.#probeOne(this.#next, 'next')
  }

  #probeOne(tunnel: TunnelEvidence, slot: Slot): void {
    const due = this.#standing.probeDue(tunnel)
    if (due === null) return
    if (due <= this.#now) this.#act({ kind: 'probe', portId: this.#input.port.portId, slot })
    else this.#deadlines.add(due)
  }

  /** kubectl does not notice that its pod is gone before it is asked for something: some of its clients would wait for ever. */
  #probeBeside(): void {
    const { port, look } = this.#input
    const carrying = this.#current === null ? port.draining : [this.#current, ...port.draining]
    for (const tunnel of carrying) {
      const who = this.#standing.clientsInDoubt(tunnel)
      if (who === null) continue
      const due = (tunnel.probe.besideAt ?? -Infinity) + look.desired.probe.seconds * 1000
      if (due <= this.#now) this.#act({ kind: 'probe-beside', portId: port.portId, key: tunnel.key, who })
      else this.#deadlines.add(due)
    }
  }

  /** Null: clients wait, or are closed. */
  #route(): PortRoute | null {
    const tunnel = this.#current
    if (tunnel === null || !this.#standing.mayCarry(tunnel)) return null
    const doubtful = tunnel.evidenceAt === null && this.#wasRefused()
    return doubtful ? null : { kind: 'tunnel', key: tunnel.key }
  }

  #waitingRoute(status: PortStatus): PortRoute {
    if (status.kind === 'down' && policyOf(status.failure.code) !== 'retry')
      return { kind: 'close', afterMs: closeAfterMs }
    return { kind: 'park', seconds: this.#input.look.desired.parkSeconds }
  }

  #status(): PortStatus {
    const { listener } = this.#input.port
    // The reason stays while it is tried again: a moment of trying is no news.
    if (this.#bind.failure !== null)
      return this.#down(
        this.#bind.failure,
        listener.state === 'binding',
        listener.state === 'failed' ? this.#bind.at : null,
      )
    const tunnel = this.#current
    if (
      listener.state === 'bound' &&
      tunnel !== null &&
      this.#standing.mayCarry(tunnel) &&
      this.#standing.isProven(tunnel)
    ) {
      return { kind: 'live' }
    }
    const trying =
      this.#opened ||
      this.#next !== null ||
      (tunnel !== null &&
        (tunnel.state === 'opening' || (tunnel.state === 'ready' && !this.#standing.isStalled(tunnel))))
    return this.#down(this.#reason(), trying, this.#tunnel.at > this.#now ? this.#tunnel.at : null)
  }

  #down(failure: Failure, trying: boolean, nextAttemptAt: number | null): PortStatus {
    const time = nextAttemptAt === null || !Number.isFinite(nextAttemptAt) ? null : nextAttemptAt
    return { kind: 'down', failure, trying, nextAttemptAt: time }
  }

  /** First what is known about credentials and pods, then what the tunnel said, then that it is being connected. */
  #reason(): Failure {
    const { look, plan } = this.#input
    const { credentials } = look.evidence
    if (!areUsable(credentials, this.#now) && credentials.failure !== null && credentials.state !== 'ready')
      return credentials.failure
    if (plan.kind === 'none' && plan.failure.code !== 'connecting') return plan.failure
    const tunnel = this.#current
    if (tunnel !== null && tunnel.state === 'ready' && this.#standing.isDoubted(tunnel))
      return failureOf('connecting', 'wake')
    if (tunnel !== null && this.#standing.isStalled(tunnel)) return this.#explain(stalledBy(tunnel))
    if (tunnel?.state === 'ready' && tunnel.probe.hindrance !== null) return tunnel.probe.hindrance
    if (this.#tunnel.failure !== null) return this.#explain(this.#tunnel.failure)
    if (tunnel !== null && !this.#standing.podIsUsable(tunnel)) return failureOf('pod-replaced')
    if (tunnel?.state === 'opening' && tunnel.queued) return failureOf('queued')
    if (tunnel?.state === 'opening' && tunnel.trouble !== null) return this.#explain(tunnel.trouble.failure)
    if (tunnel === null || tunnel.state === 'opening') return this.#explain(failureOf('connecting'))
    return failureOf('connecting')
  }

  /** What only says that it broke gives way to what the API server's silence says. */
  #explain(failure: Failure): Failure {
    const { watch, cluster } = this.#input.look.evidence
    if (!isVagueFailure(failure)) return failure
    const api = this.#view?.failure ?? null
    const told = api === null || watch.state !== 'seen' ? null : causeOfApiFailure(api)
    return told !== null && isAboutTheServer(told.code, told.detail) ? told : (cluster ?? failure)
  }

  #promote(): void {
    const old = this.#current
    this.#act({ kind: 'promote', portId: this.#input.port.portId })
    this.#current = this.#next
    this.#next = null
    if (old === null) return
    if (this.#standing.podOf(old) === 'unusable') this.#replacedPod(podName(old))
    // Until the new one is proven this stays the reason; should it be as silent, the one after it has to wait.
    else if (this.#standing.isStalled(old)) this.#failed(stalledBy(old))
  }

  #drop(slot: Slot, how: 'drain' | 'close'): void {
    this.#act({ kind: 'drop-tunnel', portId: this.#input.port.portId, slot, how })
    if (slot === 'current') this.#current = null
    else this.#next = null
  }

  #mayTry(): boolean {
    if (this.#tunnel.at <= this.#now) return true
    this.#deadlines.add(this.#tunnel.at)
    return false
  }

  #wasRefused(): boolean {
    const code = this.#tunnel.failure?.code
    return code === 'container-not-listening' || code === 'reset-by-pod'
  }
}
