import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import { parse, stringify } from 'yaml'
import { canariesBelow } from '../support/canaries.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { descendantsOf, stillAlive } from '../support/leftovers.ts'
import { addCluster, localAddress, sharedTestbed, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'
import {
  launchDesktop,
  launchWindow,
  packTestApplication,
  startAgain,
  type LaunchOptions,
  type TestApplication,
} from './application.ts'
import { startDisplay } from './display.ts'
import { takePicture } from './take-picture.ts'

/**
 * The product's own main process, preload and pages in a real Electron window, attached to a host. The Electron is an
 * old one (docs/desktop.md): what differs from the shipped one stands in old-electron-main.ts.
 */
let bed: Testbed
let namespace: string
let display: Awaited<ReturnType<typeof startDisplay>>
let packed: TestApplication
let home: string
let host: RunningHost | null = null
let missing: string | null = null
const dataDirs: string[] = []

beforeAll(async () => {
  bed = await sharedTestbed()
  try {
    packed = await packTestApplication()
    display = await startDisplay()
  } catch (error) {
    missing = error instanceof Error ? error.message : String(error)
    return
  }
  home = await mkdtemp(join(tmpdir(), 'mooring-home-'))
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('desktop')
  await bed.a.apply(deployment({ namespace, name: 'web', replicas: 1 }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
})
afterEach(async () => {
  await host?.close()
  host = null
})
afterAll(async () => {
  if (bed.containers) await bed.a.deleteNamespace(namespace)
  await bed.close()
  if (missing !== null) return
  await display.close()
  await packed.remove()
  for (const folder of [home, ...dataDirs]) await rm(folder, { recursive: true, force: true })
})
beforeEach((context) => {
  if (missing !== null) context.skip(`no window here: ${missing}`)
})

async function newDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-window-'))
  dataDirs.push(folder)
  return folder
}

/** A host that keeps what it stores; the bed's own kubectl comes first in PATH. */
const hostOn = (dataDir: string): HostOptions => ({
  dataDir,
  vault: 'passphrase',
  passphrase: 'correct horse battery staple',
  environment: { PATH: `${dirname(bed.kubectl)}:${process.env.PATH ?? ''}` },
})
const windowOn = (dataDir: string, ...args: string[]): LaunchOptions => ({
  executable: packed.executable,
  display: display.name,
  dataDir,
  home,
  args,
})
const podAt = async (address: { host: string; port: number }): Promise<string> => {
  const response = await fetch(`http://${address.host}:${address.port}/`)
  return ((await response.json()) as { pod: string }).pod
}
const ownerBar = (page: Page) => page.getByRole('status').filter({ hasText: 'Mooring does not answer' })

describe('the window', () => {
  it('takes a person from a pasted kubeconfig to a forward that answers, and survives its owner', async (context) => {
    if (!bed.containers) context.skip('needs real containers (root)')
    const dataDir = await newDataDir()
    host = await startHost(hostOn(dataDir))
    const desktop = await launchWindow(windowOn(dataDir))
    const { application, page } = desktop
    onTestFailed(() => takePicture(page, 'failed'))
    await page.getByRole('link', { name: 'Paste a kubeconfig' }).click()

    // Paste as the Edit menu does, from the system's clipboard.
    const text = await readFile(bed.a.kubeconfig, 'utf8')
    await application.evaluate(({ clipboard }, words) => clipboard.writeText(words), text)
    await page.getByLabel('Kubeconfig', { exact: true }).last().focus()
    await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.paste())
    await page.getByText('1 context', { exact: true }).waitFor()
    await takePicture(page, '1-preview')
    await page.getByLabel('Name', { exact: true }).fill('bed a')
    await page.getByRole('button', { name: 'Add 1 cluster' }).click()

    await page.getByRole('tab', { name: 'Connection' }).click()
    await page.getByRole('button', { name: 'Test connection' }).click()
    await page
      .getByText(/Kubernetes v1\./)
      .first()
      .waitFor()
    await page.getByText('connected', { exact: true }).first().waitFor()
    await takePicture(page, '2-tested')

    await page.getByRole('button', { name: 'New forward' }).click()
    const form = page.getByRole('complementary', { name: 'New forward' }).or(page.getByLabel('New forward'))
    await form.first().waitFor()
    await page.getByLabel('Namespace', { exact: true }).fill(namespace)
    await page.getByLabel('Target', { exact: true }).click()
    await page.getByRole('option', { name: /web/ }).first().click()
    await page
      .getByLabel(/^Remote port/)
      .first()
      .fill('8080')
    await takePicture(page, '3-new-forward')
    await page.getByRole('button', { name: /^Start forward/ }).click()
    const [created] = await waitUntil('the forward', 20, async () => {
      const list = await expectOk(host!.client.forwards.list())
      return list.length === 1 ? list : null
    })
    const forward = await waitForState(host.client, created!.id, 'live')
    await page.getByRole('row').filter({ hasText: 'live' }).first().waitFor()
    await takePicture(page, '4-live')
    const address = localAddress(forward)
    expect(await podAt(address)).toMatch(/^web-/)

    await host.kill()
    await ownerBar(page).waitFor({ timeout: 5000 })
    await takePicture(page, '5-owner-lost')
    host = await startHost(hostOn(dataDir))
    await ownerBar(page).waitFor({ state: 'detached', timeout: 20_000 })
    await waitForState(host.client, forward.id, 'live')
    await page.getByRole('row').filter({ hasText: 'live' }).first().waitFor()
    await takePicture(page, '6-attached-again')
    expect(await podAt(address)).toMatch(/^web-/)

    expect(await desktop.quit()).toBe(0)
    expect(await podAt(address), 'forwards belong to the owner, not to a window').toMatch(/^web-/)
  })

  it('ends the command of a connection test that is cancelled', async () => {
    const dataDir = await newDataDir()
    host = await startHost(hostOn(dataDir))
    const plugin = join(dataDir, 'sign-in')
    await writeFile(plugin, `#!/bin/sh\n[ -e ${plugin}.hangs ] && exec sleep 600\nexit 1\n`, { mode: 0o700 })
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' }
    const good = parse(await readFile(bed.a.kubeconfig, 'utf8')) as { users: { user: unknown }[] }
    for (const each of good.users) each.user = { exec }
    const kubeconfig = join(dataDir, 'slow.yaml')
    await writeFile(kubeconfig, stringify(good))
    const cluster = await addCluster(host.client, kubeconfig, 'slow')
    const { application, page } = await launchWindow(windowOn(dataDir))
    const { pid, client } = host
    const running = async () => (await descendantsOf(pid)).filter(({ command }) => command.includes('sleep 600'))
    await page.getByRole('row').filter({ hasText: cluster.name }).getByText(cluster.name).click()
    // Whoever opens a cluster looks at it, and would wait for the same run of the command: it fails that first look.
    await waitUntil('the first look', 20, async () => {
      const { status } = await expectOk(client.clusters.get({ id: cluster.id }))
      return status.cause?.code === 'credentials-command-failed'
    })
    await writeFile(`${plugin}.hangs`, '')
    await page.getByRole('button', { name: 'Test connection' }).click()
    const started = await waitUntil('the command runs', 20, async () => {
      const found = await running()
      return found.length > 0 ? found : null
    })
    await page.getByRole('tabpanel').getByRole('button', { name: 'Cancel' }).click()
    await waitUntil('the command is gone', 5, async () => (await stillAlive(started)).length === 0)
    await page.getByRole('tabpanel').getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' })
    await application.close()
  })

  it('keeps running when it is closed and wanted so; a second start shows it again', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    await expectOk(host.client.settings.update({ onWindowClose: 'keep-running' }))
    const desktop = await launchWindow(windowOn(dataDir))
    const { application, page } = desktop
    await page.getByText('No clusters yet').waitFor()
    await application.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows()[0]
      const calls: string[] = []
      Object.assign(globalThis, { calls })
      for (const name of ['minimize', 'hide', 'show', 'focus'] as const) {
        const own = window![name].bind(window)
        window![name] = () => {
          calls.push(name)
          own()
        }
      }
      window!.close()
    })
    const calls = (): Promise<string[]> =>
      application.evaluate(() => (globalThis as unknown as { calls: string[] }).calls)
    await waitUntil('the window is out of the way', 5, async () => (await calls()).length > 0)
    // Whether a tray is really seen is unknown on Linux: minimized, never hidden.
    expect(await calls()).toEqual(['minimize'])
    expect(await startAgain(windowOn(dataDir))).toBe(0)
    await waitUntil('the window is shown', 5, async () => (await calls()).includes('focus'))
    expect(await calls()).toEqual(['minimize', 'show', 'focus'])
    expect(application.windows()).toHaveLength(1)
    await application.close()
  })

  it('asks before it is closed for the first time, and quits without touching the owner', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const desktop = await launchWindow(windowOn(dataDir))
    await desktop.page.getByText('No clusters yet').waitFor()
    await desktop.application.evaluate(({ dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: true })
    })
    expect(await desktop.quit('window')).toBe(0)
    expect((await expectOk(host.client.settings.get())).onWindowClose).toBe('quit')
  })

  it('stays out of the way when it is started at login, and comes when it is asked for', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const desktop = await launchWindow(windowOn(dataDir, '--hidden'))
    const focused = (): Promise<boolean> =>
      desktop.application.evaluate(({ BrowserWindow }) => BrowserWindow.getFocusedWindow() !== null)
    await desktop.page.getByText('No clusters yet').waitFor()
    expect(await focused()).toBe(false)
    expect(await startAgain(windowOn(dataDir))).toBe(0)
    await waitUntil('the window has the focus', 10, focused)
    await desktop.application.close()
  })

  it('starts at login when the host it is attached to is told so', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const desktop = await launchWindow(windowOn(dataDir))
    await desktop.page.getByText('No clusters yet').waitFor()
    const entry = join(home, '.config', 'autostart', 'mooring.desktop')
    await expectOk(host.client.settings.update({ startAtLogin: true }))
    const text = await waitUntil('the entry', 5, async () => (await readFile(entry, 'utf8')) || null)
    expect(text).toContain(`Exec="${packed.executable}" "--hidden" "--data-dir=${dataDir}"`)
    await expectOk(host.client.settings.update({ startAtLogin: false }))
    await waitUntil('no entry', 5, () => !existsSync(entry))
    await desktop.application.close()
  })

  it('is where it was', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const place = { x: 60, y: 40, width: 900, height: 640 }
    const first = await launchWindow(windowOn(dataDir))
    await first.page.getByText('No clusters yet').waitFor()
    await first.application.evaluate(
      ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds),
      place,
    )
    await first.application.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.emit('close', { preventDefault: () => undefined }),
    )
    await first.application.close()
    const second = await launchWindow(windowOn(dataDir))
    await second.page.getByText('No clusters yet').waitFor()
    const bounds = await second.application.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.getBounds(),
    )
    expect(bounds).toEqual(place)
    await second.application.close()
  })

  it('loads its page again after the page crashed', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const desktop = await launchWindow(windowOn(dataDir))
    await desktop.page.getByText('No clusters yet').waitFor()
    await desktop.page.getByRole('link', { name: 'Paste a kubeconfig' }).click()
    const pasted = 'c4n4ry-token-of-a-page-that-crashes'
    const box = desktop.page.getByLabel('Kubeconfig', { exact: true }).last()
    await box.fill(`users:\n- name: u\n  user: {token: ${pasted}}\n`)
    expect(await box.inputValue()).toContain(pasted)
    // What a dump would be, lying where Crashpad writes: the search below finds it.
    const dump = join(dataDir, 'window', 'control.dmp')
    await desktop.application.evaluate(
      ({ BrowserWindow }, path) => BrowserWindow.getAllWindows()[0]!.webContents.takeHeapSnapshot(path),
      dump,
    )
    expect(await canariesBelow(dataDir, { pasted })).toEqual([`${dump}: pasted`])
    await rm(dump)
    const words = await desktop.application.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents
      const loaded = new Promise((resolve) => contents.once('did-finish-load', () => resolve(undefined)))
      contents.forcefullyCrashRenderer()
      return loaded.then(() => contents.executeJavaScript('document.title') as Promise<string>)
    })
    expect(words).toBe('Mooring')
    expect(desktop.log()).toMatch(/the page ended/)
    await desktop.application.close()
    // The profile with its Crashpad folder lies in the data folder.
    expect(await readdir(join(dataDir, 'window'))).toContain('Local Storage')
    for (const folder of [dataDir, home]) expect(await canariesBelow(folder, { pasted })).toEqual([])
    const written = (await Promise.all([dataDir, home].map((folder) => readdir(folder, { recursive: true })))).flat()
    expect(written.filter((name) => /(^|\/)core(\.\d+)?$|\.dmp$/.test(name))).toEqual([])
  })

  it('starts the sidecar as a utility process, hears it, and ends it even when it hangs', async () => {
    const dataDir = await newDataDir()
    host = await startHost({ dataDir })
    const { application } = await launchDesktop(windowOn(dataDir))
    type Launch = {
      events: { kind: string; message?: unknown }[]
      process: { pid: number; send(message: unknown): void; kill(): void }
    }
    type Stub = { launchStubSidecar(entry: string): Promise<Launch>; launch: Launch }
    const start = () =>
      application.evaluate(async (_electron, entry) => {
        const stub = globalThis as unknown as Stub
        stub.launch = await stub.launchStubSidecar(entry)
      }, packed.stubSidecar)
    const events = () => application.evaluate(() => (globalThis as unknown as Stub).launch.events)
    const seen = (kind: string) =>
      waitUntil(kind, 10, async () => (await events()).find((event) => event.kind === kind))

    await start()
    expect(await seen('message')).toEqual({
      kind: 'message',
      message: { kind: 'ready', pid: expect.any(Number) as number },
    })
    await application.evaluate(() =>
      (globalThis as unknown as Stub).launch.process.send({ kind: 'hello', bytes: new Uint8Array(3) }),
    )
    const echo = await waitUntil('the echo', 10, async () =>
      (await events())
        .map((event) => event.message as { kind: string; environment: string[] } | undefined)
        .find((message) => message?.kind === 'echo'),
    )
    expect(echo.environment).not.toContain('DISPLAY')
    await application.evaluate(() => (globalThis as unknown as Stub).launch.process.send({ kind: 'end' }))
    expect(await seen('exited')).toMatchObject({ code: 7, error: null })
    expect((await events()).slice(-2)).toMatchObject([{ kind: 'line', text: 'last words' }, { kind: 'exited' }])

    await start()
    await seen('message')
    const pid = await application.evaluate(() => (globalThis as unknown as Stub).launch.process.pid)
    process.kill(pid, 'SIGSTOP')
    await application.evaluate(() => (globalThis as unknown as Stub).launch.process.kill())
    await seen('exited')
    await waitUntil('it is gone', 10, () => !existsSync(`/proc/${pid}`))
    await application.close()
  })
})
