import { fail, type Result } from '../../../../contract/errors.ts'
import { drop } from '../../../../contract/drop.ts'
import type { Clock, Timer } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { chooseChild, missingChildren } from './kubectl-choice.ts'
import { KubectlChild, type KubectlOptions } from './kubectl-child.ts'
import { queued } from './kubectl-failures.ts'
import { Prober } from './probe.ts'
import type {
  ClientsInDoubt,
  ProbeResult,
  StreamClient,
  Tunnel,
  TunnelEvents,
  TunnelFactory,
  TunnelFailure,
  TunnelRequest,
  TunnelStream,
} from './tunnel.ts'

export type KubectlTunnelOptions = KubectlOptions & { readonly log: Log }

/** A port that took a connection this long ago is trusted with clients next to others, ms; longer than between two probes. */
export const provenMs = 6_000
/** On an unproven port one stream goes ahead and the others wait for its fate, at most so long. */
const trialMs = 100
/** After a trial that only stayed silent, others follow without one for so long. */
const trialPassedMs = 1_000
/** A client that stays this long gets a free child beside its own; a short request is not worth a process. */
const spareAfterMs = 500
/** Clients that have heard nothing for so long may wait for nothing. */
const quietMs = 10_000
/** A free child is kept this long after the last client. */
const spareMs = 60_000
const evidenceMs = 200
const lostMs = 50

/** Tunnels by `kubectl port-forward`, the engine that works wherever kubectl does. */
export function kubectlTunnelFactory(options: KubectlTunnelOptions): TunnelFactory {
  return (request, events) => new KubectlTunnel(request, events, options)
}

/**
 * A way to one port of one pod through kubectl children: one, and while clients are connected another one that probes
 * and streams to an unproven port go through, because a single refused connection ends a kubectl and all its streams.
 */
class KubectlTunnel implements Tunnel {
  readonly request: TunnelRequest
  readonly #events: TunnelEvents
  readonly #options: KubectlTunnelOptions
  readonly #clock: Clock
  readonly #prober: Prober
  #state: Tunnel['state'] = 'opening'
  #children: KubectlChild[] = []
  /** Left the choice, still carry clients or are ending. */
  readonly #leaving = new Set<KubectlChild>()
  /** Not yet gone, or what was lost with them is not yet told. */
  readonly #unsettled = new Set<KubectlChild>()
  /** Why the last child that was wanted never came to be. */
  #notStarted: TunnelFailure | null = null
  #provenAt = -Infinity
  #trial: { readonly over: Promise<void>; readonly proven: () => void } | null = null
  #trialPassedAt = -Infinity
  #evidenceAt = -Infinity
  #lost: { count: number; failure: TunnelFailure; readonly timer: Timer } | null = null
  #spare: Timer | null = null
  #trim: Timer | null = null
  #clientLeftAt = -Infinity
  /** The owner let it go, or knows that it is lost. */
  #told = false
  #closed = false

  constructor(request: TunnelRequest, events: TunnelEvents, options: KubectlTunnelOptions) {
    this.request = request
    this.#events = events
    this.#options = options
    this.#clock = options.clock
    this.#prober = new Prober(options.clock)
    this.#startChild()
  }

  get state(): Tunnel['state'] {
    return this.#state
  }

