import type { Result } from '../../../contract/errors.ts'
import type { Store } from './store.ts'

/** A child process on record. */
export type ChildRow = {
  id: string
  run: string
  token: string
  kind: string
  label: string
  command: string
  boot_id: string
  pid: number | null
  start_time: string | null
  created_at: number
}

/** The registry of child processes (migrations/0040_children.sql). No child outlives a power cut. */
export class ChildTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Before the process exists. */
  insert(row: Omit<ChildRow, 'pid' | 'start_time'>): Result<void> {
    return this.#store.note((database) => {
      database
        .prepare(
          `INSERT INTO children (id, run, token, kind, label, command, boot_id, created_at)
           VALUES (@id, @run, @token, @kind, @label, @command, @boot_id, @created_at)`,
        )
        .run(row)
    })
  }

  /** Once it exists. */
  setProcess(id: string, pid: number, startTime: string | null): Result<void> {
    return this.#store.note((database) => {
      database.prepare('UPDATE children SET pid = ?, start_time = ? WHERE id = ?').run(pid, startTime, id)
    })
  }

  /** Once it is gone. */
  delete(id: string): Result<void> {
    return this.#store.note((database) => {
      database.prepare('DELETE FROM children WHERE id = ?').run(id)
    })
  }

  /** What other runs of the app left. */
  ofOtherRuns(run: string): ChildRow[] {
    return this.#store.database
      .prepare<[string], ChildRow>('SELECT * FROM children WHERE run <> ? ORDER BY created_at')
      .all(run)
  }
}
