import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { FakeClock } from '../clock.testing.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { openFile, tryOpen } from './open-store.testing.ts'
import { migrationsFolder } from './store.testing.ts'
import { restoreSnapshot, snapshotFolder, startEmpty } from './snapshots.ts'
import type { Store } from './store.ts'

const hourMs = 60 * 60 * 1000
const put = (store: Store, name: string): void => {
  const written = store.write((database) => database.prepare('INSERT INTO setting VALUES (?, ?)').run(name, '1'))
  if (!written.ok) throw new Error(written.error.message)
}
const names = (store: Store): unknown[] =>
  store.database.prepare('SELECT name FROM setting ORDER BY name').pluck().all()

/** Overwrites the pages of a closed database after the first one, as a failing disk may. */
function damage(path: string): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4096)
  writeFileSync(path, bytes)
}

/** The project's migrations and one more. */
function writeMigrations(folder: string): void {
  cpSync(migrationsFolder, folder, { recursive: true })
  writeFileSync(join(folder, '9000_added.sql'), 'CREATE TABLE added (id INTEGER PRIMARY KEY) STRICT;')
}

/** A damaged database that has one good snapshot, which holds the setting `kept`. */
async function damagedWithSnapshot(): Promise<{ path: string; clock: FakeClock }> {
  const path = join(temporaryFolder(), 'mooring.db')
  const clock = new FakeClock()
  const store = openFile(path, { clock })
  await eventually(() => expect(store.snapshots()).toHaveLength(1))
  put(store, 'kept')
  clock.advance(1000)
  expect((await store.snapshot()).ok).toBe(true)
  put(store, 'later')
  store.close()
  damage(path)
  return { path, clock }
}

describe('snapshots', () => {
  it('are taken on the first day and once a day after it; the last seven stay', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const clock = new FakeClock()
    const store = openFile(path, { clock })
    await eventually(() => expect(store.snapshots()).toHaveLength(1))
    for (let hour = 0; hour < 23; hour++) clock.advance(hourMs)
    expect(store.snapshots()).toHaveLength(1)
    const seen = new Set(store.snapshots().map(({ file }) => file))
    for (let day = 1; day < 10; day++) {
      const before = store.snapshots()[0]?.at ?? 0
      for (let hour = 0; hour < 24; hour++) clock.advance(hourMs)
      await eventually(() => expect(store.snapshots()[0]?.at ?? 0).toBeGreaterThan(before))
      await eventually(() => expect(store.snapshots()).toHaveLength(Math.min(7, day + 1)))
      seen.add(store.snapshots()[0]!.file)
    }
    expect(seen.size).toBe(10)
    const kept = store.snapshots()
    expect(kept).toHaveLength(7)
    expect(kept.map(({ at }) => at)).toEqual(kept.map(({ at }) => at).sort((a, b) => b - a))
    expect(readdirSync(snapshotFolder(path))).toHaveLength(7)
  })

  it('are complete databases that nobody else can read', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const store = openFile(path, { clock: new FakeClock() })
    await eventually(() => expect(store.snapshots()).toHaveLength(1))
    put(store, 'one')
    await store.snapshot()
    const file = join(snapshotFolder(path), store.snapshots()[0]!.file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(snapshotFolder(path)).mode & 0o777).toBe(0o700)
    const copy = new BetterSqlite(file, { readonly: true })
    expect(copy.prepare('SELECT name FROM setting').pluck().all()).toEqual(['one'])
    copy.close()
  })

  it('replace all earlier ones when the key of the vault was changed', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const clock = new FakeClock()
    const store = openFile(path, { clock })
    await eventually(() => expect(store.snapshots()).toHaveLength(1))
    clock.advance(1000)
    await store.snapshot()
    expect(store.snapshots()).toHaveLength(2)
    clock.advance(1000)
    await store.snapshot({ dropOlder: true })
    expect(store.snapshots().map(({ file }) => file)).toEqual([expect.stringContaining('new-key')])
  })

  it('do not keep sealed values that were destroyed since, and keep all others', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'mooring.db')
    const clock = new FakeClock()
    const store = openFile(path, { clock })
    const insert = (id: string, sealed: string): void => {
      const row = [id, Buffer.from(sealed), '[]', 1, 1]
      const columns = '(id, sealed, source_embedded, created_at, updated_at)'
      store.write((database) =>
        database.prepare(`INSERT INTO kubeconfigs ${columns} VALUES (?, ?, ?, ?, ?)`).run(...row),
      )
    }
    insert('removed', 'c4n4ry'.repeat(20))
    insert('kept', 'stays')
    for (let count = 0; count < 2; count += 1) {
      clock.advance(1000)
      expect((await store.snapshot()).ok).toBe(true)
    }
    const inFiles = (): string[] =>
      [path, `${path}-wal`, ...store.snapshots().map(({ file }) => join(snapshotFolder(path), file))].filter(
        (file) => existsSync(file) && readFileSync(file).includes('c4n4ry'),
      )
    expect(inFiles().length).toBeGreaterThanOrEqual(3)
    store.write((database) => database.prepare("DELETE FROM kubeconfigs WHERE id = 'removed'").run())
    await store.forgetRemoved({ table: 'kubeconfigs', column: 'sealed', idColumn: 'id' })
    expect(inFiles()).toEqual([])
    const [newest] = store.snapshots()
    const copy = new BetterSqlite(join(snapshotFolder(path), newest?.file ?? ''), { readonly: true })
    expect(copy.prepare('SELECT id, sealed FROM kubeconfigs ORDER BY id').all()).toEqual([
      { id: 'kept', sealed: Buffer.from('stays') },
      { id: 'removed', sealed: Buffer.alloc(0) },
    ])
    copy.close()
  })

  it('that cannot be written say so, leave nothing behind, and disturb nothing', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    writeFileSync(snapshotFolder(path), 'a file in the place of the folder')
    const store = openFile(path)
    expect(await store.snapshot()).toMatchObject({ ok: false, error: { code: 'storage-failed' } })
    put(store, 'one')
    expect(names(store)).toEqual(['one'])
  })

  it('do not hold up the end: a store may be closed while one is taken', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const store = openFile(path, { clock: new FakeClock() })
    const taking = store.snapshot()
    store.close()
    await taking
    expect(names(openFile(path))).toEqual([])
  })

  it('are taken before a migration, of the database as it was', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'mooring.db')
    const clock = new FakeClock()
    const old = openFile(path, { clock })
    old.close()
    const migrations = join(folder, 'migrations')
    writeMigrations(migrations)
    rmSync(snapshotFolder(path), { recursive: true, force: true })
    const store = openFile(path, { clock, migrations })
    expect(store.database.prepare('SELECT count(*) FROM added').pluck().get()).toBe(0)
    const before = store.snapshots().find(({ file }) => file.includes('before-migration'))
    const copy = new BetterSqlite(join(snapshotFolder(path), before!.file), { readonly: true })
    expect(copy.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'added'").pluck().get()).toBe(0)
    copy.close()
  })
})

