import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElectronApplication, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Bridge } from '../../contract/bridge.ts'
import { canariesBelow } from '../support/canaries.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { waitUntil } from '../support/wait-until.ts'
import { launchWindow, packTestApplication, type RunningDesktop, type TestApplication } from './application.ts'
import { startDisplay } from './display.ts'

/** What a hostile page could try, tried in the real window. */
let display: Awaited<ReturnType<typeof startDisplay>>
let packed: TestApplication
let home: string
let host: RunningHost
let desktop: RunningDesktop
let application: ElectronApplication
let page: Page
let missing: string | null = null
const complaints: string[] = []

beforeAll(async () => {
  try {
    packed = await packTestApplication()
    display = await startDisplay()
  } catch (error) {
    missing = error instanceof Error ? error.message : String(error)
    return
  }
  home = await mkdtemp(join(tmpdir(), 'mooring-home-'))
  host = await startHost()
  const launched = await launchWindow({
    executable: packed.executable,
    display: display.name,
    dataDir: host.dataDir,
    home,
    args: ['--use-fake-device-for-media-stream'],
  })
  desktop = launched
  ;({ application, page } = launched)
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.getByText('No clusters yet').waitFor()
  await application.evaluate(({ shell }) => {
    const opened: string[] = []
    Object.assign(globalThis, { opened })
    shell.openExternal = (url) => {
      opened.push(url)
      return Promise.resolve()
    }
  })
})
afterAll(async () => {
  if (missing !== null) return
  await application.close()
  await host.close()
  await display.close()
  await packed.remove()
  await rm(home, { recursive: true, force: true })
})
beforeEach((context) => {
  if (missing !== null) context.skip(`no window here: ${missing}`)
})

const opened = (): Promise<string[]> =>
  application.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)
declare const mooring: Bridge

