import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'

export type Migration = { number: number; name: string; checksum: string; sql: string }
export type AppliedMigration = { number: number; name: string; checksum: string }

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/

/** The migrations of a folder in their order. Line ends do not count for the checksum: git may change them. */
export function readMigrations(folder: string): Migration[] {
  const found = readdirSync(folder)
    .map((file) => ({ file, match: fileName.exec(file) }))
    .filter(({ match }) => match !== null)
    .map(({ file, match }) => {
      const sql = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number: Number(match?.[1]), name: file.slice(0, -'.sql'.length), checksum, sql }
    })
    .sort((a, b) => a.number - b.number)
  const twice = found.find((migration, index) => found[index + 1]?.number === migration.number)
  if (twice !== undefined) throw new Error(`Two migrations have the number ${twice.number}.`)
  return found
}

/** What an earlier start has applied; empty for a new database. */
export function appliedMigrations(database: Database): AppliedMigration[] {
  const table = database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'`).get()
  if (table === undefined) return []
  return database.prepare<[], AppliedMigration>('SELECT number, name, checksum FROM migration ORDER BY number').all()
}

/**
 * Which migrations are still to be applied. A database that was written by another build (a migration that we do not
 * know, or know with other contents) is refused: going on would damage it.
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): Result<Migration[]> {
  const highest = known.at(-1)?.number ?? 0
  for (const one of applied) {
    const ours = known.find(({ number }) => number === one.number)
    if (ours === undefined && one.number > highest)
      return refuse(`The database was written by a newer Mooring (it has ${one.name}).`)
    if (ours === undefined) return refuse(`The database has a change that this Mooring does not know (${one.name}).`)
    if (ours.checksum !== one.checksum)
      return refuse(`The database was changed by another build of Mooring (${one.name} differs).`)
  }
  const done = new Set(applied.map(({ number }) => number))
  return ok(known.filter(({ number }) => !done.has(number)))
}

const refuse = (message: string): Result<never> =>
  fail(
    appError(
      'database-newer',
      message,
      'Start the Mooring that wrote it, or a newer one; nothing was changed. A snapshot from before can be restored too.',
    ),
  )

/**
 * Applies each migration in a transaction of its own; a power cut leaves whole migrations. Foreign keys are checked
 * at the end of each instead of row by row, so that a migration can rebuild a table (https://sqlite.org/lang_altertable.html).
 */
export function applyMigrations(database: Database, pending: readonly Migration[], now: number): void {
  database.pragma('foreign_keys = OFF')
  database.exec(`CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
  ) STRICT`)
  const record = database.prepare('INSERT INTO migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)')
  for (const migration of pending) {
    database
      .transaction(() => {
        database.exec(migration.sql)
        const broken = database.pragma('foreign_key_check') as unknown[]
        if (broken.length > 0) throw new Error(`${migration.name} leaves ${broken.length} broken references.`)
        record.run(migration.number, migration.name, migration.checksum, now)
      })
      .immediate()
  }
  database.pragma('foreign_keys = ON')
}
