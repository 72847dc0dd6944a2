import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EventMessage } from '../../contract/events.ts'
import { createLocalTransport } from '../../electron/http/local-client.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { descendantsOf, stillAlive } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'
import { OwnerDesktop } from './owner-desktop.ts'

/**
 * The desktop as the owner of a data folder: the product's built bundle on Node 24, with a double of the `electron`
 * module. Lock, vault, database, sidecar, local socket, bridge and quit are the real ones.
 */
const root = join(import.meta.dirname, '..', '..')
const passphrase = 'correct horse battery staple'
let bed: Testbed
let home: string
let dataDir: string
let desktops: OwnerDesktop[] = []
let host: RunningHost | null = null

beforeAll(async () => {
  bed = await sharedTestbed()
  home = await mkdtemp(join(tmpdir(), 'mooring-home-'))
})
afterEach(async () => {
  for (const desktop of desktops) await desktop.kill()
  desktops = []
  await host?.close()
  host = null
  await rm(dataDir, { recursive: true, force: true })
})
afterAll(async () => {
  await bed.close()
  await rm(home, { recursive: true, force: true })
})

const environment = (): Record<string, string> => ({ PATH: `${dirname(bed.kubectl)}:${process.env.PATH ?? ''}` })
async function newDataDir(): Promise<string> {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-owner-'))
  return dataDir
}
async function start(...args: string[]): Promise<OwnerDesktop> {
  const desktop = await OwnerDesktop.start({ dataDir, home, environment: environment(), args })
  desktops.push(desktop)
  return desktop
}
function run(program: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'dist', program), ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

