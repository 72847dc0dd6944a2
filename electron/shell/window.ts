import { app, BrowserWindow, dialog, nativeTheme, screen } from 'electron'
import { drop } from '../../contract/drop.ts'
import type { Log } from '../core/log.ts'
import { offerContextMenu } from './context-menu.ts'
import { pageOrigin } from './protocol.ts'
import { ReloadLimit } from './reload-limit.ts'
import { readWindowState, saveWindowState } from './window-state.ts'

export type WindowOptions = {
  preload: string
  icon: string
  stateFile: string
  log: Log
  /** Out of the user's way at first. */
  minimized: boolean
  /** Asked when the user closes the window: true lets it close. */
  onClose: () => boolean
}

/** Surfaces of the two themes (tokens.css), so that nothing flashes before the page paints. */
const background = { light: '#f3f5f7', dark: '#10151a' }

/** Opens the one window. The page has no Node, no Electron, and a sandbox; it talks through the preload bridge only. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const areas = screen.getAllDisplays().map((display) => display.workArea)
  const { x, y, width, height, maximized } = readWindowState(options.stateFile, areas)
  const window = new BrowserWindow({
    width,
    height,
    ...(x === null || y === null ? {} : { x, y }),
    minWidth: 400,
    minHeight: 300,
    show: false,
    title: 'Mooring',
    icon: options.icon,
    backgroundColor: nativeTheme.shouldUseDarkColors ? background.dark : background.light,
    autoHideMenuBar: process.platform !== 'darwin',
    webPreferences: {
      preload: options.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
      devTools: !app.isPackaged,
    },
  })
  window.once('ready-to-show', () => {
    if (options.minimized) {
      window.showInactive()
      window.minimize()
      return
    }
    if (maximized) window.maximize()
    window.show()
  })
  window.on('close', (event) => {
    save(window, options)
    if (!options.onClose()) event.preventDefault()
  })
  offerContextMenu(window.webContents)
  recoverPage(window, options.log)
  load(window)
  return window
}

/** Brings a window to the front, whatever was done to it. */
export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

function load(window: BrowserWindow): void {
  // A load that fails or is replaced by another is an event of the page, not of ours.
  drop(
    window.loadURL(`${pageOrigin}/index.html`).catch(() => undefined),
    'the window shows itself when the page is ready',
  )
}

function save(window: BrowserWindow, options: WindowOptions): void {
  try {
    saveWindowState(options.stateFile, { ...window.getNormalBounds(), maximized: window.isMaximized() })
  } catch (error) {
    options.log.warn(`the window's place was not saved: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Forwards do not depend on the page: when it crashes it is loaded again, and the user is asked when it goes on crashing. */
function recoverPage(window: BrowserWindow, log: Log): void {
  const limit = new ReloadLimit()
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (window.isDestroyed() || reason === 'clean-exit') return
    log.error(`the page ended (${reason})`)
    if (limit.mayReload(Date.now())) {
      load(window)
      return
    }
    const answer = dialog.showMessageBox(window, {
      type: 'error',
      message: 'The page of this window crashes again and again.',
      detail: 'Your forwards are not touched by this and go on.',
      buttons: ['Try again', 'Quit Mooring'],
    })
    drop(
      answer.then(({ response }) => (response === 0 ? load(window) : app.quit())),
      'a person decides when they want to',
    )
  })
}
