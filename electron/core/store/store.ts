import { chmodSync, closeSync, existsSync, lstatSync, openSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import type { Database as SqliteDatabase } from 'better-sqlite3'
import { drop } from '../../../contract/drop.ts'
import { appError, fail, ok, type AppError, type Result } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { Listeners } from '../listeners.ts'
import { appliedMigrations, applyMigrations, pendingMigrations, readMigrations } from './migrate.ts'
import { logSlowQueries, slowQueryMs } from './slow-queries.ts'
import {
  emptyRemoved,
  isSound,
  keepAside,
  keptAside,
  listSnapshots,
  removeSnapshotsBefore,
  takeSnapshot,
  takeSnapshotNow,
  type SealedRows,
  type Snapshot,
} from './snapshots.ts'
import { storageFailure } from './sqlite-failure.ts'

/** An open database; only parts in `store/` and their transactions see it. */
export type Database = SqliteDatabase

/** The database of an owner, and the only way to write into it. Whoever opened it closes it. */
export type Store = {
  /** For prepared statements that read. What changes something goes through {@link Store.write}. */
  readonly database: Database
  /**
   * Runs `change` in one IMMEDIATE transaction; an exception rolls it back. A failure of the machine (disk full, read
   * error, read-only) is a value with the code storage-failed or database-corrupt and becomes `problem`; any other
   * exception is thrown on. Inside another `write` it joins that one's transaction.
   */
  write<T>(change: (database: Database) => T): Result<T>
  /**
   * The same for what nobody was promised and a power cut may take the last rows of; it survives the end of this program.
   * The disk is not waited for: many forwards that come back at once would stand still for it.
   */
  note<T>(change: (database: Database) => T): Result<T>
  /** Why the last write failed, in words; null after a write that worked. While set, a write is tried every 15 s. */
  readonly problem: string | null
  readonly onProblem: (listener: (problem: string | null) => void) => () => void
  /** Number of the newest migration in the database. */
  readonly schemaVersion: number
  readonly path: string
  /** Newest first; empty for a database in memory. */
  snapshots(): Snapshot[]
  /** Takes a snapshot now; with `dropOlder` the earlier ones go once it is complete. Errors: storage-failed. */
  snapshot(options?: { dropOlder?: boolean }): Promise<Result<void>>
  /**
   * Makes sure that sealed values whose rows were deleted cannot be read in the journal or a snapshot either. What fails
   * is logged, and done with the next call.
   */
  forgetRemoved(rows: SealedRows): Promise<void>
  close(): void
}

export type StoreOptions = {
  /** Path of the database file, or `:memory:`. */
  path: string
  /** Folder with `NNNN_name.sql` files. */
  migrations: string
  clock: Clock
  log: Log
}

const probeEveryMs = 15_000
const dayMs = 24 * 60 * 60 * 1000
const hourMs = 60 * 60 * 1000

/**
 * Opens the database, checks it, brings it to the newest schema. To be called by the owner of the data folder.
 * Errors: storage-failed; database-newer (written by another build; nothing is changed); database-corrupt (moved aside;
 * `details.snapshots` lists what can be restored, and the error stays until a recovery is chosen: recovery.ts).
 */
export function openStore(options: StoreOptions): Result<Store> {
  const { path, clock, log } = options
  const inMemory = path === ':memory:'
  let database: Database | null = null
  const refuse = (error: AppError): Result<never> => {
    database?.close()
    return fail(error)
  }
  try {
    if (!inMemory) {
      if (!existsSync(path) && keptAside(path).length > 0) return refuse(corruptError(path))
      const unsafe = prepareFile(path)
      if (unsafe !== null) return refuse(unsafe)
    }
    database = new BetterSqlite(path, { timeout: 2000 })
    configure(database)
    if (!isSound(database)) return setAside(database, options)
    const pending = pendingMigrations(readMigrations(options.migrations), appliedMigrations(database))
    if (!pending.ok) return refuse(pending.error)
    if (pending.value.length > 0) {
      if (!inMemory && appliedMigrations(database).length > 0)
        takeSnapshotNow(database, path, clock.now(), 'before-migration')
      applyMigrations(database, pending.value, clock.now())
      log.info(`applied ${pending.value.map(({ name }) => name).join(', ')}`)
    }
    logSlowQueries(database, log, () => clock.monotonic())
    return ok(new SqliteStore(database, options))
  } catch (error) {
    const failure = storageFailure(error, path)
    if (failure?.code === 'database-corrupt') return setAside(database, options)
    database?.close()
    if (failure === null) throw error
    return fail(failure)
  }
}

/** The file is ours alone before SQLite opens it; its journals get the same mode. */
function prepareFile(path: string): AppError | null {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    return appError('data-folder-unsafe', `${path} is a link.`, 'Put the database itself there.')
  try {
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
    return null
  } catch (error) {
    const reason = errorCode(error) ?? 'unknown'
    return appError(
      'storage-failed',
      `${path} cannot be written (${reason}).`,
      'Check that the folder exists, has space and may be written by you.',
      { cause: reason },
    )
  }
}

function configure(database: Database): void {
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('trusted_schema = OFF')
  database.pragma('secure_delete = ON')
  database.pragma('cell_size_check = ON')
  // Sorting must not write rows to files outside the data folder.
  database.pragma('temp_store = MEMORY')
}

function setAside(database: Database | null, { path, clock, log }: StoreOptions): Result<never> {
  database?.close()
  const aside = keepAside(path, clock.now(), 'corrupt')
  log.error(`the database is damaged; kept as ${aside}`)
  return fail(corruptError(path))
}

function corruptError(path: string): AppError {
  const snapshots = listSnapshots(path)
  const next =
    snapshots.length > 0
      ? `Start Mooring once with --restore-snapshot latest (or the name of one: ${snapshots.map(({ file }) => file).join(', ')}), or with --start-empty. The damaged file is kept.`
      : 'There is no snapshot. Start Mooring once with --start-empty to go on without it. The damaged file is kept for repair.'
  return appError('database-corrupt', `The database ${path} is damaged.`, next, {
    details: { kept: keptAside(path), snapshots },
  })
}

class SqliteStore implements Store {
  readonly database: Database
  readonly path: string
  readonly schemaVersion: number
  readonly #clock: Clock
  readonly #log: Log
  readonly #problems = new Listeners<string | null>()
  readonly onProblem = this.#problems.listen
  #problem: string | null = null
  #probe: Timer | null = null
  #daily: Timer | null = null
  #lastSnapshot: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(database: Database, { path, clock, log }: StoreOptions) {
    this.database = database
    this.path = path
    this.#clock = clock
    this.#log = log
    this.schemaVersion = appliedMigrations(database).at(-1)?.number ?? 0
    if (path !== ':memory:') this.#snapshotDaily()
  }

  get problem(): string | null {
    return this.#problem
  }

  note<T>(change: (database: Database) => T): Result<T> {
    if (this.#closed || this.database.inTransaction) return this.write(change)
    this.database.pragma('synchronous = NORMAL')
    try {
      return this.write(change)
    } finally {
      this.database.pragma('synchronous = FULL')
    }
  }

  write<T>(change: (database: Database) => T): Result<T> {
    if (this.#closed)
      return fail(appError('storage-failed', 'The database is closed: Mooring is ending.', 'Start Mooring again.'))
    if (this.database.inTransaction) return ok(change(this.database))
    const start = this.#clock.monotonic()
    try {
      const value = this.database.transaction(() => change(this.database)).immediate()
      this.#setProblem(null)
      return ok(value)
    } catch (error) {
      const failure = storageFailure(error, this.path)
      if (failure === null) throw error
      this.#setProblem(failure.message)
      return fail(failure)
    } finally {
      const ms = this.#clock.monotonic() - start
      if (ms > slowQueryMs) this.#log.warn(`slow write, ${Math.round(ms)} ms`)
    }
  }

  snapshots(): Snapshot[] {
    return this.path === ':memory:' ? [] : listSnapshots(this.path)
  }

  snapshot(options: { dropOlder?: boolean } = {}): Promise<Result<void>> {
    // One after the other: each tidies up what an unfinished one left.
    const mine = this.#lastSnapshot.then(() => this.#takeSnapshot(options))
    this.#lastSnapshot = mine
    return mine
  }

  forgetRemoved(rows: SealedRows): Promise<void> {
    const mine = this.#lastSnapshot.then(async () => {
      if (this.path === ':memory:' || this.#closed) return
      try {
        this.database.pragma('wal_checkpoint(TRUNCATE)')
        await emptyRemoved(this.database, this.path, rows)
      } catch (error) {
        this.#log.warn(`what was removed may still be in a snapshot: ${error instanceof Error ? error.message : ''}`)
      }
    })
    this.#lastSnapshot = mine
    return mine
  }

  async #takeSnapshot(options: { dropOlder?: boolean }): Promise<Result<void>> {
    if (this.path === ':memory:') return ok(undefined)
    const at = this.#clock.now()
    try {
      const { dropOlder = false } = options
      // What was overwritten is still in the journal until it is emptied.
      if (dropOlder) this.database.pragma('wal_checkpoint(TRUNCATE)')
      await takeSnapshot(this.database, this.path, at, dropOlder ? 'new-key' : 'daily')
      if (dropOlder) removeSnapshotsBefore(this.path, at)
      return ok(undefined)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      // One that was under way when Mooring ended is no failure: what stands there is taken away at the next start.
      if (!this.#closed) this.#log.warn(`no snapshot could be taken: ${reason}`)
      return fail(
        appError('storage-failed', 'No snapshot of the database could be taken.', 'Check the free space.', {
          cause: reason,
        }),
      )
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#probe?.cancel()
    this.#daily?.cancel()
    this.database.close()
  }

  #setProblem(problem: string | null): void {
    if (problem !== null && !this.#closed) {
      this.#probe?.cancel()
      this.#probe = this.#clock.after(probeEveryMs, () => this.#tryWrite())
    } else {
      this.#probe?.cancel()
      this.#probe = null
    }
    if (problem === this.#problem) return
    this.#problem = problem
    if (problem === null) this.#log.info('the database can be written again')
    else this.#log.error(problem)
    this.#problems.emit(problem)
  }

  /** Without it, a problem that is over would be shown until somebody happens to change something. */
  #tryWrite(): void {
    if (this.#closed) return
    this.write((database) => {
      database.prepare('INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, ?)').run(this.#clock.now())
    })
  }

  #snapshotDaily(): void {
    const newest = this.snapshots()[0]?.at ?? 0
    if (this.#clock.now() - newest >= dayMs) drop(this.snapshot(), 'a failed snapshot is logged and tried in an hour')
    this.#daily = this.#clock.after(hourMs, () => {
      if (!this.#closed) this.#snapshotDaily()
    })
  }
}
