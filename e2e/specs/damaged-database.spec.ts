import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'

let dataDir: string
let host: RunningHost | null = null

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-damaged-'))
})
afterEach(async () => {
  await host?.kill()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(...args: string[]): Promise<RunningHost> {
  host = await startHost({ dataDir, vault: 'passphrase', passphrase: 'correct horse battery staple', args })
  return host
}

const commands = async ({ client }: RunningHost): Promise<string[]> =>
  (await expectOk(client.commands.list())).map(({ command }) => command)

/** Fills a stopped host's database with garbage after its first page. */
async function damage(): Promise<void> {
  const path = join(dataDir, 'mooring.db')
  const bytes = await readFile(path)
  await writeFile(path, bytes.fill(0xa5, 4096))
}

describe('a database that is damaged', () => {
  it('keeps Mooring from starting until somebody chooses a snapshot or to start empty; nothing is deleted', async () => {
    const first = await start()
    await expectOk(first.client.commands.allow({ command: 'in-the-snapshot', args: [] }))
    // A new key takes a snapshot of everything.
    await expectOk(first.client.vault.rotate({ passphrase: 'correct horse battery staple' }))
    await expectOk(first.client.commands.allow({ command: 'too-late', args: [] }))
    await first.close()
    await damage()

    for (let attempt = 0; attempt < 2; attempt++) await expect(start()).rejects.toThrow(/--restore-snapshot latest/)
    await expect(start('--restore-snapshot', 'never.db')).rejects.toThrow('There is no snapshot never.db')
    const restored = await start('--restore-snapshot', 'latest')
    expect(await commands(restored)).toEqual(['in-the-snapshot'])
    await restored.close()
    expect(await commands(await start())).toEqual(['in-the-snapshot'])
    await host?.close()

    await damage()
    const empty = await start('--start-empty')
    expect(await commands(empty)).toEqual([])
    const files = await readdir(dataDir)
    expect(files.filter((name) => /^mooring\.db\.corrupt-\d{8}T\d{9}Z$/.test(name))).toHaveLength(2)
  })
})
