import type { z } from 'zod'
import type {
  AddClustersInput,
  Cluster,
  ClusterDependents,
  ClusterStatus,
  RotateInput,
  UpdateClusterInput,
} from '../../../contract/clusters.ts'
import { drop } from '../../../contract/drop.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { AllowedCommand, CredentialCommand } from '../../../contract/kubeconfigs.ts'
import type { Clock } from '../clock.ts'
import { type CommandToRun, covers, shownCommand } from '../kubeconfig/credential-command.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { sameButTokens } from '../kubeconfig/refreshed-entry.ts'
import type { Log } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { Listeners } from '../listeners.ts'
import type { ClusterRow } from '../store/cluster-table.ts'
import type { Store } from '../store/store.ts'
import { ClusterRecords, nameTaken, noSuchCluster, type Seals } from './cluster-records.ts'
import { clusterView, unknownStatus } from './cluster-view.ts'
import type { FileSystem } from './file-system.ts'
import { KubeconfigIntake } from './kubeconfig-intake.ts'
import { type EntryTest, Rotation } from './rotation.ts'
import { SourceWatch } from './source-watch.ts'

/** `credentials`: the cluster is reached with others from now on; `changed`: anything else about it. */
export type ClusterChange = {
  id: string
  /** `reached`: it was not, and is now. */
  kind: 'added' | 'changed' | 'opened' | 'reached' | 'credentials' | 'removed'
  /** With `credentials`: they are for another server than before. */
  anotherServer?: boolean
}

/** What other parts know of a cluster; wired by the application. */
type ClusterHooks = {
  forwardsOf(clusterId: string): ClusterDependents['forwards']
  /** Within a change: takes them out of the database; they run until {@link endForwardsOf}. Errors: those of the store. */
  deleteForwardsOf(clusterId: string): Result<void>
  /** To be called as soon as they are deleted; resolves when nothing of them runs any more. */
  endForwardsOf(clusterId: string): Promise<void>
  testEntry(entry: KubeconfigEntry, signal: AbortSignal): Promise<EntryTest>
}

export type ClusterServiceOptions = {
  readonly store: Store
  readonly vault: Seals
  readonly allowed: {
    isAllowed(command: CommandToRun): boolean
    allow(command: CommandToRun): Result<AllowedCommand>
  }
  readonly fileSystem: FileSystem
  /** The user's environment as in a terminal: PATH, HOME, KUBECONFIG. */
  readonly environment: () => Promise<Readonly<Record<string, string | undefined>>>
  readonly hooks: ClusterHooks
  readonly clock: Clock
  readonly log: Log
}

type HandlerNames =
  | 'kubeconfigs.preview'
  | 'kubeconfigs.default'
  | `clusters.${'list' | 'add' | 'active' | 'setActive' | 'get' | 'update' | 'remove' | 'dependents' | 'rotate' | 'updateFromSource' | 'command' | 'allowCommand'}`

/** The clusters: what is stored about them, and what other parts say of them. Asks nothing of the network by itself. */
export class ClusterService {
  readonly #options: ClusterServiceOptions
  readonly #records: ClusterRecords
  readonly #intake: KubeconfigIntake
  readonly #sources: SourceWatch
  readonly #rotation: Rotation
  readonly #statuses = new Map<string, ClusterStatus>()
  readonly #changes = new Listeners<ClusterChange>()
  readonly #stopListening: () => void
  readonly onChange = this.#changes.listen

