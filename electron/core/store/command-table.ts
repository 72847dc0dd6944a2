import type { Database, Store } from './store.ts'

export type CommandRow = { id: string; command: string; arguments: Buffer; allowed_at: number }

/** Credential commands that may run, their arguments sealed (migrations/0010_base.sql). */
export class CommandTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  all(): CommandRow[] {
    return this.#store.database.prepare<[], CommandRow>('SELECT * FROM allowed_command ORDER BY allowed_at, id').all()
  }

  insert(database: Database, row: CommandRow): void {
    database
      .prepare(
        'INSERT INTO allowed_command (id, command, arguments, allowed_at) VALUES (@id, @command, @arguments, @allowed_at)',
      )
      .run(row)
  }

  /** False: there is none of that id. */
  remove(database: Database, id: string): boolean {
    return database.prepare('DELETE FROM allowed_command WHERE id = ?').run(id).changes > 0
  }
}
