import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileSink, RotatingFile } from './log-file.ts'
import { Log } from './log.ts'
import { temporaryFolder } from './temporary-folder.testing.ts'

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n')

describe('a rotating file', () => {
  it('turns over before it grows too large, keeps the newest, and loses no line between', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'x.log')
    const file = new RotatingFile({ path, mostBytes: 100, keep: 3 })
    for (let index = 0; index < 100; index++) file.append(`line ${String(index).padStart(3, '0')} ä`)
    expect(readdirSync(folder).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2', 'x.log.3'])
    const all = ['x.log.3', 'x.log.2', 'x.log.1', 'x.log'].flatMap((name) => linesOf(join(folder, name)))
    expect(all).toEqual(all.map((_, index) => `line ${String(100 - all.length + index).padStart(3, '0')} ä`))
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(100)
  })

  it('goes on where an earlier run stopped', () => {
    const path = join(temporaryFolder(), 'x.log')
    new RotatingFile({ path, mostBytes: 20 }).append('0123456789')
    new RotatingFile({ path, mostBytes: 20 }).append('abcdefghij')
    expect(linesOf(path)).toEqual(['abcdefghij'])
    expect(linesOf(`${path}.1`)).toEqual(['0123456789'])
  })

  it('writes a line that is larger than the file may be', () => {
    const path = join(temporaryFolder(), 'x.log')
    const file = new RotatingFile({ path, mostBytes: 10 })
    file.append('x'.repeat(50))
    file.append('y')
    expect(linesOf(path)).toEqual(['y'])
  })

  it('can be read by us alone', () => {
    const path = join(temporaryFolder(), 'logs', 'x.log')
    new RotatingFile({ path }).append('one')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  })

  it('never throws, and writes again when it can', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'logs', 'x.log')
    writeFileSync(join(folder, 'logs'), 'a file in the place of the folder')
    const file = new RotatingFile({ path })
    file.append('lost')
    rmSync(join(folder, 'logs'))
    mkdirSync(join(folder, 'logs'))
    chmodSync(join(folder, 'logs'), 0o700)
    file.append('kept')
    expect(linesOf(path)).toEqual(['kept'])
  })
})

it('log entries become lines with time, level and area, secrets masked', () => {
  const path = join(temporaryFolder(), 'x.log')
  new Log([fileSink({ path })], 'vault', () => 0).warn('token: canary')
  expect(linesOf(path)).toEqual(['1970-01-01T00:00:00.000Z warn  vault: token: •••'])
})
