import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { readProcTable } from './proc-table.ts'

const folder = await mkdtemp(join(tmpdir(), 'mooring-table-'))
afterAll(() => rm(folder, { recursive: true }))
const row = (number: number, state: string): string => `${number}: 0100007F:1F90 0100007F:9C40 ${state} 0:0 00:0`

const ownMemory = (): number => Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])

// The first one here: what a longer table takes would hide it.
it.runIf(process.platform === 'linux')('a busy machine’s table, read again and again, takes no memory', async () => {
  const path = join(folder, 'busy')
  await writeFile(path, Array.from({ length: 20_000 }, (_, number) => row(number, '06')).join('\n'))
  await readProcTable(path)
  const before = ownMemory()
  for (let time = 0; time < 100; time += 1) await readProcTable(path)
  // It was 45 MiB, of which the thread gave nothing back.
  expect(ownMemory() - before).toBeLessThan(20 * 1024)
})

it('a table is read to its end, however long, and nothing here waits for that', async () => {
  const path = join(folder, 'long')
  const rows = Array.from({ length: 200_000 }, (_, number) => row(number, number % 100 === 0 ? '01' : '06'))
  await writeFile(path, rows.join('\n'))
  await readProcTable(path)
  const began = performance.now()
  const reading = Promise.all([readProcTable(path), readProcTable(path)])
  const askedMs = performance.now() - began
  let turns = 0
  const count = setInterval(() => (turns += 1), 1)
  const [one, other] = await reading
  clearInterval(count)
  expect(one.split('\n')).toEqual(rows.filter((_, number) => number % 100 === 0))
  expect(other).toBe(one)
  expect(turns).toBeGreaterThan(1)
  expect(askedMs).toBeLessThan((performance.now() - began) / 2)
})

it.runIf(process.platform === 'linux')('the system tells of its sockets', async () => {
  const [head] = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  const rows = (await readProcTable('/proc/net/tcp')).split('\n')
  expect(rows[0]).toBe(head)
  const end = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const states = rows.map((one) => one.trim().split(/ +/)).filter(([, local]) => local === end)
  expect(states.map(([, , , state]) => state).sort()).toEqual(['01', '0A'])
  client.destroy()
  server.close()
})

it('a table that is not there is empty', async () => {
  expect(await readProcTable(join(folder, 'missing'))).toBe('')
})

it('a system that has no thread for it is read all the same', async () => {
  const path = join(folder, 'short')
  await writeFile(path, [row(0, '0A'), row(1, '06'), row(2, '01')].join('\n'))
  vi.resetModules()
  vi.doMock('node:worker_threads', () => ({
    Worker: vi.fn(function refused() {
      throw new Error('EAGAIN')
    }),
  }))
  const { readProcTable: read } = await import('./proc-table.ts')
  expect(await read(path)).toBe([row(0, '0A'), row(2, '01')].join('\n'))
  vi.doUnmock('node:worker_threads')
})
