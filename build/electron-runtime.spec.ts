import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { electronBinary } from './electron-runtime.mjs'

/** A package whose installer runs this; what is said meanwhile. */
function packageWith(installer: string) {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spec-'))
  writeFileSync(join(folder, 'install.js'), installer)
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => {
    said.mockRestore()
    rmSync(folder, { recursive: true })
  })
  return { folder, said: () => said.mock.calls.map(([words]) => String(words)) }
}

test('the runtime is fetched once; it is said how big it is, and that the download goes on', async () => {
  const { folder, said } = packageWith(`
    const { mkdirSync, writeFileSync } = require('node:fs')
    setTimeout(() => {
      mkdirSync(__dirname + '/dist')
      writeFileSync(__dirname + '/dist/electron', '')
      writeFileSync(__dirname + '/path.txt', 'electron')
    }, 500)
  `)
  expect(await electronBinary(folder, 100)).toBe(join(folder, 'dist', 'electron'))
  const [first, ...more] = said()
  expect(first).toMatch(/^mooring: fetching the Electron runtime \(about \d+ MB\)/)
  expect(more.length).toBeGreaterThan(1)
  for (const line of more) expect(line).toMatch(/^mooring: still fetching the Electron runtime, for \d+ s now\n$/)
  expect(await electronBinary(folder, 100)).toBe(join(folder, 'dist', 'electron'))
  expect(said()).toHaveLength(1 + more.length)
})

test('where it cannot be had, there is none', async () => {
  const { folder, said } = packageWith('process.exit(1)')
  expect(await electronBinary(folder)).toBeNull()
  expect(said()).toHaveLength(1)
})