  get connections(): number {
    let count = 0
    for (const child of this.#all()) count += child.streams
    return count
  }

  async open(client?: StreamClient): Promise<Result<TunnelStream, TunnelFailure>> {
    await this.#waitForTrial()
    const tried = new Set<KubectlChild>()
    let failed: Result<TunnelStream, TunnelFailure> = fail(notOpen(this.#state))
    while (this.#state === 'ready') {
      const ready = this.#ready().filter((child) => !tried.has(child))
      const child = ready[chooseChild(ready, this.#proven()) ?? -1]
      if (child === undefined) return failed
      tried.add(child)
      if (!this.#proven() && this.#trial === null) this.#startTrial(child)
      const opened = await child.open(client, ready.length === 1)
      if (opened.ok) {
        this.#spare ??= this.#clock.after(spareAfterMs, () => {
          this.#spare = null
          this.#addSpare()
        })
        return opened
      }
      failed = opened
    }
    return failed
  }

  async probe(): Promise<ProbeResult> {
    if (this.#state !== 'ready') return { kind: 'inconclusive', why: 'kubectl is not ready' }
    if (this.#ready().some((child) => child.stopped)) return { kind: 'stalled', ms: 0 }
    // The youngest: the oldest one is the first to get clients.
    const free = this.#ready().findLast((child) => child.streams === 0)
    if (free === undefined) return this.#whyNotAsked()
    const startedAt = this.#clock.monotonic()
    const result = await this.#prober.probe(free)
    if (result.kind === 'live') this.#provenAt = Math.max(this.#provenAt, startedAt)
    return result
  }

  async probeBeside(who: ClientsInDoubt): Promise<void> {
    await Promise.all(this.#ready().map((child) => this.#probeBeside(child, who)))
  }

  async #probeBeside(child: KubectlChild, who: ClientsInDoubt): Promise<void> {
    const waiting = child.waitingInVain(who, quietMs)
    if (waiting.length === 0) return
    const { kind } = await this.#prober.probe(child)
    if (kind === 'live') for (const stream of waiting) stream.podSeen = true
  }

  /** Every child that is ready carries clients; another one is on its way, or cannot come. */
  #whyNotAsked(): ProbeResult {
    const why = 'every kubectl carries clients'
    const hindrance = this.#children.some((child) => child.waits) ? queued : this.#notStarted
    this.#addSpare()
    return { kind: 'inconclusive', why, ...(hindrance === null ? {} : { hindrance }) }
  }

  drain(): void {
    if (this.#state === 'closed') return
    this.#told = true
    this.#leave()
  }

  async close(): Promise<void> {
    this.#told = true
    this.#closed = true
    this.#state = 'closed'
    this.#cancelTimers()
    await Promise.all([...this.#unsettled].map((child) => child.stop()))
    // What was lost before; what ended with the tunnel was ended on purpose.
    this.#tellLost()
  }

  usage(): { cpuPercent: number; memoryBytes: number; pids: number[] } | null {
    const sum = { cpuPercent: 0, memoryBytes: 0, pids: [] as number[] }
    for (const child of this.#all()) {
      const used = child.usage()
      if (used === null || child.pid === null) continue
      sum.cpuPercent += used.cpuPercent
      sum.memoryBytes += used.memoryBytes
      sum.pids.push(child.pid)
    }
    return sum.pids.length === 0 ? null : sum
  }

  #all(): KubectlChild[] {
    return [...this.#children, ...this.#leaving]
  }

  #ready(): KubectlChild[] {
    return this.#children.filter((child) => child.isReady())
  }

  #proven(): boolean {
    return this.#clock.monotonic() - this.#provenAt < provenMs
  }

  #startChild(): void {
    const child: KubectlChild = new KubectlChild(this.request, this.#options, {
      waits: (waits) => {
        if (this.#state === 'opening') this.#events.waits(waits)
      },
      ready: () => this.#childReady(),
      streamClosed: () => this.#streamClosed(),
      bytes: (openedAt) => this.#bytesCame(openedAt),
      streamsLost: (count, failure) => this.#streamsLost(count, failure),
      useless: (failure) => this.#lose(failure),
      ended: (failure) => this.#childEnded(child, failure),
      line: (stream, text, pid) => this.#events.line(stream, text, pid),
    })
    this.#children.push(child)
    this.#unsettled.add(child)
    drop(
      child.settled.then(() => this.#unsettled.delete(child)),
      'only remembered until then',
    )
  }

  #childReady(): void {
    this.#notStarted = null
    if (this.#state !== 'opening') return
    this.#state = 'ready'
    this.#events.ready()
  }

  #childEnded(child: KubectlChild, failure: TunnelFailure): void {
    this.#children = this.#children.filter((other) => other !== child)
    this.#leaving.delete(child)
    this.#notStarted = child.pid === null ? failure : null
    if (this.#state === 'closed') return
    if (this.#state === 'draining') {
      if (this.connections === 0) this.#finish()
      return
    }
    // Another child goes on where this one ended; without one that can, the tunnel is lost.
    if (this.#ready().some((other) => !other.stopped)) return
    const coming = this.#children.find(({ state }) => state === 'starting')
    if (coming === undefined) this.#lose(failure)
    else if (this.#state === 'ready') {
      this.#state = 'opening'
      this.#events.reopening(failure)
      if (coming.waits) this.#events.waits(true)
    }
  }

  #addSpare(): void {
    if (this.#state === 'ready' && missingChildren(this.#children) > 0) this.#startChild()
  }

  #bytesCame(openedAt: number): void {
    this.#provenAt = Math.max(this.#provenAt, openedAt)
    this.#trial?.proven()
    const now = this.#clock.monotonic()
    if (now - this.#evidenceAt < evidenceMs || this.#closed) return
    this.#evidenceAt = now
    this.#events.evidence()
  }

  /** While nothing is known about the port, one stream goes ahead: if it is refused, it alone went with its kubectl. */
  async #waitForTrial(): Promise<void> {
    while (this.#trial !== null && !this.#proven()) await this.#trial.over
  }

  /** It is over when bytes came, when the child failed, or when it was silent for long enough. */
  #startTrial(child: KubectlChild): void {
    if (this.#clock.monotonic() - this.#trialPassedAt < trialPassedMs) return
    const proof = Promise.withResolvers<null>()
    const over = Promise.race([proof.promise, child.failureWithin(trialMs)]).then((failure) => {
      if (failure === null) this.#trialPassedAt = this.#clock.monotonic()
      this.#trial = null
    })
    this.#trial = { over, proven: () => proof.resolve(null) }
  }

  #streamsLost(count: number, failure: TunnelFailure): void {
    if (this.#lost !== null) this.#lost.count += count
    else this.#lost = { count, failure, timer: this.#clock.after(lostMs, () => this.#tellLost()) }
  }

  #tellLost(): void {
    const lost = this.#lost
    if (lost === null) return
    this.#lost = null
    lost.timer.cancel()
    this.#events.connectionsLost(lost.count, lost.failure)
  }

  #streamClosed(): void {
    this.#clientLeftAt = this.#clock.monotonic()
    if (this.#state === 'draining') {
      for (const child of this.#children) if (child.streams === 0) this.#stop(child)
      if (this.connections === 0) this.#finish()
    } else if (this.#state !== 'closed') this.#trim ??= this.#clock.after(spareMs, this.#trimChildren)
  }

  /** Ends free children that nothing needed for a while: one stays, beside children with clients or alone. */
  readonly #trimChildren = (): void => {
    this.#trim = null
    if (this.#state !== 'ready') return
    const wait = this.#clientLeftAt + spareMs - this.#clock.monotonic()
    if (wait > 0) {
      this.#trim = this.#clock.after(wait, this.#trimChildren)
      return
    }
    const free = this.#ready().filter((child) => child.streams === 0)
    for (const child of free.slice(1)) this.#stop(child)
  }

  #stop(child: KubectlChild): void {
    this.#children = this.#children.filter((other) => other !== child)
    this.#leaving.add(child)
    drop(child.stop(), 'its end is an event')
  }

  #lose(failure: TunnelFailure): void {
    if (this.#state === 'closed' || this.#state === 'draining') return
    this.#leave()
    if (this.#told) return
    this.#told = true
    this.#events.lost(failure)
  }

  /** Nothing new; children go when their last client has gone. */
  #leave(): void {
    this.#state = 'draining'
    for (const child of this.#children) if (child.streams === 0) this.#stop(child)
    if (this.connections === 0) this.#finish()
  }

  #finish(): void {
    this.#state = 'closed'
    this.#cancelTimers()
    for (const child of this.#children) this.#stop(child)
  }

  #cancelTimers(): void {
    this.#trim?.cancel()
    this.#spare?.cancel()
  }
}

const notOpen = (state: Tunnel['state']): TunnelFailure =>
  state === 'opening'
    ? { code: 'connecting', detail: null, message: 'kubectl is not ready yet.' }
    : { code: 'stopping', detail: null, message: 'This connection to the pod is ending and takes no new clients.' }
