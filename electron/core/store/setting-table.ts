import type { Store } from './store.ts'
import type { Result } from '../../../contract/errors.ts'

/** Settings that differ from the defaults, as JSON values by name (migrations/0010_base.sql). */
export class SettingTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  all(): Record<string, unknown> {
    const rows = this.#store.database
      .prepare<[], { name: string; value: string }>('SELECT name, value FROM setting')
      .all()
    return Object.fromEntries(rows.map((row) => [row.name, JSON.parse(row.value) as unknown]))
  }

  /** Writes all or none. */
  put(values: Readonly<Record<string, unknown>>): Result<void> {
    return this.#store.write((database) => {
      const put = database.prepare(
        'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      )
      for (const [name, value] of Object.entries(values)) put.run(name, JSON.stringify(value))
    })
  }
}
