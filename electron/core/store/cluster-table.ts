import type { Statement } from 'better-sqlite3'
import type { Database, Store } from './store.ts'

/** A cluster as it is stored; times are ms since the epoch. */
export type ClusterRow = {
  id: string
  kubeconfig_id: string
  name: string
  context: string
  /** With credentials in the address masked. */
  server: string
  user_name: string
  /** JSON list. */
  auth_kinds: string
  namespace: string
  environment: string | null
  /** JSON object. */
  labels: string
  colour: string
  notes: string
  position: number
  credentials_expire_at: number | null
  created_at: number
  updated_at: number
}

const columns = [
  'id',
  'kubeconfig_id',
  'name',
  'context',
  'server',
  'user_name',
  'auth_kinds',
  'namespace',
  'environment',
  'labels',
  'colour',
  'notes',
  'position',
  'credentials_expire_at',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof ClusterRow)[]

/** Clusters (migrations/0020_clusters.sql). What changes takes the database of a `store.write`. */
export class ClusterTable {
  readonly #all: Statement<[], ClusterRow>
  readonly #get: Statement<[string], ClusterRow>
  readonly #active: Statement<[], { cluster_id: string }>

  constructor({ database }: Store) {
    this.#all = database.prepare('SELECT * FROM clusters ORDER BY position, created_at, id')
    this.#get = database.prepare('SELECT * FROM clusters WHERE id = ?')
    this.#active = database.prepare('SELECT cluster_id FROM active_cluster')
  }

  /** In the user's own order. */
  list(): ClusterRow[] {
    return this.#all.all()
  }

  get(id: string): ClusterRow | null {
    return this.#get.get(id) ?? null
  }

  active(): string | null {
    return this.#active.get()?.cluster_id ?? null
  }

  insert(database: Database, row: ClusterRow): void {
    const names = columns.map((column) => `@${column}`).join(', ')
    database.prepare(`INSERT INTO clusters (${columns.join(', ')}) VALUES (${names})`).run(row)
  }

  update(database: Database, row: ClusterRow): void {
    const changes = columns.slice(1).map((column) => `${column} = @${column}`)
    database.prepare(`UPDATE clusters SET ${changes.join(', ')} WHERE id = @id`).run(row)
  }

  delete(database: Database, id: string): void {
    database.prepare('DELETE FROM clusters WHERE id = ?').run(id)
  }

  setActive(database: Database, id: string | null): void {
    database.prepare('DELETE FROM active_cluster').run()
    if (id !== null) database.prepare('INSERT INTO active_cluster (one, cluster_id) VALUES (1, ?)').run(id)
  }
}