  constructor(options: ClusterServiceOptions) {
    const { allowed, clock, fileSystem, environment, log, hooks, vault } = options
    this.#options = options
    this.#records = new ClusterRecords(options)
    this.#intake = new KubeconfigIntake({
      fileSystem,
      environment,
      clock,
      isAllowed: (command) => allowed.isAllowed(command),
      storedClusters: () => this.#records.stored(),
    })
    this.#sources = new SourceWatch({
      records: this.#records,
      defaultFiles: () => this.#intake.defaultFiles(),
      fileSystem,
      clock,
      log,
      onChanged: (id) => this.#changes.emit({ id, kind: 'changed' }),
    })
    drop(this.#records.forgetRemoved(), 'what an earlier run could not finish; a failure is logged')
    this.#rotation = new Rotation({
      records: this.#records,
      intake: this.#intake,
      sources: this.#sources,
      allow: (command) => allowed.allow(command),
      testEntry: (entry, signal) => hooks.testEntry(entry, signal),
    })
    this.#stopListening = vault.onChange((status) => {
      if (status.state === 'unlocked') this.#lookAtSources()
    })
    this.#lookAtSources()
  }

  /** In the user's own order. */
  list(): Cluster[] {
    return this.#records.clusters.list().map((row) => this.#view(row))
  }

  get(id: string): Cluster | null {
    const row = this.#records.clusters.get(id)
    return row === null ? null : this.#view(row)
  }

  /** Decrypts the cluster's kubeconfig. Errors: not-found, vault-locked, vault-not-set-up, vault-undecryptable. */
  entry(id: string): Result<KubeconfigEntry> {
    return this.#records.entry(id)
  }

  /** For health checks: what is known of the connection now. */
  setStatus(id: string, status: ClusterStatus): void {
    if (this.#records.clusters.get(id) === null) return
    const before = this.#statuses.get(id)
    this.#statuses.set(id, status)
    const isBack = before?.status === 'disconnected' && status.status === 'connected'
    if (isBack) this.#changes.emit({ id, kind: 'reached' })
    else if (JSON.stringify(before) !== JSON.stringify(status)) this.#changes.emit({ id, kind: 'changed' })
  }

  /** The number of its forwards, or of those that are wanted on, changed. */
  forwardsChanged(id: string): void {
    if (this.#records.clusters.get(id) !== null) this.#changes.emit({ id, kind: 'changed' })
  }

  /**
   * Stores the same credentials with refreshed tokens (OIDC). Does nothing when the cluster got others meanwhile.
   * Errors: not-found, those of vault and store.
   */
  storeRefreshed(id: string, refreshed: KubeconfigEntry): Result<void> {
    return this.#records.change((database) => {
      const stored = this.#records.entry(id)
      if (!stored.ok) return stored
      if (!sameButTokens(stored.value, refreshed)) return ok(undefined)
      return this.#records.replaceEntry(database, id, refreshed)
    })
  }

  /** All or nothing. Errors: those of taking a kubeconfig, name-taken, those of vault and store. */
  async add(input: z.output<typeof AddClustersInput>): Promise<Result<Cluster[]>> {
    const names = input.contexts.map((wanted) => wanted.context)
    const taken = await this.#intake.take(input, () => ok(names), input)
    if (!taken.ok) return taken
    const added = this.#records.change((database): Result<string[]> => {
      const ids: string[] = []
      for (const [index, one] of taken.value.entries()) {
        const id = this.#records.insert(database, { ...input.contexts[index], taken: one })
        if (!id.ok) return id
        ids.push(id.value)
      }
      if (this.#records.clusters.active() === null) this.#records.clusters.setActive(database, ids[0] ?? null)
      for (const { newlyAllowed } of taken.value) {
        if (newlyAllowed === null) continue
        const allowed = this.#options.allowed.allow(newlyAllowed)
        if (!allowed.ok) return allowed
      }
      return ok(ids)
    })
    if (!added.ok) return added
    for (const id of added.value) this.#changes.emit({ id, kind: 'added' })
    this.#lookAtSources()
    return ok(added.value.flatMap((id) => this.get(id) ?? []))
  }

  /** Errors: not-found, name-taken, those of the store. */
  update(input: z.output<typeof UpdateClusterInput>): Result<Cluster> {
    const changed = this.#records.change((database): Result<string[]> => {
      const rows = this.#records.clusters.list()
      const row = rows.find((each) => each.id === input.id)
      if (row === undefined) return fail(noSuchCluster())
      if (input.name !== undefined && rows.some((each) => each !== row && each.name === input.name))
        return fail(nameTaken(input.name))
      const { clusters } = this.#records
      clusters.update(database, {
        ...row,
        name: input.name ?? row.name,
        environment: input.environment === undefined ? row.environment : input.environment,
        labels: input.labels === undefined ? row.labels : JSON.stringify(input.labels),
        colour: input.colour ?? row.colour,
        notes: input.notes ?? row.notes,
        namespace: input.namespace ?? row.namespace,
        updated_at: this.#options.clock.now(),
      })
      return ok(input.position === undefined ? [row.id] : this.#records.move(database, row.id, input.position))
    })
    if (!changed.ok) return changed
    for (const id of new Set([input.id, ...changed.value])) this.#changes.emit({ id, kind: 'changed' })
    return this.#found(input.id)
  }

  /** With its forwards or not at all. Errors: not-found, cluster-in-use (`details.forwards`), those of the store. */
  async remove(id: string, options: { removeForwards: boolean }): Promise<Result<Record<string, never>>> {
    const { hooks } = this.#options
    if (this.#records.clusters.get(id) === null) return fail(noSuchCluster())
    const forwards = hooks.forwardsOf(id)
    if (!options.removeForwards && forwards.length > 0) return fail(inUse(forwards))
    const removed = this.#records.change((database) => {
      const deleted = hooks.deleteForwardsOf(id)
      return deleted.ok ? this.#records.remove(database, id) : deleted
    })
    if (!removed.ok) return removed
    await hooks.endForwardsOf(id)
    this.#statuses.delete(id)
    this.#changes.emit({ id, kind: 'removed' })
    for (const moved of removed.value) this.#changes.emit({ id: moved, kind: 'changed' })
    await this.#records.forgetRemoved()
    this.#lookAtSources()
    return ok({})
  }

  /** Errors: those of {@link Rotation.rotate}. */
  async rotate(input: z.output<typeof RotateInput>, signal: AbortSignal): Promise<Result<Cluster>> {
    return this.#swapping(input.id, () => this.#rotation.rotate(input, signal))
  }

  /** Errors: those of {@link Rotation.fromSource}. */
  async updateFromSource(id: string, signal: AbortSignal): Promise<Result<Cluster>> {
    return this.#swapping(id, () => this.#rotation.fromSource(id, signal))
  }

  /** What would run for the cluster's credentials. Errors: not-found, those of the vault. */
  commandOf(id: string): Result<CommandToRun | null> {
    const entry = this.#records.entry(id)
    if (!entry.ok) return entry
    const { exec } = entry.value.user
    return ok(exec?.command == null ? null : { command: exec.command, args: exec.args, env: exec.env })
  }

  /**
   * Allows what is stored, if it still reads as it was shown. Errors: not-found, command-not-allowed, those of the vault
   * and the store.
   */
  allowCommand(id: string, seen: { command: string; args: readonly string[] }): Result<AllowedCommand> {
    const command = this.commandOf(id)
    if (!command.ok) return command
    if (command.value === null || !covers({ ...seen }, command.value)) return fail(anotherCommand())
    return this.#options.allowed.allow(command.value)
  }

  /** Names of the clusters whose credentials come from this command; none while the vault is locked. */
  usersOfCommand(fingerprint: string): string[] {
    return this.#records.usersOfCommand(fingerprint)
  }

  active(): string | null {
    return this.#records.clusters.active()
  }

  /** Errors: not-found, those of the store. */
  setActive(id: string | null): Result<{ id: string | null }> {
    const set = this.#records.change((database): Result<{ id: string | null }> => {
      if (id !== null && this.#records.clusters.get(id) === null) return fail(noSuchCluster())
      this.#records.clusters.setActive(database, id)
      return ok({ id })
    })
    if (set.ok && id !== null) this.#changes.emit({ id, kind: 'opened' })
    return set
  }

  handlers(): HandlersOf<HandlerNames> {
    return {
      'kubeconfigs.preview': async (source) => ok(await this.#intake.preview(source)),
      'kubeconfigs.default': async () => ok({ files: (await this.#intake.defaultFiles()).files }),
      'clusters.list': () => ok(this.list()),
      'clusters.add': (input) => this.add(input),
      'clusters.active': () => ok({ id: this.active() }),
      'clusters.setActive': ({ id }) => this.setActive(id),
      'clusters.get': ({ id }) => this.#found(id),
      'clusters.update': (input) => this.update(input),
      'clusters.remove': ({ id, removeForwards }) => this.remove(id, { removeForwards: removeForwards === 'true' }),
      'clusters.dependents': ({ id }) =>
        this.#records.clusters.get(id) === null
          ? fail(noSuchCluster())
          : ok({ forwards: this.#options.hooks.forwardsOf(id) }),
      'clusters.rotate': (input, { signal }) => this.rotate(input, signal),
      'clusters.updateFromSource': ({ id }, { signal }) => this.updateFromSource(id, signal),
      'clusters.command': ({ id }) => this.#shownCommand(id),
      'clusters.allowCommand': ({ id, ...seen }) => this.allowCommand(id, seen),
    }
  }

  /** Ends the watch of source files. */
  close(): void {
    this.#stopListening()
    this.#sources.close()
  }

  #view(row: ClusterRow): Cluster {
    const path = this.#records.kubeconfigs.sourcePath(row.kubeconfig_id)
    return clusterView(row, {
      status: this.#statuses.get(row.id) ?? unknownStatus,
      source: path === null ? null : { path, changed: this.#sources.isChanged(row.id) },
      forwards: this.#options.hooks.forwardsOf(row.id),
    })
  }

  #shownCommand(id: string): Result<{ command: CredentialCommand | null; allowed: boolean }> {
    const command = this.commandOf(id)
    if (!command.ok) return command
    if (command.value === null) return ok({ command: null, allowed: false })
    return ok({ command: shownCommand(command.value), allowed: this.#options.allowed.isAllowed(command.value) })
  }

  #found(id: string): Result<Cluster> {
    const cluster = this.get(id)
    return cluster === null ? fail(noSuchCluster()) : ok(cluster)
  }

  async #swapping(id: string, swap: () => Promise<Result<void>>): Promise<Result<Cluster>> {
    const before = this.#records.clusters.get(id)?.server
    const swapped = await swap()
    if (!swapped.ok) return swapped
    const anotherServer = this.#records.clusters.get(id)?.server !== before
    this.#changes.emit({ id, kind: 'credentials', ...(anotherServer && { anotherServer }) })
    await this.#records.forgetRemoved()
    this.#lookAtSources()
    return this.#found(id)
  }

  #lookAtSources(): void {
    drop(this.#sources.check(), 'the result shows in the clusters')
  }
}

const anotherCommand = () =>
  appError(
    'command-not-allowed',
    'The cluster gets its credentials from another command now.',
    'Look at the new command before you allow it.',
  )

const inUse = (forwards: ClusterDependents['forwards']) =>
  appError(
    'cluster-in-use',
    `The cluster has ${forwards.length === 1 ? 'a forward' : `${forwards.length} forwards`}.`,
    'Remove the forwards first, or remove the cluster with them.',
    { details: { forwards } },
  )
