import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Result } from '../../../contract/errors.ts'
import { systemClock } from '../clock.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { openFile } from './open-store.testing.ts'
import type { Recovery } from './recovery-options.ts'
import { openRecoveredStore } from './recovery.ts'
import { migrationsFolder, silentLog } from './store.testing.ts'
import type { Store } from './store.ts'

function open(path: string, recovery: Recovery | null): Result<Store> {
  const opened = openRecoveredStore(
    { path, migrations: migrationsFolder, clock: systemClock, log: silentLog },
    recovery,
  )
  if (opened.ok) onTestFinished(() => opened.value.close())
  return opened
}

const names = (opened: Result<Store>): unknown[] | string =>
  opened.ok ? opened.value.database.prepare('SELECT name FROM setting').pluck().all() : opened.error.code

/** A database with one setting, which two snapshots hold too; then more was written. */
async function used(): Promise<{ path: string; snapshots: string[] }> {
  const path = join(temporaryFolder(), 'mooring.db')
  const store = openFile(path)
  const put = (name: string): void => {
    store.write((database) => database.prepare('INSERT INTO setting VALUES (?, ?)').run(name, '1'))
  }
  await store.snapshot()
  put('first')
  await store.snapshot()
  put('second')
  store.close()
  return { path, snapshots: store.snapshots().map(({ file }) => file) }
}

const damage = (path: string): void => {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4096)
  writeFileSync(path, bytes)
}

describe('starting again after the database was damaged', () => {
  it('is refused until somebody decides, and the decision is named', async () => {
    const { path } = await used()
    damage(path)
    for (let start = 0; start < 2; start++) {
      const refused = open(path, null)
      expect(names(refused)).toBe('database-corrupt')
      if (!refused.ok) expect(refused.error.next).toMatch(/--restore-snapshot latest.*--start-empty/)
    }
  })

  it('goes on with the latest snapshot, or with one by its name', async () => {
    const { path, snapshots } = await used()
    damage(path)
    expect(names(open(path, { kind: 'restore-snapshot', file: 'latest' }))).toEqual(['first'])
    expect(names(open(path, { kind: 'restore-snapshot', file: snapshots.at(-1)! }))).toEqual([])
  })

  it('names the snapshots there are when another is asked for', async () => {
    const { path, snapshots } = await used()
    const refused = open(path, { kind: 'restore-snapshot', file: '../mooring.db' })
    expect(names(refused)).toBe('not-found')
    if (!refused.ok) expect(refused.error.next).toContain(snapshots[0])
    const nothing = open(join(temporaryFolder(), 'mooring.db'), { kind: 'restore-snapshot', file: 'latest' })
    expect(names(nothing)).toBe('not-found')
  })

  it('goes on empty on request, once; an option left standing empties nothing', async () => {
    const { path } = await used()
    expect(names(open(path, { kind: 'start-empty' }))).toEqual(['first', 'second'])
    damage(path)
    const empty = open(path, { kind: 'start-empty' })
    expect(names(empty)).toEqual([])
    if (empty.ok) empty.value.write((database) => database.prepare('INSERT INTO setting VALUES (?, ?)').run('new', '1'))
    if (empty.ok) empty.value.close()
    expect(names(open(path, { kind: 'start-empty' }))).toEqual(['new'])
  })
})
