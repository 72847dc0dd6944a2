import { isDeepStrictEqual } from 'node:util'
import type { ClusterDependents } from '../../../contract/clusters.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type {
  CreateForwardInput,
  Forward,
  OutputLine,
  UpdateForwardInput,
  HintKind,
} from '../../../contract/forwards.ts'
import type { VaultStatus } from '../../../contract/system.ts'
import type { Clock, Timer } from '../clock.ts'
import type { ClusterChange, ClusterService } from '../clusters/cluster-service.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Log } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import type { Platform } from '../platform/platform.ts'
import type { ChildProcesses } from '../processes/child-processes.ts'
import type { SettingsService } from '../settings/settings-service.ts'
import type { SidecarClient } from '../sidecar/sidecar-client.ts'
import { Listeners } from '../listeners.ts'
import { ForwardTable, type StoredForward } from '../store/forward-table.ts'
import { HistoryTable } from '../store/history-table.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../vault/vault.ts'
import { failureOfCluster } from './causes.ts'
import { chooseLocalPorts, editedDraft, newDraft, problemOf } from './forward-draft.ts'
import { ForwardOutput } from './forward-output.ts'
import { ForwardQueries, knownForward } from './forward-queries.ts'
import { ForwardRuntime, type ForwardSurroundings, type KnownCluster } from './forward-runtime.ts'
import { Parking } from './listener/parking.ts'
import type { TunnelFactory } from './tunnel/tunnel.ts'

export type ForwardServiceOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Folder for what the engines print. */
  readonly logsDir: string
  readonly platform: Platform
  readonly settings: SettingsService
  readonly vault: Pick<Vault, 'onChange'>
  readonly clusters: Pick<ClusterService, 'get' | 'onChange'>
  readonly credentials: Pick<Credentials, 'resolve' | 'onChange'>
  readonly sidecar: SidecarClient
  readonly children: Pick<ChildProcesses, 'counts' | 'onCounts'>
  readonly openTunnel: TunnelFactory
  readonly random?: () => number
  /** Called before a state is shown: tells {@link ForwardService.slept} first if the machine slept just now. */
  readonly lookForSleep?: () => void
}

export type ForwardChange = {
  readonly id: string
  readonly kind: 'changed' | 'gone'
  readonly clusterId: string
  /** It was made, removed, or is wanted otherwise than before. */
  readonly wantedChanged: boolean
  /** Whether it reaches its cluster; null: that cannot be told from it. */
  readonly reaches: boolean | null
}

type Verb =
  | 'list'
  | 'create'
  | 'check'
  | 'get'
  | 'update'
  | 'remove'
  | 'start'
  | 'stop'
  | 'restart'
  | 'history'
  | 'output'
  | 'connections'

/** So often is looked whether something flowed, for the rows. */
const observedMs = 1000
/** So often is written down that the app runs. */
const seenMs = 30_000
/** What a look found says nothing any more after this, ms. One that forwards wait for is looked at more than twice as often. */
const lookHoldsMs = 60_000
const mostForwards = 2000

/** The forwards: what the user wants of them, stored before it is answered, and the running part of each. */
export class ForwardService {
  readonly #options: ForwardServiceOptions
  readonly #table: ForwardTable
  readonly #history: HistoryTable
  readonly #output: ForwardOutput
  readonly #runtimes = new Map<string, ForwardRuntime>()
  readonly #queries: ForwardQueries
  readonly #observed = new Map<string, string>()
  readonly #changes = new Listeners<ForwardChange>()
  readonly #lines = new Listeners<{ id: string; lines: OutputLine[] }>()
  readonly #surroundings: ForwardSurroundings
  readonly #unlisten: (() => void)[] = []
  #observedTimer: Timer | null = null
  #seenTimer: Timer | null = null
  #queueBusy = false
  /** Each decision of each forward asks, and a cluster is made of much more. */
  /** `checkedAt`: when it was looked at, ms since the epoch. */
  readonly #clusters = new Map<string, KnownCluster & { readonly checkedAt: number | null }>()
  /** Changes of what is wanted, one after another: each checks against those before it. */
  #changing: Promise<unknown> = Promise.resolve()

