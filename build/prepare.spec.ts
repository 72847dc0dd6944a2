import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { provideExec } from './prepare.mjs'

const root = join(import.meta.dirname, '..')

test('every script that ends in a long-lived program hands over to it, so that signals reach it', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const name of ['serve', 'cli', 'testbed'])
    expect(scripts[name]).toMatch(/^node build\/prepare\.mjs[^&]*&& exec node \S+$/)
})

test('where the shell has no exec, a command of that name runs what follows it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spec-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  provideExec(folder, 'linux')
  expect(existsSync(join(folder, 'exec.cmd'))).toBe(false)
  provideExec(folder, 'win32')
  expect(readFileSync(join(folder, 'exec.cmd'), 'utf8')).toBe('@%*\r\n')
})
