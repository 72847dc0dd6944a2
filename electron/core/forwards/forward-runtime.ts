import { drop } from '../../../contract/drop.ts'
import { assertNever } from '../../../contract/assert-never.ts'
import type { Result } from '../../../contract/errors.ts'
import type { Forward } from '../../../contract/forwards.ts'
import type { ClusterConnection, WatchTarget } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { CredentialFailure } from '../credentials/credentials.ts'
import type { Platform } from '../platform/platform.ts'
import type { WatchNews } from '../sidecar/sidecar-client.ts'
import type { StoredForward } from '../store/forward-table.ts'
import type { HistoryRow } from '../store/history-table.ts'
import type { ListenerConnection } from './listener/client-connection.ts'
import { causeNames } from './cause-names.ts'
import type { Evidence, Failure } from './evidence.ts'
import { ForwardCredentials } from './forward-credentials.ts'
import { ForwardHints, type Hint } from './forward-hints.ts'
import { ForwardPorts } from './forward-ports.ts'
import { ForwardWatch } from './forward-watch.ts'
import { LookLoop } from './look-loop.ts'
import type { Parking } from './listener/parking.ts'
import { lastEvidenceOf, podOf, trafficOf, usageOf } from './port-sums.ts'
import { reconcile } from './reconciler/reconciler.ts'
import { blankMemory, type Action, type Decision, type Memory } from './reconciler/reconcile-types.ts'
import { ShownState } from './shown-state.ts'
import { TunnelHandle } from './tunnel-handle.ts'
import type { TunnelFactory, TunnelFailure } from './tunnel/tunnel.ts'

/** What a forward needs of the rest of the app. */
export type ForwardSurroundings = {
  readonly clock: Clock
  readonly platform: Pick<Platform, 'ownerOfPort'>
  readonly parking: Parking
  readonly random: () => number
  readonly openTunnel: TunnelFactory
  readonly cluster: (clusterId: string) => KnownCluster
  readonly resolve: (
    clusterId: string,
    options: { fresh: boolean; since: number },
  ) => Promise<Result<ClusterConnection, CredentialFailure>>
  /** Tells the sidecar how to reach the cluster. */
  readonly setCluster: (clusterId: string, connection: ClusterConnection) => void
  readonly watchTarget: (watch: WatchTarget, listener: (news: WatchNews) => void) => () => void
  readonly queueBusy: () => boolean
  readonly lookForSleep: () => void
}

/** What a forward is told of its cluster. `away`: why a look within the last minute did not reach it. */
export type KnownCluster = { readonly name: string; readonly away: Failure | null }

export type ForwardEvents = {
  /** Its row is another one. */
  changed(): void
  /** It entered a state, or has another cause for it. */
  entered(row: Omit<HistoryRow, 'id'>): void
  /** Client connections ended because a tunnel did; told a moment after the state it led to. */
  connectionsLost(count: number): void
  line(stream: 'stdout' | 'stderr' | 'note', text: string, pid: number | null): void
}

/** Whoever asks for a forward waits so long at most until its local ports are bound, ms. */
const listeningMs = 1_000

/**
 * One forward as it runs: gathers evidence, lets the reconciler decide, and does what it decided. Nothing here chooses;
 * nothing of one forward waits for another.
 */
export class ForwardRuntime {
  readonly #surroundings: ForwardSurroundings
  readonly #events: ForwardEvents
  readonly #ports: ForwardPorts
  readonly #hints: ForwardHints
  #stored: StoredForward
  readonly #credentials: ForwardCredentials
  readonly #watch: ForwardWatch
  #memory: Memory = blankMemory
  #nextKey = 1
  readonly #shown: ShownState
  #decision: Decision | null = null
  readonly #loop: LookLoop
  #closed = false
  readonly #afterLook: (() => void)[] = []

