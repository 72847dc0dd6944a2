import type { Statement } from 'better-sqlite3'
import type { Database, Store } from './store.ts'

/** A sealed kubeconfig of one context, with what lists show of it in clear. */
export type KubeconfigRow = {
  id: string
  sealed: Buffer
  source_path: string | null
  source_context: string | null
  /** JSON list of full paths. */
  source_embedded: string
  source_fingerprint: Buffer | null
  created_at: number
  updated_at: number
}

/** Encrypted kubeconfigs (migrations/0020_clusters.sql). What changes takes the database of a `store.write`. */
export class KubeconfigTable {
  readonly #get: Statement<[string], KubeconfigRow>
  readonly #path: Statement<[string], { source_path: string | null }>
  readonly #sources: Statement<[], KubeconfigRow & { cluster_id: string }>

  constructor({ database }: Store) {
    this.#get = database.prepare('SELECT * FROM kubeconfigs WHERE id = ?')
    this.#path = database.prepare('SELECT source_path FROM kubeconfigs WHERE id = ?')
    this.#sources = database.prepare(
      `SELECT kubeconfigs.*, clusters.id AS cluster_id FROM kubeconfigs
       JOIN clusters ON clusters.kubeconfig_id = kubeconfigs.id WHERE source_path IS NOT NULL`,
    )
  }

  get(id: string): KubeconfigRow | null {
    return this.#get.get(id) ?? null
  }

  /** The file it was read from; null when there is none. */
  sourcePath(id: string): string | null {
    return this.#path.get(id)?.source_path ?? null
  }

  /** Those that were read from a file, with the cluster they belong to. */
  withSource(): (KubeconfigRow & { cluster_id: string })[] {
    return this.#sources.all()
  }

  insert(database: Database, row: KubeconfigRow): void {
    database
      .prepare(
        `INSERT INTO kubeconfigs (id, sealed, source_path, source_context, source_embedded, source_fingerprint, created_at, updated_at)
         VALUES (@id, @sealed, @source_path, @source_context, @source_embedded, @source_fingerprint, @created_at, @updated_at)`,
      )
      .run(row)
  }

  replaceSealed(database: Database, id: string, sealed: Buffer, at: number): void {
    database.prepare('UPDATE kubeconfigs SET sealed = ?, updated_at = ? WHERE id = ?').run(sealed, at, id)
  }

  delete(database: Database, id: string): void {
    database.prepare('DELETE FROM kubeconfigs WHERE id = ?').run(id)
  }
}
