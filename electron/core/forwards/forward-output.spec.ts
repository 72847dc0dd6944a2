import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ForwardOutput } from './forward-output.ts'

let folder = ''
let now = 1_000_000
const open = (): ForwardOutput => new ForwardOutput({ folder, now: () => now })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-output-'))
  now = 1_000_000
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('tells after a restart what was printed before it, older lines first, each with its own number', () => {
  const before = open()
  before.add('one', 'stdout', 'Forwarding from 127.0.0.1:4000 -> 80', 17)
  now += 5_000
  before.add('one', 'stderr', 'E1121 03:24:20.5 lost  connection', 17)
  before.add('other', 'note', 'not of this one', null)

  now += 60_000
  const after = open()
  after.add('one', 'note', 'A connection was lost.', null)
  const lines = after.last('one', 10)
  expect(lines.map(({ seq: _, ...line }) => line)).toEqual([
    { at: 1_000_000, stream: 'stdout', text: 'Forwarding from 127.0.0.1:4000 -> 80', pid: 17 },
    { at: 1_005_000, stream: 'stderr', text: 'E1121 03:24:20.5 lost  connection', pid: 17 },
    { at: 1_065_000, stream: 'note', text: 'A connection was lost.', pid: null },
  ])
  expect(lines.map(({ seq }) => seq)).toEqual([...lines.map(({ seq }) => seq)].sort((a, b) => a - b))
  expect(new Set(lines.map(({ seq }) => seq)).size).toBe(3)
  expect(open().last('one', 1)).toMatchObject([{ text: 'A connection was lost.' }])
})

it('goes back into the file that was turned over last, and keeps 2,000 lines', () => {
  const before = open()
  for (let count = 0; count < 12_000; count++) before.add('one', 'stderr', `line ${count} ${'x'.repeat(150)}`, 1)
  expect(readdirSync(folder)).toContain('one.log.1')
  const lines = open().last('one', 5_000)
  expect(lines).toHaveLength(2_000)
  expect(lines[0]?.text).toContain('line 10000 ')
  expect(lines.at(-1)?.text).toContain('line 11999 ')
})

it('passes over what it did not write, and is empty where there is nothing', () => {
  writeFileSync(join(folder, 'one.log'), 'half a li\n\n2026-11-21T12:00:00.000Z stderr 4 whole\nnonsense stdout 1 x\n')
  expect(open().last('one', 10)).toMatchObject([{ text: 'whole', pid: 4 }])
  expect(open().last('two', 10)).toEqual([])
})

it('keeps nothing of a forward that is gone', () => {
  const output = open()
  output.add('one', 'stdout', 'words', 1)
  output.forget('one')
  expect(readdirSync(folder)).toEqual([])
  expect(output.last('one', 10)).toEqual([])
})
