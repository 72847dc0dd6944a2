import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { HostOptions } from '../support/host.ts'

const root = join(import.meta.dirname, '..', '..')

/** The built host as a later release could be: with one migration more. */
export type NewerHost = AsyncDisposable & {
  /** Makes `startHost` start this one. */
  readonly through: NonNullable<HostOptions['through']>
  /** How many migrations it knows. */
  readonly migrations: number
}

/**
 * The migration rebuilds the table of what is wanted, in the way of https://sqlite.org/lang_altertable.html, between two
 * heaps of rows: its one transaction takes some tenths of a second, and writes to the journal long before it commits.
 * `dataDir`: one that the present host wrote, for its schema; nothing is changed there.
 */
export async function makeNewerHost(dataDir: string): Promise<NewerHost> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-newer-'))
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const migrations = join(folder, 'dist', 'migrations')
  await copyDatabase(dataDir, folder)
  await writeFile(join(migrations, '9000_rebuild.sql'), rebuildOf(join(folder, 'mooring.db')))
  return {
    through: ['sh', '-c', `shift; exec "$0" '${join(folder, 'dist', 'serve.mjs')}' "$@"`],
    migrations: (await readdir(migrations)).length,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

function rebuildOf(path: string): string {
  const database = new Database(path)
  const schema = database
    .prepare<[], { type: string; sql: string }>(
      `SELECT type, sql FROM sqlite_schema WHERE tbl_name = 'forwards' AND sql IS NOT NULL`,
    )
    .all()
  database.close()
  const table = schema.find(({ type }) => type === 'table')?.sql ?? ''
  const others = schema.filter(({ type }) => type !== 'table').map(({ sql }) => `${sql};`)
  const heap = `WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 5000)
    INSERT INTO heap (bytes) SELECT randomblob(4000) FROM numbers;`
  return [
    'CREATE TABLE heap (bytes BLOB NOT NULL) STRICT;',
    `${table.replace(/^CREATE TABLE "?forwards"?/, 'CREATE TABLE rebuilt')};`,
    heap,
    'INSERT INTO rebuilt SELECT * FROM forwards;',
    'DROP TABLE forwards;',
    'ALTER TABLE rebuilt RENAME TO forwards;',
    ...others,
    heap,
  ].join('\n')
}

/** How many migrations a database has had. It is asked of a copy, so that its next owner finds it as it was left. */
export async function migrationsOf(dataDir: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-look-'))
  try {
    await copyDatabase(dataDir, folder)
    const database = new Database(join(folder, 'mooring.db'))
    const there = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'migration'`).get() !== undefined
    const count = there ? database.prepare('SELECT count(*) FROM migration').pluck().get() : 0
    database.close()
    return Number(count)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The database of one data folder into another, with what only its journal has. Nobody may own the first. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => name === 'mooring.db' || name === 'mooring.db-wal')
  for (const name of names) await cp(join(from, name), join(to, name))
}
