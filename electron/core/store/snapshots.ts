import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { Database } from 'better-sqlite3'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'

/** A copy of the database, complete in itself; sealed fields stay sealed. */
export type Snapshot = { file: string; at: number; bytes: number }

/** How many snapshots are kept. */
export const snapshotsKept = 7

const pattern = /^mooring-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(?:-[a-z0-9-]+)?\.db$/

/** The folder beside the database that holds its snapshots. */
export const snapshotFolder = (databasePath: string): string => join(dirname(databasePath), 'snapshots')

/** Newest first. */
export function listSnapshots(databasePath: string): Snapshot[] {
  const folder = snapshotFolder(databasePath)
  return filesIn(folder)
    .flatMap((file) => {
      const match = pattern.exec(file)
      const bytes = statSync(join(folder, file), { throwIfNoEntry: false })?.size
      if (match === null || bytes === undefined) return []
      const [year, month, day, hour, minute, second, ms] = match.slice(1).map(Number)
      const at = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second, ms)
      return [{ file, at, bytes }]
    })
    .sort((a, b) => b.at - a.at)
}

/** A folder that is not there, or cannot be read, holds no snapshots; that must not keep Mooring from starting. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const nameFor = (at: number, why: string): string =>
  `mooring-${new Date(at).toISOString().replace(/[-:.]/g, '')}-${why}.db`

/** Copies the database while the caller waits; for the moment before a migration. */
export function takeSnapshotNow(database: Database, databasePath: string, at: number, why: string): void {
  const { target, partial } = prepare(databasePath, at, why)
  database.prepare('VACUUM INTO ?').run(partial)
  finish(databasePath, partial, target)
}

/** Copies the database page by page, letting other work go on between. */
export async function takeSnapshot(database: Database, databasePath: string, at: number, why: string): Promise<void> {
  const { target, partial } = prepare(databasePath, at, why)
  await database.backup(partial)
  finish(databasePath, partial, target)
}

/** Removes all snapshots older than `before`; after the vault's key was changed they would still open with the old one. */
export function removeSnapshotsBefore(databasePath: string, before: number): void {
  const folder = snapshotFolder(databasePath)
  for (const { file, at } of listSnapshots(databasePath)) if (at < before) rmSync(join(folder, file), { force: true })
}

/** A column of sealed values, and the column that names its rows. */
export type SealedRows = { readonly table: string; readonly column: string; readonly idColumn: string }

/**
 * Empties, in all snapshots, sealed values whose rows are gone from the database: what was destroyed there must not be
 * readable in a copy. One snapshot after the other, letting other work go on between. Rejects when one cannot be written.
 */
export async function emptyRemoved(database: Database, databasePath: string, rows: SealedRows): Promise<void> {
  const { table, column, idColumn } = rows
  const ids = database.prepare(`SELECT ${idColumn} FROM ${table}`).pluck().all()
  for (const { file } of listSnapshots(databasePath)) {
    const snapshot = new BetterSqlite(join(snapshotFolder(databasePath), file), { fileMustExist: true })
    try {
      snapshot.pragma('journal_mode = DELETE')
      snapshot.pragma('secure_delete = ON')
      const known = snapshot.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)
      if (known !== undefined)
        snapshot
          .prepare(
            `UPDATE ${table} SET ${column} = zeroblob(0)
             WHERE length(${column}) > 0 AND ${idColumn} NOT IN (SELECT value FROM json_each(?))`,
          )
          .run(JSON.stringify(ids))
    } finally {
      snapshot.close()
    }
    await new Promise(setImmediate)
  }
}

function prepare(databasePath: string, at: number, why: string): { target: string; partial: string } {
  const folder = snapshotFolder(databasePath)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const target = join(folder, nameFor(at, why))
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  return { target, partial }
}

/** The name appears only when all bytes are on the disk; the oldest beyond {@link snapshotsKept} go. */
function finish(databasePath: string, partial: string, target: string): void {
  chmodSync(partial, 0o600)
  syncFile(partial)
  renameSync(partial, target)
  const folder = snapshotFolder(databasePath)
  for (const { file } of listSnapshots(databasePath).slice(snapshotsKept)) rmSync(join(folder, file), { force: true })
  for (const file of readdirSync(folder)) if (file.endsWith('.partial')) rmSync(join(folder, file), { force: true })
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Moves the database and its journals aside; answers the new path. Nothing is deleted. */
export function keepAside(databasePath: string, at: number, why: 'corrupt' | 'replaced'): string {
  const aside = `${databasePath}.${why}-${new Date(at).toISOString().replace(/[-:.]/g, '')}`
  for (const journal of ['', '-wal', '-shm'])
    if (existsSync(databasePath + journal)) renameSync(databasePath + journal, aside + journal)
  return aside
}

/** Damaged databases that were moved aside, newest first. */
export function keptAside(databasePath: string): string[] {
  const folder = dirname(databasePath)
  const start = `${basename(databasePath)}.corrupt-`
  return filesIn(folder)
    .filter((file) => file.startsWith(start) && !/-(wal|shm)$/.test(file))
    .sort()
    .reverse()
    .map((file) => join(folder, file))
}

/** Whether SQLite finds the whole file in order. */
export function isSound(database: Database): boolean {
  const rows = database.pragma('quick_check(1)') as { quick_check: string }[]
  return rows.length === 1 && rows[0]?.quick_check === 'ok'
}

/**
 * Puts a snapshot in the place of the database, which is moved aside first. To be called by the owner of the folder
 * while the store is closed. `file` is a name from {@link listSnapshots}. Errors: not-found, database-corrupt.
 */
export function restoreSnapshot(options: { path: string; file: string; now: number }): Result<Snapshot> {
  const snapshot = listSnapshots(options.path).find(({ file }) => file === options.file)
  if (snapshot === undefined)
    return fail(appError('not-found', 'There is no such snapshot.', 'Choose one of the snapshots listed.'))
  const source = join(snapshotFolder(options.path), snapshot.file)
  if (!soundFile(source))
    return fail(appError('database-corrupt', `The snapshot ${snapshot.file} is damaged too.`, 'Choose another one.'))
  const partial = `${options.path}.restoring`
  copyFileSync(source, partial)
  chmodSync(partial, 0o600)
  syncFile(partial)
  if (existsSync(options.path)) keepAside(options.path, options.now, 'replaced')
  renameSync(partial, options.path)
  return ok(snapshot)
}

/** After a damaged database was moved aside: go on with an empty one. */
export function startEmpty(path: string): void {
  closeSync(openSync(path, 'ax', 0o600))
}

function soundFile(path: string): boolean {
  try {
    const database = new BetterSqlite(path, { readonly: true, fileMustExist: true })
    try {
      return isSound(database)
    } finally {
      database.close()
    }
  } catch {
    return false
  }
}
