import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { Log, LogRing } from '../log.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { openFile, tryOpen } from './open-store.testing.ts'
import { memoryStore } from './store.testing.ts'
import type { Store } from './store.ts'

const names = (store: Store): unknown[] =>
  store.database.prepare('SELECT name FROM setting ORDER BY name').pluck().all()
const put = (store: Store, name: string, value = '1') =>
  store.write((database) => {
    database.prepare('INSERT INTO setting VALUES (?, ?)').run(name, value)
  })
const large = JSON.stringify('x'.repeat(64 * 1024))

describe('the store', () => {
  it('is durable, checks references, and wipes what is deleted', () => {
    const { database } = openFile(join(temporaryFolder(), 'mooring.db'))
    const pragma = (name: string): unknown => database.pragma(name, { simple: true })
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('trusted_schema')).toBe(0)
    expect(pragma('secure_delete')).toBe(1)
    expect(pragma('temp_store')).toBe(2)
  })

  it('waits for the disk again after a note', () => {
    const store = openFile(join(temporaryFolder(), 'mooring.db'))
    const level = (): unknown => store.database.pragma('synchronous', { simple: true })
    expect(store.note(level)).toEqual({ ok: true, value: 1 })
    expect(store.write(level)).toEqual({ ok: true, value: 2 })
    expect(() => store.note(() => store.database.prepare('no SQL'))).toThrow('syntax error')
    expect(store.write(() => store.note(level))).toMatchObject({ value: { value: 2 } })
  })

  it('keeps database and journals from other users, whatever the umask', () => {
    const before = process.umask(0o000)
    onTestFinished(() => void process.umask(before))
    const path = join(temporaryFolder(), 'mooring.db')
    put(openFile(path), 'one')
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('finds everything again', () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const first = openFile(path)
    put(first, 'one')
    first.close()
    expect(names(openFile(path))).toEqual(['one'])
  })

  it('refuses a link in the place of the database, also one that leads nowhere', () => {
    const folder = temporaryFolder()
    symlinkSync(join(folder, 'elsewhere.db'), join(folder, 'mooring.db'))
    expect(tryOpen(join(folder, 'mooring.db'))).toMatchObject({ error: { code: 'data-folder-unsafe' } })
  })

  it('says in words when there is no folder for the database', () => {
    expect(tryOpen(join(temporaryFolder(), 'absent', 'mooring.db'))).toMatchObject({
      error: { code: 'storage-failed', cause: 'ENOENT' },
    })
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'mooring.db'))
    expect(tryOpen(join(folder, 'mooring.db'))).toMatchObject({ error: { code: 'storage-failed', cause: 'EISDIR' } })
  })
})

describe('a write', () => {
  it('is whole or not at all, and joins the one around it', () => {
    const store = memoryStore()
    expect(() =>
      store.write(() => {
        expect(put(store, 'one').ok).toBe(true)
        expect(names(store)).toEqual(['one'])
        throw new Error('a bug')
      }),
    ).toThrow('a bug')
    expect(names(store)).toEqual([])
    expect(put(store, 'two').ok).toBe(true)
    expect(names(store)).toEqual(['two'])
  })

  it('throws on what is a mistake of ours, and does not call it a failure of the disk', () => {
    const store = memoryStore()
    put(store, 'one')
    expect(() => put(store, 'one')).toThrow('UNIQUE')
    expect(store.problem).toBeNull()
  })

  it('after the end is refused in words', () => {
    const store = memoryStore()
    store.close()
    expect(put(store, 'one')).toMatchObject({ error: { code: 'storage-failed' } })
  })

  it('that waits for another program is refused, and named', () => {
    const path = join(temporaryFolder(), 'mooring.db')
    const store = openFile(path, { clock: new FakeClock() })
    const other = openFile(path)
    store.database.pragma('busy_timeout = 50')
    other.database.exec('BEGIN IMMEDIATE')
    expect(put(store, 'one')).toMatchObject({ error: { code: 'storage-failed', cause: 'SQLITE_BUSY' } })
    other.database.exec('ROLLBACK')
    expect(put(store, 'one').ok).toBe(true)
  })

  it('that is slow is logged by its text, without a value', () => {
    const ring = new LogRing()
    const clock = new FakeClock()
    const store = memoryStore({ clock, log: new Log([ring.sink]) })
    store.database.function('wait', () => {
      clock.advance(80)
      return 1
    })
    store.write((database) => {
      database.prepare('INSERT INTO setting SELECT ?, wait()').run('a private name')
    })
    const lines = ring.entries().map(({ message }) => message)
    expect(lines).toContainEqual('slow query, 80 ms: INSERT INTO setting SELECT ?, wait()')
    expect(lines).toContainEqual('slow write, 80 ms')
    expect(lines.join('\n')).not.toContain('private')
  })
})

describe('a full disk', () => {
  function limited(): { store: Store; clock: FakeClock; seen: (string | null)[]; setPages: (pages: number) => void } {
    const clock = new FakeClock()
    const store = openFile(join(temporaryFolder(), 'mooring.db'), { clock })
    const seen: (string | null)[] = []
    store.onProblem((problem) => seen.push(problem))
    const setPages = (pages: number): void => void store.database.pragma(`max_page_count = ${pages}`)
    setPages((store.database.pragma('page_count', { simple: true }) as number) + 2)
    return { store, clock, seen, setPages }
  }

  it('fails the write as a whole, is told once, and is over by itself', () => {
    const { store, clock, seen, setPages } = limited()
    for (let attempt = 0; attempt < 3; attempt++)
      expect(put(store, 'too large', large)).toMatchObject({ error: { code: 'storage-failed', cause: 'SQLITE_FULL' } })
    expect(store.problem).toContain('full')
    expect(names(store)).toEqual([])
    expect(seen).toEqual([expect.stringContaining('full')])
    setPages(10_000)
    clock.advance(15_000)
    expect(store.problem).toBeNull()
    expect(seen).toEqual([expect.stringContaining('full'), null])
    expect(put(store, 'too large', large).ok).toBe(true)
  })

  it('keeps being tried for as long as it is full', () => {
    const { store, clock } = limited()
    put(store, 'too large', large)
    store.database.pragma('query_only = ON')
    for (let minute = 0; minute < 10; minute++) clock.advance(60_000)
    expect(store.problem).toContain('read-only')
    store.database.pragma('query_only = OFF')
    clock.advance(15_000)
    expect(store.problem).toBeNull()
  })

  it('is the same on a real disk that has no byte left', (context) => {
    const folder = temporaryFolder()
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', disk]).status === 0
    if (!mounted) context.skip('did not run: needs root to mount a small disk')
    onTestFinished(() => void spawnSync('umount', ['-l', disk]))
    const clock = new FakeClock()
    const store = openFile(join(disk, 'mooring.db'), { clock })
    expect(put(store, 'before').ok).toBe(true)
    const filling = join(disk, 'filling')
    try {
      for (let size = 1; ; size++) writeFileSync(filling, Buffer.alloc(65_536), { flag: 'a' })
    } catch {
      // No space is left, which is what is wanted.
    }
    expect(put(store, 'during', large)).toMatchObject({ error: { code: 'storage-failed' } })
    expect(store.problem).not.toBeNull()
    expect(names(store)).toEqual(['before'])
    rmSync(filling)
    clock.advance(15_000)
    expect(store.problem).toBeNull()
    expect(put(store, 'after').ok).toBe(true)
    store.close()
    expect(names(openFile(join(disk, 'mooring.db'), { clock }))).toEqual(['after', 'before'])
  })
})
