import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { descendantsOf, stillAlive } from '../support/leftovers.ts'
import { waitUntil } from '../support/wait-until.ts'

const program = join(import.meta.dirname, '..', '..', 'dist', 'serve.mjs')
const passphrase = 'correct horse battery staple'
let dataDir: string
const hosts: RunningHost[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-host-'))
})
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.kill()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(options: HostOptions = {}): Promise<RunningHost> {
  const host = await startHost({ dataDir, ...options })
  hosts.push(host)
  return host
}

async function sidecarOf(host: RunningHost): Promise<number> {
  return waitUntil('the sidecar', 20, async () => {
    const { sidecar } = await expectOk(host.client.app.status())
    return sidecar.state === 'ready' ? sidecar.pid : null
  })
}

describe('the host', () => {
  it('ends in order after a bug: told without secrets, with a code of its own, and nothing left', async () => {
    // The stack shows where this text comes from: the secret stands in it in two parts.
    const bug = `process.on('SIGUSR2', () => { throw new Error('broken, Bearer ' + 'abcdefgh' + '12345678') })`
    const host = await start({
      environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` },
    })
    const sidecar = await sidecarOf(host)
    const children = await descendantsOf(host.pid)
    expect(children.map(({ pid }) => pid)).toContain(sidecar)
    process.kill(host.pid, 'SIGUSR2')
    expect(await host.exited).toEqual({ code: 70, signal: null })
    expect(host.log().match(/error app: a bug in Mooring: Error: broken, Bearer •••/g)).toHaveLength(1)
    expect(host.log()).not.toContain('abcdefgh12345678')
    expect(await readFile(join(dataDir, 'logs', 'mooring.log'), 'utf8')).toContain('a bug in Mooring')
    expect(await stillAlive(children)).toEqual([])
    expect(existsSync(join(dataDir, 'owner.json'))).toBe(false)
    const next = await start()
    await expectOk(next.client.app.status())
  })

  it('shows its passphrase to nobody who may look at its environment, nor do its children', async (context) => {
    if (process.platform !== 'linux') context.skip('needs /proc')
    const host = await start({ vault: 'passphrase', passphrase })
    expect(await expectOk(host.client.vault.status())).toMatchObject({ state: 'unlocked', provider: 'passphrase' })
    const sidecar = await sidecarOf(host)
    const others = (await descendantsOf(host.pid)).map(({ pid }) => pid).filter((pid) => pid !== sidecar)
    const read = (pid: number): Promise<string> => readFile(`/proc/${pid}/environ`, 'utf8')
    // A kubectl that was asked for its version may have ended meanwhile, or end just now: then it has none.
    const environments = [
      await read(host.pid),
      await read(sidecar),
      ...(await Promise.all(
        others.map((pid) =>
          read(pid).then(
            (text) => text || 'PATH=',
            () => 'PATH=',
          ),
        ),
      )),
    ]
    for (const environment of environments) {
      expect(environment).toContain('PATH=')
      expect(environment).not.toMatch(/horse|MOORING_PASSPHRASE/)
    }
  })

  it('says in words why it does not start, and which code tells a script', async () => {
    const file = join(dataDir, 'file')
    await writeFile(file, '')
    const folder = join(dataDir, 'data')
    const cases = [
      { args: ['--port', '80x'], code: 2, words: /Give a number/ },
      {
        args: ['--data-dir', folder, '--vault', 'passphrase', '--passphrase-fd', '99'],
        code: 1,
        words: /descriptor 99/,
      },
      { args: ['--data-dir', folder, '--vault', 'passphrase'], code: 1, words: /none was given[^]*--passphrase-fd/ },
      { args: ['--data-dir', join(file, 'below')], code: 1, words: /A file stands in its way/ },
    ]
    for (const { args, code, words } of cases) {
      const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
      const closed = once(child, 'close')
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
      expect(await closed, args.join(' ')).toEqual([code, null])
      expect(stdout).toBe('')
      expect(stderr).toMatch(words)
      expect(stderr).not.toMatch(/\bat .*:\d+:\d+|a bug in Mooring|snapshot/)
    }
  })

  it('keeps its sidecar on record while it runs, and its next start forgets it', async () => {
    const host = await start()
    const sidecar = await sidecarOf(host)
    const children = await descendantsOf(host.pid)
    expect(await readFile(`/proc/${sidecar}/environ`, 'utf8')).toMatch(/MOORING_CHILD_TOKEN=[0-9a-f]{32}/)
    await host.kill()
    await waitUntil('the end of its children', 5, async () => (await stillAlive(children)).length === 0)
    const next = await start()
    expect(await sidecarOf(next)).not.toBe(sidecar)
  })
})
