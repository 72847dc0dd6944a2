import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readProcTable } from './proc-table.ts'

const folder = await mkdtemp(join(tmpdir(), 'mooring-table-'))
afterAll(() => rm(folder, { recursive: true }))

it('a table is read to its end, however long; others get their turn', async () => {
  const path = join(folder, 'long')
  const text = Array.from({ length: 20_000 }, (_, row) => `${row}: 0100007F:1F90 00000000:0000\n`).join('')
  await writeFile(path, text)
  let othersRan = false
  setImmediate(() => (othersRan = true))
  const [one, other] = await Promise.all([readProcTable(path), readProcTable(path)])
  expect(one).toBe(text)
  expect(other).toBe(text)
  expect(othersRan).toBe(true)
})

it.runIf(process.platform === 'linux')('the system tells of its sockets', async () => {
  const [head] = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  expect((await readProcTable('/proc/net/tcp')).split('\n')[0]).toBe(head)
})

it('a table that is not there is empty', async () => {
  expect(await readProcTable(join(folder, 'missing'))).toBe('')
})
