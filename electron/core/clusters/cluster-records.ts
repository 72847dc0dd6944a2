import { createHash, randomUUID } from 'node:crypto'
import { type AppError, appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { Cluster } from '../../../contract/clusters.ts'
import type { VaultStatus } from '../../../contract/system.ts'
import type { Clock } from '../clock.ts'
import { commandFingerprint } from '../kubeconfig/credential-command.ts'
import { credentialsEnd, type KubeconfigEntry } from '../kubeconfig/entry.ts'
import { entryFromText, entryToText } from '../kubeconfig/entry-text.ts'
import { type ClusterRow, ClusterTable } from '../store/cluster-table.ts'
import { type KubeconfigRow, KubeconfigTable } from '../store/kubeconfig-table.ts'
import type { Database, Store } from '../store/store.ts'
import type { StoredCluster, TakenContext } from './kubeconfig-intake.ts'

/** The vault as this part uses it. */
export type Seals = {
  register(column: { table: string; column: string; idColumn: string }): void
  seal(at: { table: string; column: string; rowId: string }, plaintext: Buffer): Result<Buffer>
  open(at: { table: string; column: string; rowId: string }, sealed: Buffer): Result<Buffer>
  readonly onChange: (listener: (status: VaultStatus) => void) => () => void
}

/** What is remembered about where a kubeconfig was read from. */
export type KubeconfigSourceRecord = { path: string; context: string; embedded: string[]; fingerprint: string }

export type NewCluster = {
  taken: TakenContext
  name?: string | undefined
  environment?: string | undefined
  labels?: Record<string, string> | undefined
}

const table = 'kubeconfigs'

/** Clusters and their encrypted kubeconfigs in the database; everything that must hold at once is one transaction. */
export class ClusterRecords {
  readonly clusters: ClusterTable
  readonly kubeconfigs: KubeconfigTable
  readonly #store: Store
  readonly #vault: Seals
  readonly #clock: Clock

  constructor({ store, vault, clock }: { store: Store; vault: Seals; clock: Clock }) {
    this.#store = store
    this.#vault = vault
    this.#clock = clock
    this.clusters = new ClusterTable(store)
    this.kubeconfigs = new KubeconfigTable(store)
    vault.register({ table, column: 'sealed', idColumn: 'id' })
    vault.register({ table, column: 'source_fingerprint', idColumn: 'id' })
  }

  /** Runs a change whose failures roll everything back. */
  change<T>(change: (database: Database) => Result<T>): Result<T> {
    try {
      return this.#store.write((database) => {
        const result = change(database)
        if (!result.ok) throw new RolledBack(result.error)
        return result.value
      })
    } catch (error) {
      if (error instanceof RolledBack) return fail(error.error)
      throw error
    }
  }

  stored(): StoredCluster[] {
    return this.clusters.list().map((row) => ({
      id: row.id,
      name: row.name,
      server: row.server,
      user: row.user_name,
      authKinds: authKindsOf(row),
    }))
  }

  /** Decrypts. Errors: not-found, vault-locked, vault-not-set-up, vault-undecryptable. */
  entry(id: string): Result<KubeconfigEntry> {
    const row = this.clusters.get(id)
    const kubeconfig = row === null ? null : this.kubeconfigs.get(row.kubeconfig_id)
    if (row === null || kubeconfig === null) return fail(noSuchCluster())
    const opened = this.#vault.open({ table, column: 'sealed', rowId: kubeconfig.id }, kubeconfig.sealed)
    if (!opened.ok) return opened
    const entry = entryFromText(opened.value.toString('utf8'))
    opened.value.fill(0)
    // The namespace is the user's to change; the kubeconfig keeps what it said.
    return ok({ ...entry, namespace: row.namespace })
  }

  /** What the context was when it was read; null when it was not read from a file. */
  source(row: KubeconfigRow): Result<KubeconfigSourceRecord | null> {
    if (row.source_path === null || row.source_context === null || row.source_fingerprint === null) return ok(null)
    const opened = this.#vault.open({ table, column: 'source_fingerprint', rowId: row.id }, row.source_fingerprint)
    if (!opened.ok) return opened
    return ok({
      path: row.source_path,
      context: row.source_context,
      embedded: JSON.parse(row.source_embedded) as string[],
      fingerprint: opened.value.toString('utf8'),
    })
  }

  /** Within a change. Errors: name-taken, and those of the vault. */
  insert(database: Database, { taken, name, environment, labels }: NewCluster): Result<string> {
    const now = this.#clock.now()
    const others = this.clusters.list()
    const names = new Set(others.map((row) => row.name))
    if (name !== undefined && names.has(name)) return fail(nameTaken(name))
    const kubeconfigId = this.#insertKubeconfig(database, taken)
    if (!kubeconfigId.ok) return kubeconfigId
    const id = randomUUID()
    this.clusters.insert(database, {
      id,
      kubeconfig_id: kubeconfigId.value,
      name: name ?? freeName(taken.entry.context, names),
      ...shownColumns(taken),
      namespace: taken.entry.namespace,
      environment: environment ?? null,
      labels: JSON.stringify(labels ?? {}),
      colour: 'none',
      notes: '',
      position: (others.at(-1)?.position ?? -1) + 1,
      created_at: now,
      updated_at: now,
    })
    return ok(id)
  }

  /**
   * Within a change: gives a cluster a new kubeconfig and destroys the old one (`secure_delete` overwrites it). Name,
   * namespace and everything else the user chose stay. Errors: not-found, and those of the vault.
   */
  replaceKubeconfig(database: Database, id: string, taken: TakenContext): Result<void> {
    const row = this.clusters.get(id)
    if (row === null) return fail(noSuchCluster())
    const kubeconfigId = this.#insertKubeconfig(database, taken)
    if (!kubeconfigId.ok) return kubeconfigId
    const updated: ClusterRow = {
      ...row,
      ...shownColumns(taken),
      kubeconfig_id: kubeconfigId.value,
      updated_at: this.#clock.now(),
    }
    this.clusters.update(database, updated)
    this.kubeconfigs.delete(database, row.kubeconfig_id)
    return ok(undefined)
  }

  /** Within a change: the same credentials with fresh tokens. Errors: not-found, and those of the vault. */
  replaceEntry(database: Database, id: string, entry: KubeconfigEntry): Result<void> {
    const row = this.clusters.get(id)
    if (row === null) return fail(noSuchCluster())
    const sealed = this.#seal('sealed', row.kubeconfig_id, entryToText(entry))
    if (!sealed.ok) return sealed
    this.kubeconfigs.replaceSealed(database, row.kubeconfig_id, sealed.value, this.#clock.now())
    return ok(undefined)
  }

  /** Within a change: the cluster and its kubeconfig. Answers the clusters whose position changed. Errors: not-found. */
  remove(database: Database, id: string): Result<string[]> {
    const row = this.clusters.get(id)
    if (row === null) return fail(noSuchCluster())
    this.clusters.delete(database, id)
    this.kubeconfigs.delete(database, row.kubeconfig_id)
    return ok(this.#renumber(database, this.clusters.list()))
  }

  /** What was replaced or removed goes from the journal and the snapshots too. */
  forgetRemoved(): Promise<void> {
    return this.#store.forgetRemoved({ table, column: 'sealed', idColumn: 'id' })
  }

  /** Within a change: to this place in the user's order. Answers the clusters whose position changed. */
  move(database: Database, id: string, position: number): string[] {
    const rows = this.clusters.list()
    const [moved, others] = [rows.filter((row) => row.id === id), rows.filter((row) => row.id !== id)]
    return this.#renumber(database, others.toSpliced(position, 0, ...moved))
  }

  /** Names of the clusters that get credentials from exactly this command; none while the vault is locked. */
  usersOfCommand(fingerprint: string): string[] {
    return this.clusters
      .list()
      .filter((row) => authKindsOf(row).includes('exec'))
      .filter(({ id }) => {
        const entry = this.entry(id)
        const exec = entry.ok ? entry.value.user.exec : null
        if (exec?.command == null) return false
        return commandFingerprint({ command: exec.command, args: exec.args, env: exec.env }) === fingerprint
      })
      .map((row) => row.name)
  }

  #renumber(database: Database, rows: readonly ClusterRow[]): string[] {
    return rows.flatMap((row, position) => {
      if (row.position === position) return []
      this.clusters.update(database, { ...row, position })
      return [row.id]
    })
  }

  #insertKubeconfig(database: Database, { entry, sourcePath, embedded }: TakenContext): Result<string> {
    const id = randomUUID()
    const now = this.#clock.now()
    const sealed = this.#seal('sealed', id, entryToText(entry))
    if (!sealed.ok) return sealed
    const fingerprint = this.#seal('source_fingerprint', id, fingerprintOf(entry))
    if (!fingerprint.ok) return fingerprint
    this.kubeconfigs.insert(database, {
      id,
      sealed: sealed.value,
      source_path: sourcePath,
      source_context: sourcePath === null ? null : entry.context,
      source_embedded: JSON.stringify(embedded),
      source_fingerprint: sourcePath === null ? null : fingerprint.value,
      created_at: now,
      updated_at: now,
    })
    return ok(id)
  }

  #seal(column: 'sealed' | 'source_fingerprint', rowId: string, text: string): Result<Buffer> {
    const plaintext = Buffer.from(text)
    const sealed = this.#vault.seal({ table, column, rowId }, plaintext)
    plaintext.fill(0)
    return sealed
  }
}