  readonly onChange = this.#changes.listen
  readonly onOutput = this.#lines.listen

  constructor(options: ForwardServiceOptions) {
    const { store, clock, log, credentials, sidecar, openTunnel, platform } = options
    this.#options = options
    this.#table = new ForwardTable(store)
    this.#history = new HistoryTable({ store, log })
    this.#output = new ForwardOutput({ folder: options.logsDir, now: () => clock.now() })
    this.#queries = new ForwardQueries({
      clock,
      platform,
      credentials,
      sidecar,
      history: this.#history,
      output: this.#output,
      runtimes: this.#runtimes,
    })
    this.#surroundings = {
      clock,
      platform,
      parking: new Parking(),
      random: options.random ?? Math.random,
      openTunnel,
      cluster: (id) => this.#cluster(id),
      resolve: (id, wish) => credentials.resolve(id, wish),
      setCluster: (id, connection) => sidecar.setCluster(id, connection),
      watchTarget: (watch, listener) => sidecar.watchTarget(watch, listener),
      queueBusy: () => this.#queueBusy,
      lookForSleep: options.lookForSleep ?? (() => undefined),
    }
  }

  /** Brings back what is wanted, all at once, listeners first; nothing of one waits for another. */
  start(): void {
    const { clock, clusters, vault, children, credentials } = this.#options
    const stored = this.#table.all()
    this.#history.noteAbsence(clock.now())
    for (const forward of stored) this.#run(forward)
    this.#unlisten.push(
      clusters.onChange((change) => this.#clusterChanged(change)),
      vault.onChange(({ state }) => this.#vaultChanged(state)),
      children.onCounts(({ queued }) => this.#queueChanged(queued > 0)),
      credentials.onChange((id) => {
        for (const runtime of this.#ofCluster(id)) runtime.wake()
      }),
    )
    this.#watchObserved()
    this.#stillHere()
  }

  async close(): Promise<void> {
    this.#observedTimer?.cancel()
    this.#seenTimer?.cancel()
    for (const end of this.#unlisten) end()
    this.#history.seen(this.#options.clock.now())
    await Promise.all([...this.#runtimes.values()].map((runtime) => runtime.close()))
  }

  list(): Forward[] {
    return [...this.#runtimes.values()].map((runtime) => runtime.row())
  }

  get(id: string): Forward | null {
    return this.#runtimes.get(id)?.row() ?? null
  }

  /** Its last lines; undefined: there is no such forward. */
  output(id: string): OutputLine[] | undefined {
    return this.#queries.output(id)
  }

  /** Something changed that makes another try worth it; what concerns the network is told to the sidecar as well. */
  hint(kind: HintKind, only: string | null = null): void {
    if (kind === 'wake' || kind === 'network') this.#options.sidecar.hint()
    for (const [id, runtime] of this.#runtimes)
      if (runtime.stored.desired === 'on' && (only === null || only === id)) runtime.hint(kind)
  }

  /** The machine slept from then (ms since the epoch) until now. */
  slept(from: number): void {
    for (const runtime of this.#runtimes.values()) runtime.slept(from)
  }

  forwardsOf(clusterId: string): ClusterDependents['forwards'] {
    return this.#ofCluster(clusterId).map((runtime) => {
      // Not the whole row: that asks the system about every kubectl, and each look at a cluster passes here.
      const { id, name, desired } = runtime.stored
      return { id, name, desired, connections: runtime.openConnections }
    })
  }

  /** Within a change of the store: out of the database. They run until {@link ForwardService.endForwardsOf}. */
  deleteForwardsOf(clusterId: string): Result<void> {
    return this.#table.removeOfCluster(clusterId)
  }

  /** Ends all that were deleted with their cluster, at the same moment: none may write what it enters any more. */
  async endForwardsOf(clusterId: string): Promise<void> {
    await Promise.all(this.#ofCluster(clusterId).map((runtime) => this.#end(runtime)))
  }

  handlers(): HandlersOf<`forwards.${Verb}` | 'app.hint'> {
    return {
      'forwards.list': () => ok(this.list()),
      'forwards.create': (input) => this.create(input),
      'forwards.get': ({ id }) => this.#known(id, (runtime) => ok(runtime.row())),
      'forwards.update': (input) => this.update(input),
      'forwards.remove': ({ id }) => this.#known(id, () => this.#remove(id)),
      'forwards.start': ({ id }) => this.update({ id, desired: 'on' }),
      'forwards.stop': ({ id }) => this.update({ id, desired: 'off' }),
      'forwards.restart': ({ id }) =>
        this.#known(id, (runtime) => {
          runtime.restart()
          return ok(runtime.row())
        }),
      ...this.#queries.handlers(),
      'app.hint': ({ kind, forwardId }) => {
        this.hint(kind, forwardId)
        return ok({})
      },
    }
  }

  /** Stores a new forward and lets it run. Errors: not-found, invalid-input, local-port-taken, limit-reached, storage-failed. */
  create(input: CreateForwardInput): Promise<Result<Forward>> {
    return this.#inTurn(() => this.#create(input))
  }

  async #create(input: CreateForwardInput): Promise<Result<Forward>> {
    const { clock, settings } = this.#options
    if (this.#runtimes.size >= mostForwards)
      return fail(
        appError('limit-reached', `There are ${mostForwards} forwards already.`, 'Remove some you do not need.'),
      )
    const complete = await this.#complete(newDraft(input, settings.get(), clock.now()))
    if (!complete.ok) return complete
    const written = this.#table.insert(complete.value)
    if (!written.ok) return written
    const runtime = this.#run(complete.value)
    this.#tell(runtime.stored, true)
    await runtime.listening()
    return ok(runtime.row())
  }

  /** Stores what is to be otherwise, then does it. Errors: as {@link ForwardService.create}. */
  update(input: UpdateForwardInput): Promise<Result<Forward>> {
    return this.#inTurn(() => this.#update(input))
  }

  #update(input: UpdateForwardInput): Promise<Result<Forward>> {
    return this.#known(input.id, async (runtime) => {
      const before = runtime.stored
      const draft = editedDraft(before, input, this.#options.clock.now())
      const complete = await this.#complete(draft)
      if (!complete.ok) return complete
      const written = this.#table.update(complete.value)
      if (!written.ok) return written
      runtime.change(complete.value)
      this.#tell(complete.value, before.desired !== draft.desired || before.clusterId !== draft.clusterId)
      await runtime.listening()
      return ok(runtime.row())
    })
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change)
    this.#changing = changed.catch(() => undefined)
    return changed
  }

  async #remove(id: string): Promise<Result<Record<string, never>>> {
    const runtime = this.#runtimes.get(id)
    if (runtime === undefined) return ok({})
    const removed = this.#table.remove(id)
    if (!removed.ok) return removed
    await this.#end(runtime)
    return ok({})
  }

  async #end(runtime: ForwardRuntime): Promise<void> {
    const { id, clusterId } = runtime.stored
    this.#runtimes.delete(id)
    this.#observed.delete(id)
    this.#output.forget(id)
    await runtime.close()
    this.#history.forget(id)
    this.#changes.emit({ id, kind: 'gone', clusterId, wantedChanged: true, reaches: null })
  }

  /** Checks what the types cannot, and chooses local ports that were left open. */
  async #complete(draft: StoredForward): Promise<Result<StoredForward>> {
    const others = this.#stored().filter((forward) => forward.id !== draft.id)
    const clusterExists = this.#options.clusters.get(draft.clusterId) !== null
    const problem = problemOf(draft, { clusterExists, others })
    if (problem !== null) return fail(problem)
    return chooseLocalPorts(draft, others, this.#surroundings.random)
  }

  #run(forward: StoredForward): ForwardRuntime {
    const { id } = forward
    const runtime = new ForwardRuntime(forward, this.#surroundings, {
      changed: () => this.#tell(runtime.stored, false),
      entered: (row) => this.#history.append(id, row),
      connectionsLost: (count) => this.#history.addLost(id, count),
      line: (stream, text, pid) => {
        // The last words of a kubectl may come after its forward was removed: nobody keeps those.
        if (this.#runtimes.has(id)) this.#lines.emit({ id, lines: [this.#output.add(id, stream, text, pid)] })
      },
    })
    this.#runtimes.set(id, runtime)
    runtime.start()
    return runtime
  }

  #tell(forward: StoredForward, wantedChanged: boolean): void {
    const runtime = this.#runtimes.get(forward.id)
    if (runtime === undefined) return
    const { id, clusterId } = forward
    this.#changes.emit({ id, kind: 'changed', clusterId, wantedChanged, reaches: runtime.reaches })
  }

  #vaultChanged(state: VaultStatus['state']): void {
    if (state === 'unlocked') this.hint('look')
    else if (state === 'locked') for (const runtime of this.#runtimes.values()) runtime.forgetCredentials()
  }

  #cluster(id: string): KnownCluster {
    let known = this.#clusters.get(id)
    if (known === undefined) {
      const cluster = this.#options.clusters.get(id)
      known =
        cluster === null
          ? { name: 'the cluster', away: null, checkedAt: null }
          : { name: cluster.name, away: failureOfCluster(cluster.status), checkedAt: cluster.status.checkedAt }
      this.#clusters.set(id, known)
    }
    const { name, away, checkedAt } = known
    const isFresh = checkedAt !== null && this.#options.clock.now() - checkedAt < lookHoldsMs
    return { name, away: isFresh ? away : null }
  }

  #clusterChanged({ id, kind, anotherServer = false }: ClusterChange): void {
    const before = this.#clusters.has(id) ? this.#cluster(id) : undefined
    this.#clusters.delete(id)
    if (before !== undefined && kind !== 'removed' && !isDeepStrictEqual(before, this.#cluster(id)))
      for (const runtime of this.#ofCluster(id)) runtime.wake()
    if (kind === 'credentials')
      for (const runtime of this.#ofCluster(id)) runtime.credentialsReplaced({ anotherServer })
    if (kind === 'reached') for (const runtime of this.#ofCluster(id)) runtime.hint('reached')
  }

  /** Rows tell once a second what flowed, when they were heard of, and when they are tried again; states are told at once. */
  #watchObserved(): void {
    this.#observedTimer = this.#options.clock.after(observedMs, () => {
      for (const [id, runtime] of this.#runtimes) {
        const now = runtime.observedText()
        if (this.#observed.get(id) !== now) this.#tell(runtime.stored, false)
        this.#observed.set(id, now)
      }
      this.#watchObserved()
    })
  }

  /** What history needs to tell a crash of ours from a long life. */
  #stillHere(): void {
    const { clock } = this.#options
    this.#history.seen(clock.now())
    this.#seenTimer = clock.after(seenMs, () => this.#stillHere())
  }

  #queueChanged(isBusy: boolean): void {
    if (isBusy === this.#queueBusy) return
    this.#queueBusy = isBusy
    for (const runtime of this.#runtimes.values()) if (runtime.stored.desired === 'on') runtime.wake()
  }

  #ofCluster(clusterId: string): ForwardRuntime[] {
    return [...this.#runtimes.values()].filter((runtime) => runtime.stored.clusterId === clusterId)
  }

  #stored(): StoredForward[] {
    return [...this.#runtimes.values()].map((runtime) => runtime.stored)
  }

  #known<T>(id: string, act: (runtime: ForwardRuntime) => Result<T> | Promise<Result<T>>): Promise<Result<T>> {
    return knownForward(this.#runtimes, id, act)
  }
}
