/**
 * Stands for the `electron` module where the shipped Electron cannot run: enough of it for the product's own bundle to
 * be the owner on plain Node. The preload script runs in the same process; what crosses its bridge is cloned as IPC
 * clones it. A spec steers it over the process's own channel (owner-desktop.ts).
 */
import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const tell = (message) => {
  if (process.connected) process.send(message)
}
const show = (what, details = {}) => tell({ kind: 'shown', what, ...details })

class App extends EventEmitter {
  isPackaged = true
  #paths = new Map()
  commandLine = { hasSwitch: (name) => process.argv.includes(`--${name}`) }
  enableSandbox() {}
  setAppUserModelId() {}
  getAppPath = () => process.argv[1]
  getPath = (name) => this.#paths.get(name) ?? join(process.env.HOME, name)
  setPath = (name, path) => void this.#paths.set(name, path)
  requestSingleInstanceLock = () => true
  whenReady = () => Promise.resolve()
  setLoginItemSettings = (settings) => show('login-item', settings)
  exit = (code) => process.exit(code)
  quit() {
    let prevented = false
    this.emit('before-quit', { preventDefault: () => (prevented = true) })
    if (!prevented) this.exit(0)
  }
}
export const app = new App()

// What the page is: which frame speaks is up to the spec.
const frames = {
  own: { url: 'app://mooring/index.html', parent: null },
  foreign: { url: 'https://example.com/', parent: null },
  inner: { url: 'app://mooring/index.html', parent: {} },
  gone: null,
}
let frame = frames.own
let page = null
/** What a page that hangs has not taken; null: it does not hang. */
let held = null
let answer = { response: 1, checkboxChecked: false }

class WebContents extends EventEmitter {
  getURL = () => 'app://mooring/index.html'
  isDestroyed = () => false
  setWindowOpenHandler() {}
  send(channel, ...values) {
    if (held === null) ipcRenderer.emit(channel, {}, ...structuredClone(values))
    else held.push([channel, values])
  }
}

export class BrowserWindow extends EventEmitter {
  webContents = new WebContents()
  #preload
  constructor({ webPreferences }) {
    super()
    this.#preload = webPreferences.preload
    windows.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  async loadURL(url) {
    sender = this.webContents
    createRequire(import.meta.url)(this.#preload)
    this.emit('ready-to-show')
    show('window', { url })
  }
  isDestroyed = () => false
  isMinimized = () => false
  isMaximized = () => false
  getNormalBounds = () => ({ x: 0, y: 0, width: 1280, height: 800 })
  maximize() {}
  restore() {}
  focus() {}
  showInactive() {}
  show = () => show('window-shown')
  hide = () => show('window-hidden')
  minimize = () => show('window-minimized')
  close() {
    let prevented = false
    this.emit('close', { preventDefault: () => (prevented = true) })
    if (!prevented) show('window-closed')
  }
}
const windows = []
let sender = null

const handlers = new Map()
export const ipcMain = Object.assign(new EventEmitter(), {
  handle: (channel, handler) => handlers.set(channel, handler),
})
const event = () => ({ senderFrame: frame, sender })
export const ipcRenderer = Object.assign(new EventEmitter(), {
  invoke: async (channel, ...values) =>
    structuredClone(await handlers.get(channel)(event(), ...structuredClone(values))),
  send: (channel, ...values) => void ipcMain.emit(channel, event(), ...structuredClone(values)),
})
export const contextBridge = { exposeInMainWorld: (_name, bridge) => (page = bridge) }

class Utility extends EventEmitter {
  #child
  constructor(entry, args, { env }) {
    super()
    const hook = new URL('./parent-port.mjs', import.meta.url).href
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc']
    this.#child = fork(entry, args, { env, stdio, execArgv: ['--import', hook], serialization: 'advanced' })
    this.stdout = this.#child.stdout
    this.stderr = this.#child.stderr
    this.#child.once('spawn', () => this.emit('spawn'))
    this.#child.on('message', (message) => this.emit('message', message))
    this.#child.once('exit', (code) => this.emit('exit', code ?? 1))
  }
  get pid() {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined
  }
  postMessage = (message) => void this.#child.send(message, () => undefined)
  kill = () => this.#child.kill()
}
export const utilityProcess = { fork: (entry, args, options) => new Utility(entry, args, options) }

export class Tray extends EventEmitter {
  setToolTip = (tip) => show('tray-tip', { tip })
  setContextMenu = (menu) => show('tray-menu', { labels: menu.labels })
  destroy() {}
}
export class Notification extends EventEmitter {
  static isSupported = () => true
  #notice
  constructor(notice) {
    super()
    this.#notice = notice
  }
  show = () => show('notification', this.#notice)
}
const labels = (items) =>
  items.flatMap(({ label, submenu }) =>
    label === undefined ? [] : [label, ...(Array.isArray(submenu) ? labels(submenu) : [])],
  )
export const Menu = { buildFromTemplate: (items) => ({ labels: labels(items), popup() {} }), setApplicationMenu() {} }
export const nativeImage = { createFromPath: (path) => ({ path, resize: () => ({ path }) }) }
export const nativeTheme = { shouldUseDarkColors: false, themeSource: 'system' }
export const powerMonitor = new EventEmitter()
export const protocol = { registerSchemesAsPrivileged() {}, handle() {} }
export const screen = { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] }
export const clipboard = { writeText: (text) => show('copied', { text }) }
export const shell = { openExternal: async (url) => show('browser', { url }) }
export const dialog = {
  showErrorBox: (title, text) => show('error-box', { title, text }),
  showMessageBox: async (_window, { message }) => {
    show('question', { message })
    return answer
  },
  showOpenDialog: async () => ({ canceled: true, filePaths: [] }),
}
export const session = {
  defaultSession: {
    setPermissionRequestHandler() {},
    setPermissionCheckHandler() {},
    setDevicePermissionHandler() {},
    on() {},
    webRequest: { onBeforeRequest() {} },
  },
}

const commands = {
  call: ({ name, input }) => page.call(name, input),
  openExternal: ({ url }) => page.shell.openExternal(url),
  subscribe: ({ stream }) => void page.subscribe(stream, (message) => tell({ kind: 'event', message })),
  hang: () => void (held = []),
  /** How many bytes waited for it. */
  goOn: () => {
    const waited = held
    held = null
    for (const [channel, values] of waited) ipcRenderer.emit(channel, {}, ...structuredClone(values))
    return JSON.stringify(waited).length
  },
  connection: () => void page.onConnection((state) => tell({ kind: 'connection', state })),
  speakAs: ({ who }) => void (frame = frames[who]),
  answer: (given) => void (answer = { response: given.response, checkboxChecked: given.checkboxChecked }),
  closeWindow: () => void windows.at(-1).close(),
  emit: ({ name }) => void app.emit(name, {}),
  power: ({ name }) => void powerMonitor.emit(name),
  quit: () => app.quit(),
}
process.on('message', async ({ id, command, ...rest }) => {
  try {
    tell({ kind: 'reply', id, value: await commands[command](rest) })
  } catch (error) {
    tell({ kind: 'reply', id, problem: String(error?.stack ?? error) })
  }
})