describe('the page in the window', () => {
  it('breaks its own policy nowhere', async () => {
    for (const route of [
      '#/clusters',
      '#/clusters/add',
      '#/forwards',
      '#/forwards/new',
      '#/diagnostics',
      '#/settings',
      '#/keys',
    ]) {
      await page.evaluate((hash) => {
        location.hash = hash
      }, route)
      await page.locator('main, [role=main]').first().waitFor()
      await page.waitForFunction(() => document.fonts.status === 'loaded')
    }
    expect(complaints).toEqual([])
  })

  it('has no Node and no Electron, only the bridge', async () => {
    const found = await page.evaluate(() => ({
      globals: ['require', 'process', 'module', 'Buffer', 'global', 'electron', 'ipcRenderer'].filter(
        (name) => name in globalThis,
      ),
      bridge: Object.keys(mooring).sort(),
      shell: Object.keys(mooring.shell).sort(),
    }))
    expect(found.globals).toEqual([])
    expect(found.bridge).toEqual(['call', 'cancel', 'onConnection', 'shell', 'subscribe'])
    expect(found.shell).toEqual(['chooseFile', 'choosePath', 'openExternal'])
  })

  it('cannot change the bridge', async () => {
    const changed = await page.evaluate(() => {
      try {
        Object.assign(mooring, { call: () => 'mine' })
      } catch {
        return false
      }
      return true
    })
    expect(changed).toBe(false)
  })

  it('runs with a sandbox, isolated, and without web views', async () => {
    const found = await application.evaluate(({ app, BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents
      const opened = new Promise<boolean>((resolve) => {
        contents.once('devtools-opened', () => resolve(true))
        setTimeout(() => resolve(false), 1000)
      })
      contents.openDevTools()
      const preferences = (contents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences()
      return opened.then((devToolsOpened) => ({ ...preferences, devToolsOpened, packaged: app.isPackaged }))
    })
    expect(found).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      enableBlinkFeatures: '',
      webviewTag: false,
      devToolsOpened: false,
      packaged: true,
    })
  })

  it('attaches no web view, whatever the page makes', async () => {
    const attached = await application.evaluate(({ app }) => {
      const kinds: string[] = []
      app.on('web-contents-created', (_event, contents) => kinds.push(contents.getType()))
      Object.assign(globalThis, { kinds })
      return kinds
    })
    expect(attached).toEqual([])
    const made = await page.evaluate(async () => {
      const view = document.createElement('webview')
      view.setAttribute('src', 'app://mooring/index.html')
      document.body.append(view)
      // Two frames painted: whatever an element begins when it is put into a page has begun.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      const kind = Object.prototype.toString.call(view)
      view.remove()
      return { kind, hasMethods: 'getWebContentsId' in view || 'executeJavaScript' in view }
    })
    // An element that nobody knows.
    expect(made).toEqual({ kind: '[object HTMLElement]', hasMethods: false })
    const kinds = await application.evaluate(() => (globalThis as unknown as { kinds: string[] }).kinds)
    expect(kinds).toEqual([])
  })

  it.each(['https://example.com/', 'file:///etc/passwd', 'data:text/html,x', 'app://other/index.html'])(
    'cannot go to %s',
    async (address) => {
      const before = page.url()
      await page.evaluate((url) => {
        const link = document.createElement('a')
        link.href = url
        document.body.append(link)
        link.click()
        link.remove()
      }, address)
      // Chromium itself refuses some and complains in the console; the others reach our own guard.
      const told = (): string => desktop.log() + complaints.join('\n')
      await waitUntil(
        'the refusal',
        5,
        () => told().includes(`refused to navigate to ${address}`) || told().includes(`Not allowed to`),
      )
      complaints.length = 0
      expect(await page.evaluate(() => location.href)).toBe(before)
      expect(page.url()).toBe(before)
    },
  )

  it('opens no window; an ordinary address goes to the browser', async () => {
    const windows = await page.evaluate(() =>
      ['https://example.com/docs', 'file:///etc/passwd'].map((url) => window.open(url)),
    )
    expect(windows).toEqual([null, null])
    expect(application.windows()).toHaveLength(1)
    expect(await opened()).toEqual(['https://example.com/docs'])
  })

  it('opens only web addresses in the browser', async () => {
    const answers = await page.evaluate(() =>
      Promise.all(
        [
          'https://example.com/a',
          'file:///etc/passwd',
          'javascript:alert(1)',
          'mailto:a@example.com',
          'https://user:secret@example.com/',
          'not an address',
          '',
          7 as unknown as string,
        ].map((url) => mooring.shell.openExternal(url)),
      ),
    )
    expect(answers).toEqual([true, false, false, false, false, false, false, false])
    expect((await opened()).at(-1)).toBe('https://example.com/a')
  })

  it('gets no permission but the one to copy', async () => {
    const answers = await page.evaluate(async () => {
      const media = await navigator.mediaDevices.getUserMedia({ audio: true }).then(
        () => 'granted',
        (error: unknown) => (error as Error).name,
      )
      const place = await new Promise((resolve) =>
        navigator.geolocation.getCurrentPosition(
          () => resolve('granted'),
          () => resolve('denied'),
        ),
      )
      const state = (name: string) =>
        navigator.permissions.query({ name: name as PermissionName }).then((status) => status.state)
      return { media, place, notifications: await state('notifications'), read: await state('clipboard-read') }
    })
    expect(answers).toEqual({ media: 'NotAllowedError', place: 'denied', notifications: 'denied', read: 'denied' })
  })

  it('gets no device, no screen and no music keyboard', async () => {
    const answers = await page.evaluate(async () => {
      type Device = { requestDevice?(options: object): Promise<unknown>; requestPort?(): Promise<unknown> }
      const { usb, hid, serial, bluetooth } = navigator as unknown as Record<string, Device | undefined>
      const asked: Record<string, (() => Promise<unknown> | undefined) | undefined> = {
        usb: usb?.requestDevice?.bind(usb, { filters: [] }),
        hid: hid?.requestDevice?.bind(hid, { filters: [] }),
        serial: serial?.requestPort?.bind(serial),
        bluetooth: bluetooth?.requestDevice?.bind(bluetooth, { acceptAllDevices: true }),
        screen: () => navigator.mediaDevices.getDisplayMedia(),
        midi: () => navigator.requestMIDIAccess({ sysex: true }),
      }
      const outcomes = Object.entries(asked).map(async ([name, ask]) => {
        const given = await Promise.resolve(ask?.()).catch(() => [])
        return [name, Array.isArray(given) || given === undefined ? 'nothing' : 'something'] as const
      })
      return Object.fromEntries(await Promise.all(outcomes))
    })
    expect(answers).toEqual({
      usb: 'nothing',
      hid: 'nothing',
      serial: 'nothing',
      bluetooth: 'nothing',
      screen: 'nothing',
      midi: 'nothing',
    })
  })

  it('downloads nothing', async () => {
    await application.evaluate(({ session }) => {
      const downloads: string[] = []
      Object.assign(globalThis, { downloads })
      session.defaultSession.on('will-download', (_event, item) => {
        downloads.push('asked')
        item.once('done', (_done, state) => downloads.push(state))
      })
    })
    const files = await readdir(home, { recursive: true })
    await page.evaluate(() => {
      const link = document.createElement('a')
      Object.assign(link, { href: URL.createObjectURL(new Blob(['x'])), download: 'prices.txt' })
      document.body.append(link)
      link.click()
      link.remove()
    })
    const downloads = (): Promise<string[]> =>
      application.evaluate(() => (globalThis as unknown as { downloads: string[] }).downloads)
    await waitUntil('the end of the download', 5, async () => (await downloads()).length === 2)
    expect(await downloads()).toEqual(['asked', 'cancelled'])
    expect((await readdir(home, { recursive: true })).filter((name) => !files.includes(name))).toEqual([])
  })

  it('reaches no address but its own', async () => {
    const answers = await page.evaluate(
      (host) =>
        Promise.all(
          [`${host}/healthz`, 'https://example.com/', 'file:///etc/passwd', 'app://other/index.html'].map((url) =>
            fetch(url).then(
              () => 'answered',
              () => 'refused',
            ),
          ),
        ),
      host.url,
    )
    expect(answers).toEqual(['refused', 'refused', 'refused', 'refused'])
  })

  it.each(['../main.cjs', '..%2fmain.cjs', '%2e%2e/preload.cjs', '..%2f..%2fpackage.json', 'missing.js', '.'])(
    'gets nothing at %s',
    async (path) => {
      const answer = await page.evaluate(
        (address) =>
          fetch(address).then(async (response) => ({ status: response.status, text: await response.text() })),
        `app://mooring/assets/${path}`,
      )
      expect(answer).toEqual({ status: 404, text: 'There is no such page.' })
    },
  )

  it('runs no script that is written into it', async () => {
    const ran = await page.evaluate(() => {
      const script = document.createElement('script')
      try {
        script.text = 'globalThis.injected = true'
      } catch {
        return 'refused by trusted types'
      }
      document.body.append(script)
      return 'injected' in globalThis ? 'ran' : 'refused by policy'
    })
    expect(ran).toMatch(/^refused/)
  })
})