describe('the desktop as owner', () => {
  it('takes the lock; a host and the command line find out who owns the folder', async () => {
    await newDataDir()
    const desktop = await start()
    expect(await expectOk(desktop.client.app.status())).toMatchObject({ shell: 'desktop', dataDir })

    const second = await run('serve.mjs', '--data-dir', dataDir, '--port', '0')
    expect(second.code).toBe(3)
    expect(second.stderr).toContain(`pid ${desktop.pid}`)

    const status = await run('cli.mjs', '--data-dir', dataDir, 'status', '--json')
    expect(status.code).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({ app: { shell: 'desktop', dataDir }, clusters: [], forwards: [] })
  })

  it('runs the real sidecar as a utility process', async () => {
    await newDataDir()
    const desktop = await start()
    const ready = await waitUntil('the sidecar', 20, async () => {
      const { sidecar } = await expectOk(desktop.client.app.status())
      return sidecar.state === 'ready' ? sidecar : null
    })
    const [sidecar] = (await descendantsOf(desktop.pid)).filter(({ pid }) => pid === ready.pid)
    expect(sidecar?.command).toContain('sidecar.mjs')
  })

  it('keeps clusters sealed through a quit; they are there again after the passphrase', async () => {
    await newDataDir()
    const first = await start()
    const { client } = first
    const refused = await expectError(
      client.clusters.add({ text: await readFile(bed.a.kubeconfig, 'utf8'), contexts: [{ context: 'admin' }] }),
    )
    expect(refused.code).toBe('vault-not-set-up')
    expect(await expectOk(client.vault.setup({ provider: 'passphrase', passphrase }))).toMatchObject({
      state: 'unlocked',
    })
    const messages: EventMessage[] = []
    client.subscribe('clusters', (message) => messages.push(message))
    await waitUntil('a snapshot', 5, () => messages.length === 1)
    const cluster = await addCluster(client, bed.a.kubeconfig, 'bed a')
    await waitUntil('the change', 5, () => messages.length > 1)
    expect(messages[0]).toMatchObject({ kind: 'snapshot', data: [] })
    expect(messages[1]).toMatchObject({ kind: 'change', data: { id: cluster.id, name: 'bed a' } })

    const children = await descendantsOf(first.pid)
    expect(await first.quit()).toEqual({ code: 0, signal: null })
    expect(await stillAlive(children)).toEqual([])
    expect(existsSync(join(dataDir, 'owner.json'))).toBe(false)
    expect(existsSync(join(dataDir, 'mooring.sock'))).toBe(false)

    const second = await start()
    expect(await expectOk(second.client.vault.status())).toMatchObject({ state: 'locked', provider: 'passphrase' })
    expect((await expectError(second.client.vault.unlock({ passphrase: 'wrong' }))).code).toBe('wrong-passphrase')
    await expectOk(second.client.vault.unlock({ passphrase }))
    expect((await expectOk(second.client.clusters.list())).map(({ id }) => id)).toEqual([cluster.id])
    expect(await expectOk(second.client.clusters.test({ id: cluster.id }))).toMatchObject({ status: 'connected' })
  })

  it('keeps little for a page that hangs, and tells it what is true once it goes on', async () => {
    await newDataDir()
    const desktop = await start()
    const { client } = desktop
    await expectOk(client.vault.setup({ provider: 'memory' }))
    const cluster = await addCluster(client, bed.a.kubeconfig, 'bed a')
    const messages: EventMessage[] = []
    client.subscribe('clusters', (message) => messages.push(message))
    await waitUntil('a snapshot', 5, () => messages.length === 1)

    await desktop.command('hang')
    const notes = 'x'.repeat(10_000)
    for (let change = 1; change <= 300; change++)
      await expectOk(client.clusters.update({ id: cluster.id, notes: `${change} ${notes}` }))
    const waited = (await desktop.command('goOn')) as number
    expect(waited).toBeGreaterThan(1024 * 1024)
    expect(waited).toBeLessThan(1.1 * 1024 * 1024)
    const last = await waitUntil('what is true now', 5, () =>
      messages.find(({ data }) => JSON.stringify(data).includes('300 xxx')),
    )
    expect(last.kind).toBe('snapshot')
    await expectOk(client.clusters.update({ id: cluster.id, notes: 'after' }))
    await waitUntil('the next change', 5, () => messages.at(-1)?.kind === 'change')
  })

  it('serves its own page in its top frame alone', async () => {
    await newDataDir()
    const desktop = await start()
    for (const who of ['foreign', 'inner', 'gone']) {
      await desktop.command('speakAs', { who })
      expect((await expectError(desktop.client.app.status())).code).toBe('origin-not-allowed')
      expect(await desktop.command('openExternal', { url: 'https://example.com/' })).toBe(false)
      await desktop.command('subscribe', { stream: 'clusters' })
    }
    await desktop.command('speakAs', { who: 'own' })
    expect(await desktop.command('openExternal', { url: 'https://example.com/' })).toBe(true)
    expect(desktop.shown.filter(({ what }) => what === 'browser')).toHaveLength(1)
    expect(desktop.log()).toMatch(/refused mooring:subscribe from https:\/\/example\.com/)
  })

  it('quits in order and in time although its sidecar is stopped and somebody listens', async () => {
    await newDataDir()
    const desktop = await start()
    const sidecar = await waitUntil('the sidecar', 20, async () => {
      const { sidecar } = await expectOk(desktop.client.app.status())
      return sidecar.state === 'ready' ? sidecar.pid : null
    })
    const listener = await OwnerDesktop.start({ dataDir, home })
    desktops.push(listener)
    await listener.command('connection')
    process.kill(sidecar, 'SIGSTOP')
    const began = performance.now()
    expect(await desktop.quit()).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(10_000)
    await waitUntil('the other desktop takes over', 20, async () => {
      const status = await listener.client.app.status()
      return status.ok && status.value.sidecar.state === 'ready'
    })
    expect(listener.states).toContain('lost')
    expect(listener.states.at(-1)).toBe('connected')
  })

  it('asks before the first closing, remembers the answer, and stays in the background', async () => {
    await newDataDir()
    const desktop = await start()
    await desktop.command('answer', { response: 0, checkboxChecked: true })
    await desktop.command('closeWindow')
    await desktop.sees('window-minimized')
    expect(desktop.shown.filter(({ what }) => what === 'question')).toHaveLength(1)
    expect(await expectOk(desktop.client.settings.get())).toMatchObject({ onWindowClose: 'keep-running' })
    await desktop.command('emit', { name: 'second-instance' })
    await desktop.sees('window-shown')
  })

  it('starts at login when it is told so, and no longer when not', async () => {
    await newDataDir()
    const desktop = await start()
    const entry = join(home, '.config', 'autostart', 'mooring.desktop')
    await expectOk(desktop.client.settings.update({ startAtLogin: true }))
    const text = await readFile(entry, 'utf8')
    expect(text).toContain('"--hidden"')
    expect(text).toContain(`"--data-dir=${dataDir}"`)
    await expectOk(desktop.client.settings.update({ startAtLogin: false }))
    expect(existsSync(entry)).toBe(false)
  })

  it('fulfils a wish to start at login that a host was told before, and repairs its entry', async () => {
    await newDataDir()
    host = await startHost({ dataDir, vault: 'passphrase', passphrase, environment: environment() })
    await expectOk(host.client.settings.update({ startAtLogin: true }))
    await host.close()
    host = null
    const entry = join(home, '.config', 'autostart', 'mooring.desktop')
    expect(existsSync(entry), 'a host cannot start a desktop at login').toBe(false)

    const desktop = await start()
    const right = await waitUntil('the entry', 10, async () => (await readFile(entry, 'utf8')) || null)
    await desktop.kill()
    await writeFile(entry, right.replace(/^Exec=.*$/m, 'Exec="/home/sam/Downloads/Mooring-0.0.AppImage"'))
    const again = await start()
    await waitUntil('the entry is right again', 10, async () => (await readFile(entry, 'utf8')) === right)
    await expectOk(again.client.settings.update({ startAtLogin: false }))
    expect(existsSync(entry)).toBe(false)
  })

  it('shows no window in the front when the system starts it', async () => {
    await newDataDir()
    const desktop = await start('--hidden')
    await desktop.sees('window-minimized')
    expect(desktop.shown.map(({ what }) => what)).not.toContain('window-shown')
  })

  it.each([
    ['a folder that is a link', async (path: string) => symlink(tmpdir(), path), /is a link/],
    ['a folder that is a file', async (path: string) => writeFile(path, ''), /is not a folder/],
    [
      'a database that is none',
      async (path: string) => {
        await mkdir(path, { mode: 0o700 })
        await writeFile(join(path, 'mooring.db'), 'x'.repeat(8192))
      },
      /database/i,
    ],
  ])('says in words why it cannot start: %s', async (_what, prepare, words) => {
    const parent = await newDataDir()
    const path = join(parent, 'data')
    await prepare(path)
    const desktop = new OwnerDesktop({ dataDir: path, home })
    desktops.push(desktop)
    const box = await desktop.sees('error-box')
    expect(box.title).toMatch(words)
    expect(box.text).not.toBe('')
    expect(JSON.stringify(box)).not.toMatch(/ at .*:\d+:\d+/)
    expect(await desktop.exited).toEqual({ code: 1, signal: null })
  })

  it('attaches to a host, and takes over with the same clusters when the host is killed', async () => {
    host = await startHost({ dataDir: await newDataDir(), vault: 'passphrase', passphrase, environment: environment() })
    const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    const desktop = await start()
    await desktop.command('connection')
    expect(await expectOk(desktop.client.app.status())).toMatchObject({ shell: 'host' })
    await host.kill()
    await waitUntil('the take-over', 15, async () => {
      const status = await desktop.client.app.status()
      return status.ok && status.value.shell === 'desktop'
    })
    expect(desktop.states).toEqual(expect.arrayContaining(['connected', 'lost']))
    expect(desktop.states.at(-1)).toBe('connected')
    await expectOk(desktop.client.vault.unlock({ passphrase }))
    expect((await expectOk(desktop.client.clusters.list())).map(({ id }) => id)).toEqual([cluster.id])
  })

  it('calls a host that stands still lost, and comes back to it when it goes on', async () => {
    host = await startHost({ dataDir: await newDataDir() })
    const transport = createLocalTransport(join(dataDir, 'mooring.sock'))
    const states: string[] = []
    const end = transport.onConnection(({ state }) => states.push(state))
    await waitUntil('the connection', 5, () => states.at(-1) === 'connected')
    process.kill(host.pid, 'SIGSTOP')
    await waitUntil('the loss', 50, () => states.at(-1) === 'lost')
    process.kill(host.pid, 'SIGCONT')
    await waitUntil('the connection', 10, () => states.at(-1) === 'connected')
    end()
    await transport.close()
  })

  it('keeps a forward on its port through kill -9, shows it in the tray, and leaves nothing over', async (context) => {
    if (!bed.containers) context.skip('needs real containers (root)')
    await newDataDir()
    const namespace = await bed.a.createNamespace('owner')
    await bed.a.apply(deployment({ namespace, name: 'web', replicas: 1 }), service({ namespace, name: 'web' }))
    await bed.a.waitForPods(namespace, 'app=web', 1)
    const first = await start()
    await expectOk(first.client.vault.setup({ provider: 'passphrase', passphrase }))
    const cluster = await addCluster(first.client, bed.a.kubeconfig, 'bed a')
    const forward = await liveForward(first.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 8080 }],
    })
    const { host: address, port } = localAddress(forward)
    await first.sees('tray-tip', ({ tip }) => tip === 'Mooring: 1 of 1 forward live')
    const menu = await first.sees('tray-menu', ({ labels }) =>
      (labels as string[]).some((label) => label.startsWith('●')),
    )
    expect(menu.labels).toContain(`Copy ${address}:${port}`)
    const children = await descendantsOf(first.pid)
    expect(children.map(({ command }) => command).join('\n')).toContain('port-forward')
    await first.kill()
    await waitUntil('nothing is left', 5, async () => (await stillAlive(children)).length === 0)

    const second = await start()
    const waiting = await waitForState(second.client, forward.id, 'holding')
    expect(waiting.cause?.code).toBe('vault-locked')
    await expectOk(second.client.vault.unlock({ passphrase }))
    expect((await waitForState(second.client, forward.id, 'live')).ports).toEqual(forward.ports)
    expect((await fetch(`http://${address}:${port}/`)).status).toBe(200)
    expect(await second.quit()).toEqual({ code: 0, signal: null })
    await expect(fetch(`http://${address}:${port}/`)).rejects.toThrow()
    await bed.a.deleteNamespace(namespace)
  })
})
