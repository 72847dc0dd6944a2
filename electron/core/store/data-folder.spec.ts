import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { lookAtDataFolder, prepareDataFolder } from './data-folder.ts'
import { defaultDataDir } from './default-data-dir.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777
const refused = (dir: string): string => {
  const result = prepareDataFolder(dir)
  if (result.ok) throw new Error('it was taken')
  expect(result.error.code).toBe('data-folder-unsafe')
  expect(result.error.next).not.toBe('')
  return result.error.message
}

describe('the data folder', () => {
  it('is made with everything above it, closed to others', () => {
    const dir = join(temporaryFolder(), 'share', 'mooring')
    expect(prepareDataFolder(dir).ok).toBe(true)
    for (const folder of [dir, join(dir, 'run'), join(dir, 'logs')]) expect(modeOf(folder)).toBe(0o700)
    expect(prepareDataFolder(dir).ok).toBe(true)
  })

  it('is closed when others may read it', () => {
    const dir = temporaryFolder()
    chmodSync(dir, 0o755)
    expect(prepareDataFolder(dir).ok).toBe(true)
    expect(modeOf(dir)).toBe(0o700)
  })

  it('is refused when everybody may write to it', () => {
    const dir = temporaryFolder()
    chmodSync(dir, 0o777)
    expect(refused(dir)).toContain('Everybody may write')
    expect(modeOf(dir)).toBe(0o777)
  })

  it('is refused when it is a link, also one that leads nowhere', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
    expect(refused(join(folder, 'link'))).toContain('is a link')
    expect(refused(`${join(folder, 'link')}/`)).toContain('is a link')
    expect(refused(join(folder, 'dangling'))).toContain('is a link')
  })

  it('is refused where everybody may put another in its place, also through a link', () => {
    const folder = temporaryFolder()
    const open = join(folder, 'open')
    mkdirSync(join(open, 'between'), { recursive: true })
    symlinkSync(join(open, 'between'), join(folder, 'link'))
    chmodSync(open, 0o777)
    expect(refused(join(open, 'mooring'))).toContain(`Everybody may write to ${open},`)
    expect(refused(join(open, 'between', 'mooring'))).toContain(`Everybody may write to ${open},`)
    expect(refused(join(folder, 'link', 'mooring'))).toContain(`Everybody may write to ${open},`)
    expect(refused(join(open, 'new', 'mooring'))).toContain(`Everybody may write to ${open},`)
    expect(readdirSync(open)).toEqual(['between'])
    // As /tmp: everybody may write, nobody may rename what belongs to another.
    chmodSync(open, 0o1777)
    expect(prepareDataFolder(join(open, 'between', 'mooring')).ok).toBe(true)
  })

  it('is refused when a link on the way to it lies where everybody may change it', () => {
    const folder = temporaryFolder()
    const open = join(folder, 'open')
    mkdirSync(open)
    mkdirSync(join(folder, 'closed'))
    symlinkSync(join(folder, 'closed'), join(open, 'link'))
    chmodSync(open, 0o777)
    expect(refused(join(open, 'link', 'mooring'))).toContain(`Everybody may write to ${open},`)
  })

  it('is refused when it is a file, or below one', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    expect(refused(file)).toContain('not a folder')
    refused(join(file, 'below'))
  })

  it.each(['mooring.db', 'owner.json', 'logs', 'anything'])('is refused when its %s is a link', (name) => {
    const dir = temporaryFolder()
    symlinkSync(join(dir, 'elsewhere'), join(dir, name))
    expect(refused(dir)).toContain(`${name} is a link`)
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
  })

  it('is refused when everybody may write to a folder in it', () => {
    const dir = temporaryFolder()
    mkdirSync(join(dir, 'run'))
    chmodSync(join(dir, 'run'), 0o777)
    expect(refused(dir)).toContain('run may be written to by everybody')
  })

  it('is refused when somebody else left something in it', (context) => {
    if (process.getuid?.() !== 0) context.skip('did not run: needs root to give a file away')
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'mooring.sock'), '')
    chownSync(join(dir, 'mooring.sock'), 12345, 12345)
    expect(refused(dir)).toContain('12345')
  })

  it('is looked at without a change by who only attaches', () => {
    const parent = temporaryFolder()
    expect(lookAtDataFolder(join(parent, 'none'))).toEqual({ ok: true, value: null })
    const dir = join(parent, 'data')
    prepareDataFolder(dir)
    expect(lookAtDataFolder(dir)).toMatchObject({ ok: true, value: { dir } })
    symlinkSync(dir, join(parent, 'link'))
    symlinkSync('/tmp/theirs.json', join(dir, 'owner.json'))
    for (const unsafe of [dir, join(parent, 'link')])
      expect(lookAtDataFolder(unsafe)).toMatchObject({ error: { code: 'data-folder-unsafe' } })
    chmodSync(dir, 0o777)
    expect(lookAtDataFolder(dir)).toMatchObject({ error: { code: 'data-folder-unsafe' } })
    expect(modeOf(dir)).toBe(0o777)
  })

  it('is refused when it belongs to somebody else', (context) => {
    if (process.getuid?.() !== 0) context.skip('did not run: needs root to give a folder away')
    const dir = temporaryFolder()
    chownSync(dir, 12345, 12345)
    expect(refused(dir)).toContain('12345')
  })
})

describe('the default data folder', () => {
  it('is the place each system has for it', () => {
    expect(defaultDataDir('linux', {}, '/home/ann')).toBe('/home/ann/.local/share/mooring')
    expect(defaultDataDir('linux', { XDG_DATA_HOME: '/data' }, '/home/ann')).toBe('/data/mooring')
    expect(defaultDataDir('linux', { XDG_DATA_HOME: 'data' }, '/home/ann')).toBe('/home/ann/.local/share/mooring')
    expect(defaultDataDir('darwin', {}, '/Users/ann')).toBe('/Users/ann/Library/Application Support/Mooring')
    expect(defaultDataDir('win32', { LOCALAPPDATA: '/Local' }, '/ann')).toBe('/Local/Mooring')
  })
})
