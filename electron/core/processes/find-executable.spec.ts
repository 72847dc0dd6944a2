import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findExecutable } from './find-executable.ts'

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
})