class RolledBack extends Error {
  readonly error: AppError

  constructor(error: AppError) {
    super(error.code)
    this.error = error
  }
}

const authKindsOf = (row: ClusterRow) => Cluster.shape.authKinds.parse(JSON.parse(row.auth_kinds))

/** A digest of everything in an entry, to see later whether the file has other contents. */
export const fingerprintOf = (entry: KubeconfigEntry): string =>
  createHash('sha256').update(entryToText(entry)).digest('hex')

const shownColumns = ({ entry, shown }: TakenContext) => ({
  context: entry.context,
  server: shown.server,
  user_name: shown.user,
  auth_kinds: JSON.stringify(shown.authKinds),
  credentials_expire_at: credentialsEnd(entry),
})

/** The context's name, with " (2)" and so on behind it when it is taken; within the limit of names. */
function freeName(context: string, taken: ReadonlySet<string>): string {
  const name =
    context
      .replaceAll(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 190) || 'cluster'
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name} (${number})`)) number += 1
  return `${name} (${number})`
}

export const noSuchCluster = () =>
  appError('not-found', 'There is no such cluster.', 'Look at the list again; it may have been removed.')

export const nameTaken = (name: string) =>
  appError('name-taken', `Another cluster is called "${name}".`, 'Choose another name.', { details: { name } })
