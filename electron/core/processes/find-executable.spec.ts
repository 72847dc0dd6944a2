import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findExecutable, openToEverybody } from './find-executable.ts'

describe.runIf(process.platform !== 'win32')('findExecutable', () => {
  let folder = ''
  const place = (path: string, mode: number): string => {
    const full = join(folder, path)
    mkdirSync(join(full, '..'), { recursive: true })
    writeFileSync(full, '')
    chmodSync(full, mode)
    return full
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mooring-find-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('takes the first of the PATH that may be run', async () => {
    place('a/tool', 0o644)
    mkdirSync(join(folder, 'b/tool'), { recursive: true })
    const wanted = place('c/tool', 0o755)
    place('d/tool', 0o755)
    const path = ['a', 'b', 'c', 'd'].map((name) => join(folder, name)).join(delimiter)
    expect(await findExecutable('tool', path)).toBe(wanted)
    expect(await findExecutable('other', path)).toBeNull()
  })

  it('takes a full path as it is, whatever the PATH', async () => {
    const tool = place('a/tool', 0o755)
    expect(await findExecutable(tool, '')).toBe(tool)
  })

  it('never looks in the folder we happen to be in', async () => {
    expect(await findExecutable('package.json', '.')).toBeNull()
    expect(await findExecutable('./node_modules/.bin/node', '/usr/bin')).toBeNull()
    expect(await findExecutable('node', `.${delimiter}node_modules/.bin`)).toBeNull()
  })

  it('knows a program that everybody may replace', async () => {
    const tool = place('open/tool', 0o755)
    expect(await openToEverybody(tool)).toBeNull()
    chmodSync(tool, 0o757)
    expect(await openToEverybody(tool)).toBe(tool)
    chmodSync(tool, 0o755)
    chmodSync(join(folder, 'open'), 0o777)
    expect(await openToEverybody(tool)).toBe(join(folder, 'open'))
    const link = join(folder, 'link')
    symlinkSync(tool, link)
    expect(await openToEverybody(link)).toBe(join(realpathSync(folder), 'open'))
    // As in /tmp: a name there belongs to who made it.
    chmodSync(join(folder, 'open'), 0o1777)
    expect(await openToEverybody(tool)).toBeNull()
  })

  it('knows a program of somebody else in a folder like /tmp', async (context) => {
    if (process.getuid?.() !== 0) context.skip('did not run: needs root to give a file away')
    const tool = place('open/tool', 0o755)
    chmodSync(join(folder, 'open'), 0o1777)
    chownSync(tool, 12345, 12345)
    expect(await openToEverybody(tool)).toBe(join(folder, 'open'))
  })
})