describe('a damaged database', () => {
  it('is kept aside and stays refused until somebody decides; the snapshots are offered', async () => {
    const { path, clock } = await damagedWithSnapshot()
    const bytes = readFileSync(path)
    const refused = tryOpen(path, { clock })
    expect(refused).toMatchObject({ ok: false, error: { code: 'database-corrupt' } })
    if (refused.ok) return
    const { kept, snapshots } = refused.error.details as { kept: string[]; snapshots: { file: string }[] }
    expect(readFileSync(kept[0]!).equals(bytes)).toBe(true)
    expect(snapshots).toHaveLength(2)
    expect(refused.error.next).toContain('--restore-snapshot')
    expect(existsSync(path)).toBe(false)
    expect(tryOpen(path, { clock })).toMatchObject({ ok: false, error: { code: 'database-corrupt' } })
  })

  it('is replaced by a snapshot on request', async () => {
    const { path, clock } = await damagedWithSnapshot()
    const refused = tryOpen(path, { clock })
    if (refused.ok) throw new Error('the damage was not seen')
    const [newest] = (refused.error.details as { snapshots: { file: string }[] }).snapshots
    expect(restoreSnapshot({ path, file: newest!.file, now: clock.now() }).ok).toBe(true)
    const store = openFile(path, { clock })
    expect(names(store)).toEqual(['kept'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('gives way to an empty one on request, and is still kept', async () => {
    const { path, clock } = await damagedWithSnapshot()
    expect(tryOpen(path, { clock }).ok).toBe(false)
    startEmpty(path)
    const store = openFile(path, { clock })
    expect(names(store)).toEqual([])
    expect(readdirSync(join(path, '..')).filter((file) => file.includes('.corrupt-')).length).toBeGreaterThan(0)
  })

  it.each([
    ['not a database at all', (path: string) => writeFileSync(path, 'x'.repeat(8192))],
    ['cut off', (path: string) => truncateSync(path, 5000)],
  ])('is seen when it is %s', async (_words, spoil) => {
    const { path, clock } = await damagedWithSnapshot()
    spoil(path)
    expect(tryOpen(path, { clock })).toMatchObject({ ok: false, error: { code: 'database-corrupt' } })
  })

  it('that was written to by another program while we run is a failure that is named', () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const store = openFile(path, { clock: new FakeClock() })
    put(store, 'one')
    store.database.pragma('wal_checkpoint(TRUNCATE)')
    damage(path)
    store.database.pragma('shrink_memory')
    const read = store.write((database) => {
      for (let index = 0; index < 500; index++)
        database.prepare('INSERT INTO setting VALUES (?, ?)').run(`name ${index}`, '1')
    })
    expect(read).toMatchObject({ ok: false, error: { code: 'database-corrupt' } })
    expect(store.problem).toContain('damaged')
  })
})

describe('restoring a snapshot', () => {
  it('keeps what it replaces, and takes only what is on the list', async () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const store = openFile(path, { clock: new FakeClock() })
    await eventually(() => expect(store.snapshots()).toHaveLength(1))
    put(store, 'today')
    const { file } = store.snapshots()[0]!
    store.close()
    expect(restoreSnapshot({ path, file: '../mooring.db', now: 0 })).toMatchObject({ error: { code: 'not-found' } })
    expect(restoreSnapshot({ path, file, now: 0 }).ok).toBe(true)
    expect(names(openFile(path))).toEqual([])
    const replaced = readdirSync(join(path, '..')).find((name) => name.includes('.replaced-'))
    expect(names(openFile(join(path, '..', replaced!)))).toEqual(['today'])
  })

  it('refuses one that is damaged too', async () => {
    const { path, clock } = await damagedWithSnapshot()
    const refused = tryOpen(path, { clock })
    if (refused.ok) throw new Error('the damage was not seen')
    const [newest] = (refused.error.details as { snapshots: { file: string }[] }).snapshots
    const file = join(snapshotFolder(path), newest!.file)
    chmodSync(file, 0o600)
    damage(file)
    expect(restoreSnapshot({ path, file: newest!.file, now: clock.now() })).toMatchObject({
      error: { code: 'database-corrupt' },
    })
    expect(existsSync(path)).toBe(false)
  })
})