  constructor(forward: StoredForward, surroundings: ForwardSurroundings, events: ForwardEvents) {
    this.#surroundings = surroundings
    this.#events = events
    this.#stored = forward
    this.#loop = new LookLoop({ clock: surroundings.clock, look: () => this.#look() })
    this.#hints = new ForwardHints(surroundings.clock)
    this.#shown = new ShownState({ ...surroundings, ...events })
    this.#credentials = new ForwardCredentials({ ...surroundings, obtained: surroundings.setCluster })
    this.#watch = new ForwardWatch({
      ...surroundings,
      changed: this.wake,
      reached: () => this.#hints.note('reached'),
    })
    const note = (text: string): void => events.line('note', text, null)
    this.#ports = new ForwardPorts({ ...surroundings, changed: this.wake, note })
    this.#ports.follow(forward)
  }

  get stored(): StoredForward {
    return this.#stored
  }

  /** Starts to live: listeners first. */
  start(): void {
    this.#look()
  }

  /** Settles when each wanted local port is bound or it is known why not, so that its address may be told; soon anyway. */
  async listening(): Promise<void> {
    const late = new AbortController()
    const timer = this.#surroundings.clock.after(listeningMs, () => late.abort())
    const isBinding = (): boolean => !this.#closed && this.#stored.desired === 'on' && !this.#ports.settled
    while (isBinding() && !late.signal.aborted) {
      const looked = Promise.withResolvers<undefined>()
      this.#afterLook.push(() => looked.resolve(undefined))
      late.signal.addEventListener('abort', () => looked.resolve(undefined), { once: true })
      await looked.promise
    }
    timer.cancel()
  }

  /** The user wants something else of it. Another target, namespace or cluster: nobody who waits is handed over. */
  change(next: StoredForward): void {
    const before = this.#stored
    this.#stored = next
    const moved =
      before.clusterId !== next.clusterId ||
      before.namespace !== next.namespace ||
      JSON.stringify(before.target) !== JSON.stringify(next.target)
    const turnedOn = before.desired === 'off' && next.desired === 'on'
    // What was handed out earlier may be of a vault that is locked now, or of another cluster.
    if (before.clusterId !== next.clusterId || turnedOn) this.#credentials.replace()
    if (moved) this.#retarget()
    this.#ports.follow(next)
    this.#hints.byPerson()
    this.#look()
    this.#events.changed()
  }

  #retarget(): void {
    this.#watch.end()
    this.#memory = { ...blankMemory, hints: this.#hints.evidence.hints }
    this.#ports.retarget()
  }

  /** Something changed that makes another try worth it. */
  hint(kind: Hint): void {
    this.#hints.note(kind)
    this.wake()
  }

  /** Since when the machine slept, ms since the epoch; to be told before the wake. */
  slept(from: number): void {
    this.#shown.slept(from)
  }

  /** Replaces its tunnels; the local ports stay bound. */
  restart(): void {
    this.#hints.restart()
    this.wake()
  }

  /**
   * The cluster's credentials are other ones: tunnels move over, ports stay. With another server it is another cluster:
   * nobody who waits is handed over.
   */
  credentialsReplaced({ anotherServer }: { anotherServer: boolean }): void {
    this.#credentials.replace()
    if (anotherServer) this.#retarget()
    this.#hints.byPerson()
    this.wake()
  }

  /** The vault was locked: what came out of it is forgotten. Tunnels that are open stay; new ones wait. */
  forgetCredentials(): void {
    this.#credentials.forget()
    this.wake()
  }

  row(): Forward {
    const ports = this.#ports.all
    const traffic = trafficOf(ports)
    const usage = usageOf(ports)
    const decision = this.#decision
    return {
      ...this.#stored,
      state: this.#shown.state,
      cause: this.#shown.cause,
      observed: {
        pod: podOf(ports),
        since: this.#shown.since,
        lastEvidenceAt: this.#wallTime(lastEvidenceOf(ports)),
        watching: decision?.watching ?? false,
        resolvedBy: decision?.resolvedBy ?? null,
        reconnects: this.#shown.reconnects,
        connections: traffic.open,
        parked: traffic.parked,
        bytesIn: traffic.bytesIn,
        bytesOut: traffic.bytesOut,
        nextAttemptAt: this.#wallTime(decision?.nextAttemptAt ?? null),
        attempt: decision?.attempt ?? 0,
        cpuPercent: usage?.cpuPercent ?? null,
        memoryBytes: usage?.memoryBytes ?? null,
      },
    }
  }

  get reaches(): boolean | null {
    return this.#shown.reaches
  }

  get openConnections(): number {
    return trafficOf(this.#ports.all).open
  }

  connections(): { portId: string; local: number; connection: ListenerConnection }[] {
    return this.#ports.connections()
  }

  /** A text that differs when what is observed of it does, beside its state and cause, which are told at once. */
  observedText(): string {
    const ports = this.#ports.all
    const { bytesIn, bytesOut, open, parked } = trafficOf(ports)
    const { watching, resolvedBy, attempt, nextAttemptAt } = this.#decision ?? {}
    const seen = [podOf(ports), lastEvidenceOf(ports), watching, resolvedBy, attempt, nextAttemptAt]
    return [bytesIn, bytesOut, open, parked, ...seen].join(' ')
  }

  /** Ends all of it; what the user wants stays. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#closed = true
    this.#loop.close()
    // What still knows this forward for a while, a timer or a tunnel that ends, must not know these.
    this.#credentials.forget()
    this.#watch.end()
    await this.#ports.close()
  }

  #evidence(): Evidence {
    return {
      ...this.#ports.evidence,
      ...this.#hints.evidence,
      credentials: this.#credentials.evidence,
      watch: this.#watch.evidence,
      cluster: this.#surroundings.cluster(this.#stored.clusterId).away,
      queueBusy: this.#surroundings.queueBusy(),
    }
  }

  /** Looks again soon, because something changed: its own evidence, or the queue of starts. */
  readonly wake = (): void => this.#loop.wake()

  #look(): void {
    if (this.#closed) return
    const { clock, random } = this.#surroundings
    this.#surroundings.lookForSleep()
    const now = clock.monotonic()
    const { desired, target, ports, podPolicy, probe, parkSeconds } = this.#stored
    const decision = reconcile({
      desired: { on: desired === 'on', target, ports, podPolicy, probe, parkSeconds },
      evidence: this.#evidence(),
      memory: this.#memory,
      now,
      random,
    })
    this.#memory = decision.memory
    this.#decision = decision
    // No client comes between what is done and where it leads: both are of one turn.
    for (const action of decision.actions) this.#act(action)
    for (const [portId, route] of decision.routes) this.#ports.get(portId)?.route(route)
    const { name } = this.#surroundings.cluster(this.#stored.clusterId)
    const names = causeNames(this.#stored, { portId: decision.portId, cluster: name, pod: podOf(this.#ports.all) })
    this.#shown.show(decision, names, trafficOf(this.#ports.all))
    this.#loop.looked({ acted: decision.actions.length > 0, wakeAt: decision.wakeAt, now })
    for (const tell of this.#afterLook.splice(0)) tell()
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'watch':
        this.#watch.start(this.#watched())
        return
      case 'look-again':
        this.#watch.again(this.#watched())
        return
      case 'unwatch':
        this.#watch.end()
        return
      case 'bind':
        this.#ports.get(action.portId)?.bind()
        return
      case 'unbind':
        this.#ports.get(action.portId)?.unbind()
        return
      case 'resolve-credentials':
        drop(this.#obtain(action.fresh), 'its outcome is evidence')
        return
      case 'open-tunnel':
        this.#openTunnel(action)
        return
      case 'promote':
        this.#ports.get(action.portId)?.promote()
        return
      case 'drop-tunnel':
        this.#ports.get(action.portId)?.dropTunnel(action.slot, action.how)
        return
      case 'probe':
        this.#ports.get(action.portId)?.tunnel(action.slot)?.probe()
        return
      case 'probe-beside':
        this.#ports.get(action.portId)?.probeBeside(action.key, action.who)
        return
      case 'cut-draining':
        this.#ports.cutDraining()
        return
      default:
        assertNever(action)
    }
  }

  #watched(): WatchTarget {
    const { clusterId, namespace, target } = this.#stored
    return { clusterId, namespace, target }
  }

  async #obtain(fresh: boolean): Promise<void> {
    const since = this.#hints.personAt
    if (await this.#credentials.obtain(this.#stored.clusterId, { fresh, since })) this.wake()
  }

  #openTunnel({ portId, slot, target, remote }: Action & { kind: 'open-tunnel' }): void {
    const port = this.#ports.get(portId)
    const { connection, evidence } = this.#credentials
    if (port === undefined || connection === null) return
    const { id, name, namespace } = this.#stored
    const handle = new TunnelHandle({
      request: { forwardId: id, portId, label: name, namespace, target, remote, connection: this.#credentials.lend() },
      openTunnel: this.#surroundings.openTunnel,
      clock: this.#surroundings.clock,
      identity: {
        key: this.#nextKey++,
        epoch: evidence.epoch,
        version: evidence.version,
        restarts: this.#hints.evidence.restarts,
      },
      changed: this.wake,
      connectionsLost: (count, failure) => this.#connectionsLost(count, failure),
      line: (stream, text, pid) => this.#events.line(stream, text, pid),
    })
    port.put(slot, handle)
  }

  #connectionsLost(count: number, failure: TunnelFailure): void {
    this.#events.connectionsLost(count)
    this.#events.line(
      'note',
      `${count === 1 ? 'A connection was' : `${count} connections were`} lost: ${failure.message}`,
      null,
    )
  }

  /** Monotonic ms as ms since the epoch. */
  #wallTime(monotonic: number | null): number | null {
    const { clock } = this.#surroundings
    return monotonic === null ? null : Math.round(clock.now() + monotonic - clock.monotonic())
  }
}
