import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { openFile, tryOpen } from './open-store.testing.ts'
import { migrationsFolder } from './store.testing.ts'

/** A database with the project's migrations, and a folder of migrations to go on with. */
function grown(more: Record<string, string> = {}): { path: string; migrations: string } {
  const folder = temporaryFolder()
  const migrations = join(folder, 'migrations')
  cpSync(migrationsFolder, migrations, { recursive: true })
  const path = join(folder, 'mooring.db')
  openFile(path, { migrations }).close()
  for (const [name, sql] of Object.entries(more)) writeFileSync(join(migrations, name), sql)
  return { path, migrations }
}

const first = (migrations: string): string => join(migrations, '0010_base.sql')

describe('migrations', () => {
  it('are applied once, in their order, and remembered', () => {
    const { path, migrations } = grown({
      '9010_second.sql': 'ALTER TABLE one ADD COLUMN two TEXT;',
      '9000_first.sql': 'CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT;',
    })
    const store = openFile(path, { migrations })
    expect(store.schemaVersion).toBe(9010)
    store.database.prepare('INSERT INTO one VALUES (1, ?)').run('kept')
    store.close()
    const again = openFile(path, { migrations })
    expect(again.database.prepare('SELECT two FROM one').pluck().all()).toEqual(['kept'])
  })

  it('are the same whatever line ends git gave them', () => {
    const { path, migrations } = grown()
    writeFileSync(first(migrations), readFileSync(first(migrations), 'utf8').replaceAll('\n', '\r\n'))
    expect(tryOpen(path, { migrations }).ok).toBe(true)
  })

  it('refuse a database that a newer Mooring wrote, and change nothing in it', () => {
    const { path, migrations } = grown({ '9000_newer.sql': 'CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;' })
    openFile(path, { migrations }).close()
    const before = readFileSync(path)
    const refused = tryOpen(path)
    expect(refused).toMatchObject({ ok: false, error: { code: 'database-newer' } })
    if (!refused.ok) expect(refused.error.message).toContain('9000_newer')
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(openFile(path, { migrations }).schemaVersion).toBe(9000)
  })

  it('refuse a database whose migration was another one, or is not there any more', () => {
    const { path, migrations } = grown()
    writeFileSync(first(migrations), `${readFileSync(first(migrations), 'utf8')}\n-- changed\n`)
    expect(tryOpen(path, { migrations })).toMatchObject({ ok: false, error: { code: 'database-newer' } })

    const gap = grown({ '9000_there.sql': 'SELECT 1;', '9010_last.sql': 'SELECT 1;' })
    openFile(gap.path, { migrations: gap.migrations }).close()
    const without = grown({ '9010_last.sql': 'SELECT 1;' })
    const refused = tryOpen(gap.path, { migrations: without.migrations })
    expect(refused).toMatchObject({ ok: false, error: { code: 'database-newer' } })
    if (!refused.ok) expect(refused.error.message).toContain('9000_there')
  })

  it('roll a failing one back as a whole, and keep those before it', () => {
    const { path, migrations } = grown({
      '9000_works.sql': 'CREATE TABLE works (id INTEGER PRIMARY KEY) STRICT;',
      '9010_fails.sql': 'CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere VALUES (1);',
    })
    expect(() => tryOpen(path, { migrations })).toThrow('nowhere')
    writeFileSync(join(migrations, '9010_fails.sql'), 'CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT;')
    expect(openFile(path, { migrations }).schemaVersion).toBe(9010)
  })

  it('refuse one that leaves references to rows that are not there', () => {
    const { path, migrations } = grown({
      '9000_references.sql': `CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id)) STRICT;
        INSERT INTO child VALUES (7);`,
    })
    expect(() => tryOpen(path, { migrations })).toThrow('broken references')
  })

  it('refuse two files with the same number', () => {
    const { path, migrations } = grown({ '9000_one.sql': 'SELECT 1;', '9000_two.sql': 'SELECT 1;' })
    expect(() => tryOpen(path, { migrations })).toThrow('9000')
  })
})
