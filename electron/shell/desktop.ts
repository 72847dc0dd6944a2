import { join } from 'node:path'
import { app, dialog, nativeTheme, powerMonitor, type BrowserWindow } from 'electron'
import type { ConnectionState, Transport } from '../../contract/client.ts'
import { drop } from '../../contract/drop.ts'
import type { Forward } from '../../contract/forwards.ts'
import { Settings } from '../../contract/system.ts'
import type { Log } from '../core/log.ts'
import { closingOf, outOfTheWay, trayIsSure } from './closing.ts'
import { watchForwards } from './forward-watcher.ts'
import { serveBridge } from './ipc.ts'
import { setApplicationMenu } from './menu.ts'
import { Notifier } from './notifier.ts'
import { servePages } from './protocol.ts'
import { lockDown, openInBrowser } from './security.ts'
import { createTray, type MooringTray } from './tray.ts'
import { trayView } from './tray-view.ts'
import { openWindow, showWindow } from './window.ts'

export type DesktopOptions = {
  transport: Transport
  /** Folder of the built files: renderer, preload, icon. */
  dist: string
  log: Log
  /** Started at login: no window until somebody asks for it. */
  hidden: boolean
  /** Makes the system start this desktop at login, or no longer. Throws where it cannot. */
  applyStartAtLogin: (wanted: boolean) => void
  /** Ends what this process owns. */
  close: () => Promise<void>
}

const quitDeadlineMs = 10_000
const documentation =
  'https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/'

/** Everything a person sees of the desktop: window, tray, menu, notifications, and the way out. Call when the app is ready. */
export function startDesktop(options: DesktopOptions): void {
  new Desktop(options).start()
}

class Desktop {
  readonly #options: DesktopOptions
  readonly #notifier: Notifier
  #window: BrowserWindow | null = null
  #tray: MooringTray | null = null
  #settings: Settings | null = null
  #forwards: readonly Forward[] = []
  #connection: ConnectionState['state'] = 'connecting'
  #asking = false
  #quitting = false

  constructor(options: DesktopOptions) {
    this.#options = options
    this.#notifier = new Notifier({ wanted: () => this.#settings?.notifications !== false, show: this.#show })
  }

  start(): void {
    const { transport, dist, log } = this.#options
    lockDown(log)
    servePages(join(dist, 'renderer'))
    serveBridge({ transport, window: () => this.#window, log })
    setApplicationMenu({
      show: this.#show,
      quit: this.#quit,
      openDocumentation: () => drop(openInBrowser(documentation, log), 'the log says why when it does not open'),
    })
    this.#tray = createTray({ icon: this.#icon, transport, show: this.#show, quit: this.#quit })
    this.#follow(transport)
    this.#listen(transport)
    if (!this.#options.hidden) this.#window = this.#open(false)
    else if (!this.#trayIsSure) this.#window = this.#open(true)
  }

  /** What the owner tells. */
  #follow(transport: Transport): void {
    transport.subscribe('settings', (message) => {
      const parsed = Settings.safeParse(message.data)
      if (!parsed.success) return
      // A host cannot start a desktop at login: whichever desktop sees the wish fulfils it, also one of before it ran.
      const { startAtLogin } = parsed.data
      if ((this.#settings?.startAtLogin ?? false) !== startAtLogin) this.#startAtLogin(startAtLogin)
      this.#settings = parsed.data
      // Native menus and dialogs follow the pages.
      nativeTheme.themeSource = parsed.data.theme
    })
    transport.onConnection(({ state }) => {
      this.#connection = state
      this.#updateTray()
    })
    watchForwards(transport, (forwards, one, gone) => {
      this.#forwards = forwards
      this.#updateTray()
      if (gone !== null) this.#notifier.forget(gone)
      this.#notifier.observe(one === null ? forwards : [one])
    })
  }

  #startAtLogin(wanted: boolean): void {
    const { applyStartAtLogin, log } = this.#options
    try {
      applyStartAtLogin(wanted)
    } catch (error) {
      log.warn(`start at login was not changed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** What the system tells. */
  #listen(transport: Transport): void {
    const woke = (): void => drop(transport.call('app.hint', { kind: 'wake' }), 'a hint needs no answer')
    powerMonitor.on('resume', woke)
    powerMonitor.on('unlock-screen', woke)
    powerMonitor.on('shutdown', this.#quit)
    app.on('second-instance', this.#show)
    app.on('activate', this.#show)
    // Without a listener Electron quits with its last window; forwards do not end with a window.
    app.on('window-all-closed', () => undefined)
    app.on('before-quit', (event) => {
      if (this.#quitting) return
      event.preventDefault()
      this.#quit()
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#quit)
  }

  get #icon(): string {
    return join(this.#options.dist, 'icon.png')
  }

  get #trayIsSure(): boolean {
    return trayIsSure(this.#tray !== null, process.platform)
  }

  #updateTray(): void {
    this.#tray?.update(trayView(this.#forwards, this.#connection))
  }

  #open(minimized: boolean): BrowserWindow {
    const { dist, log } = this.#options
    return openWindow({
      preload: join(dist, 'preload.cjs'),
      icon: this.#icon,
      stateFile: join(app.getPath('userData'), 'window-state.json'),
      log,
      minimized,
      onClose: () => {
        if (this.#quitting) return true
        this.#userCloses()
        return false
      },
    })
  }

  readonly #show = (): void => {
    if (this.#quitting) return
    if (this.#window === null || this.#window.isDestroyed()) this.#window = this.#open(false)
    else showWindow(this.#window)
  }

  #userCloses(): void {
    const closing = closingOf(this.#settings?.onWindowClose ?? null, this.#trayIsSure)
    if (closing === 'ask') drop(this.#ask(), 'the window stays until the answer')
    else if (closing === 'quit') this.#quit()
    else this.#keepRunning()
  }

  #keepRunning(): void {
    if (outOfTheWay(this.#trayIsSure) === 'hide') this.#window?.hide()
    else this.#window?.minimize()
  }

  async #ask(): Promise<void> {
    if (this.#window === null || this.#asking) return
    this.#asking = true
    const { response, checkboxChecked } = await dialog.showMessageBox(this.#window, {
      type: 'question',
      message: 'Keep forwards running after the window is closed?',
      detail: 'Mooring stays in the background and keeps your local ports alive.',
      buttons: ['Keep running', 'Quit', 'Cancel'],
      defaultId: 0,
      cancelId: 2,
      checkboxLabel: 'Remember my choice',
    })
    this.#asking = false
    if (response === 2) return
    const choice = response === 0 ? 'keep-running' : 'quit'
    if (checkboxChecked) await this.#options.transport.call('settings.update', { onWindowClose: choice })
    if (choice === 'quit') this.#quit()
    else this.#keepRunning()
  }

  /** Ends in order, and at the deadline anyhow: what is left then is stopped by the system or at the next start. */
  readonly #quit = (): void => {
    if (this.#quitting) return
    this.#quitting = true
    const { close, log } = this.#options
    const deadline = setTimeout(() => {
      log.error(`ending took longer than ${quitDeadlineMs / 1000} s`)
      app.exit(1)
    }, quitDeadlineMs)
    this.#notifier.close()
    const end = (code: number): void => {
      clearTimeout(deadline)
      this.#tray?.destroy()
      app.exit(code)
    }
    close().then(
      () => end(0),
      (error: unknown) => {
        log.error(`ending failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        end(1)
      },
    )
  }
}