describe('what the window writes on the disk', () => {
  it('holds nothing of a kubeconfig that was pasted into it', async () => {
    await page.evaluate(() => {
      location.hash = '#/clusters/add'
    })
    const token = 'c4n4ry-token-that-was-pasted'
    const text = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:9' } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'pasted', context: { cluster: 'c', user: 'u' } }],
    }
    await page.getByRole('textbox', { name: 'Kubeconfig' }).fill(JSON.stringify(text))
    await page.getByRole('button', { name: 'Add 1 cluster' }).click()
    await page.getByText('was added.').waitFor()
    await application.evaluate(({ session }) => session.defaultSession.flushStorageData())
    const profile = join(host.dataDir, 'window')
    expect(await readdir(profile)).toContain('Local Storage')
    expect(await canariesBelow(host.dataDir, { token })).toEqual([])
    expect(await canariesBelow(home, { token })).toEqual([])
  })
})

describe('the bridge', () => {
  it('knows operations by name only', async () => {
    const answers = await page.evaluate(() =>
      Promise.all(
        ['no.such', '__proto__', 'constructor', 'toString'].map((name) => mooring.call(name as 'app.status', {})),
      ),
    )
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { code: 'unknown-route' } })
  })

  it('refuses a foreign page, whatever window it is in', async () => {
    const answer = await application.evaluate(async ({ BrowserWindow, app }) => {
      const window = new BrowserWindow({
        show: false,
        webPreferences: { preload: `${app.getAppPath()}/dist/preload.cjs`, sandbox: true, contextIsolation: true },
      })
      // Requests of pages are refused too; about:blank needs none.
      await window.loadURL('about:blank')
      const script = `Promise.all([
        mooring.call('app.status', {}),
        mooring.shell.openExternal('https://example.com/foreign'),
        new Promise((resolve) => {
          mooring.subscribe('clusters', () => resolve('told'))
          mooring.onConnection(() => resolve('told'))
          setTimeout(() => resolve('silent'), 500)
        }),
      ])`
      const result = (await window.webContents.executeJavaScript(script)) as unknown[]
      window.destroy()
      return result
    })
    expect(answer).toEqual([
      { ok: false, error: expect.objectContaining({ code: 'origin-not-allowed' }) as unknown },
      false,
      'silent',
    ])
    expect(await opened()).not.toContain('https://example.com/foreign')
    expect(desktop.log()).toMatch(/refused mooring:call from about:blank/)
  })

  it('tells errors without a stack', async () => {
    const answer = await page.evaluate(() => mooring.call('clusters.get', { id: '../../etc' }))
    expect(answer).toMatchObject({ ok: false })
    expect(JSON.stringify(answer)).not.toMatch(/ at .*:\d+:\d+/)
  })
})
