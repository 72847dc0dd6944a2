import { CauseCode } from '../../../contract/causes.ts'
import { ForwardState } from '../../../contract/forwards.ts'
import type { Log } from '../log.ts'
import type { Database, Store } from './store.ts'

/** A state a forward entered, and what had flowed since the one before. */
export type HistoryRow = {
  readonly id: number
  readonly at: number
  readonly state: ForwardState
  readonly causeCode: CauseCode | null
  readonly detail: string | null
  readonly message: string
  readonly pod: string | null
  readonly connectionsLost: number
  readonly bytesIn: number
  readonly bytesOut: number
}

type Row = {
  id: number
  at: number
  state: string
  cause_code: string | null
  detail: string | null
  message: string
  pod: string | null
  connections_lost: number
  bytes_in: number
  bytes_out: number
}

/** Of each forward. */
const mostRows = 5000
/** How often a forward's rows are trimmed, in rows: there may be that many more for a while. */
const trimEvery = 500

/** What happened to each forward (migrations/0030_forwards.sql). */
export class HistoryTable {
  readonly #store: Store
  readonly #log: Log
  readonly #sinceTrim = new Map<string, number>()

  constructor(options: { store: Store; log: Log }) {
    this.#store = options.store
    this.#log = options.log
  }

  /** A storage failure is logged: the forward goes on, and the app says that the disk is in trouble. */
  append(forwardId: string, row: Omit<HistoryRow, 'id'>): void {
    this.#write((database) => {
      database
        .prepare(
          `INSERT INTO forward_history (forward_id, at, state, cause_code, detail, message, pod, connections_lost, bytes_in, bytes_out)
           VALUES (@forwardId, @at, @state, @causeCode, @detail, @message, @pod, @connectionsLost, @bytesIn, @bytesOut)`,
        )
        .run({ ...row, forwardId })
      // The first row trims too: many runs write few.
      const since = this.#sinceTrim.get(forwardId) ?? trimEvery
      this.#sinceTrim.set(forwardId, since < trimEvery ? since + 1 : 1)
      if (since < trimEvery) return
      database
        .prepare(
          `DELETE FROM forward_history WHERE forward_id = @forwardId AND id <= (
             SELECT id FROM forward_history WHERE forward_id = @forwardId ORDER BY id DESC LIMIT 1 OFFSET @mostRows)`,
        )
        .run({ forwardId, mostRows })
    })
  }

  /** The forward is gone; its rows go with it in the database. */
  forget(forwardId: string): void {
    this.#sinceTrim.delete(forwardId)
  }

  /** Adds to the newest row of the forward. */
  addLost(forwardId: string, count: number): void {
    this.#write((database) => {
      database
        .prepare(
          `UPDATE forward_history SET connections_lost = connections_lost + ?
           WHERE id = (SELECT max(id) FROM forward_history WHERE forward_id = ?)`,
        )
        .run(count, forwardId)
    })
  }

  /** The app runs at this time, ms since the epoch. */
  seen(at: number): void {
    this.#write((database) => {
      database.prepare('INSERT OR REPLACE INTO forward_watch (one, at) VALUES (1, ?)').run(at)
    })
  }

  /**
   * To be called once, before anything runs: whatever a forward was when the app was seen last, it is not since then.
   * Without this a crash would count as a long life.
   */
  noteAbsence(now: number): void {
    this.#write((database) => {
      const seen = database.prepare<[], { at: number }>('SELECT at FROM forward_watch').get()?.at ?? 0
      database
        .prepare(
          `INSERT INTO forward_history (forward_id, at, state, message)
           SELECT forward_id, min(max(at, @seen), @now), 'off', 'Mooring was not running.' FROM forward_history
           WHERE id IN (SELECT max(id) FROM forward_history GROUP BY forward_id) AND state <> 'off'`,
        )
        .run({ seen, now })
    })
  }

  /** Newest first. */
  list(forwardId: string, limit: number): HistoryRow[] {
    return this.#store.database
      .prepare<[string, number], Row>('SELECT * FROM forward_history WHERE forward_id = ? ORDER BY id DESC LIMIT ?')
      .all(forwardId, limit)
      .map(fromRow)
  }

  #write(change: (database: Database) => void): void {
    const written = this.#store.note(change)
    if (!written.ok) this.#log.warn(`history could not be written: ${written.error.message}`)
  }
}

const fromRow = (row: Row): HistoryRow => ({
  id: row.id,
  at: row.at,
  state: ForwardState.parse(row.state),
  causeCode: row.cause_code === null ? null : CauseCode.parse(row.cause_code),
  detail: row.detail,
  message: row.message,
  pod: row.pod,
  connectionsLost: row.connections_lost,
  bytesIn: row.bytes_in,
  bytesOut: row.bytes_out,
})
