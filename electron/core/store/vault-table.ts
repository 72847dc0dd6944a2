import type { Database, Store } from './store.ts'

/** A wrapped data key as it is stored. */
export type VaultKeyRow = {
  key_id: string
  provider: string
  wrapped: Buffer
  /** JSON object. */
  parameters: string
  created_at: number
}

/** The wrapped data key (migrations/0010_base.sql). */
export class VaultTable {
  readonly #database: Database

  constructor(store: Store) {
    this.#database = store.database
  }

  current(): VaultKeyRow | null {
    return this.#database.prepare<[], VaultKeyRow>("SELECT * FROM vault_key WHERE state = 'current'").get() ?? null
  }

  /** Keeps the current key, but no longer as the current one. Inside a `store.write`. */
  retire(database: Database): void {
    database.prepare("UPDATE vault_key SET state = 'retired' WHERE state = 'current'").run()
  }

  /** Puts a new key in the place of the current one, which is gone then. Inside a `store.write`. */
  replace(database: Database, row: VaultKeyRow): void {
    database.prepare("DELETE FROM vault_key WHERE state = 'current'").run()
    database
      .prepare(
        `INSERT INTO vault_key (key_id, state, provider, wrapped, parameters, created_at)
         VALUES (@key_id, 'current', @provider, @wrapped, @parameters, @created_at)`,
      )
      .run(row)
  }
}
