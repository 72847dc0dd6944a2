import {
  dialog,
  ipcMain,
  type BrowserWindow,
  type IpcMainEvent,
  type IpcMainInvokeEvent,
  type WebContents,
} from 'electron'
import type { Transport } from '../../contract/client.ts'
import { appError, fail, type Result } from '../../contract/errors.ts'
import { parseStreamName, type StreamName } from '../../contract/events.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import type { Log } from '../core/log.ts'
import { type BridgeEvent, bridgeChannels } from './bridge.ts'
import { readChosenFile } from './chosen-file.ts'
import { PageCalls } from './page-calls.ts'
import { PageEvents } from './page-events.ts'
import { isOwnPage, openInBrowser } from './security.ts'

type Page = { readonly calls: PageCalls; readonly events: PageEvents }

export type IpcOptions = { transport: Transport; window: () => BrowserWindow | null; log: Log }

/** Connects pages with the owner through the bridge. Only our own page in its top frame is served. */
export function serveBridge(options: IpcOptions): void {
  const { transport, log } = options
  const pages = new WeakMap<WebContents, Page>()

  /** Every message passes here: a null frame (the page is gone) and a foreign or inner frame are refused. */
  const fromOwnPage = (event: IpcMainEvent | IpcMainInvokeEvent, channel: string): boolean => {
    const frame = event.senderFrame
    if (frame !== null && frame.parent === null && isOwnPage(frame.url)) return true
    log.warn(`refused ${channel} from ${frame === null ? 'a frame that is gone' : frame.url.slice(0, 100)}`)
    return false
  }

  ipcMain.handle(
    bridgeChannels.call,
    async (event, name: unknown, input: unknown, number: unknown): Promise<Result<unknown>> => {
      if (!fromOwnPage(event, bridgeChannels.call))
        return fail(appError('origin-not-allowed', 'The call comes from another page.', "Use Mooring's own window."))
      if (typeof name !== 'string' || !Object.hasOwn(operations, name))
        return fail(
          appError(
            'unknown-route',
            'There is no such operation.',
            'Start Mooring again: this window is of another version than the Mooring behind it.',
          ),
        )
      return pageOf(event.sender).calls.call(name as OperationName, input ?? {}, number)
    },
  )
  ipcMain.on(bridgeChannels.cancel, (event, number: unknown) => {
    if (fromOwnPage(event, bridgeChannels.cancel)) pageOf(event.sender).calls.cancel(number)
  })

  const pageOf = (contents: WebContents): Page => {
    const known = pages.get(contents)
    if (known !== undefined) return known
    const send = (event: BridgeEvent): void => {
      if (!contents.isDestroyed()) contents.send(bridgeChannels.event, event)
    }
    const page = { calls: new PageCalls(transport), events: new PageEvents({ transport, send }) }
    pages.set(contents, page)
    const end = (): void => {
      page.calls.end()
      page.events.end()
    }
    contents.once('destroyed', end)
    contents.on('render-process-gone', end)
    contents.on('did-start-navigation', (details) => {
      if (details.isMainFrame && !details.isSameDocument) end()
    })
    return page
  }

  ipcMain.on(bridgeChannels.subscribe, (event, stream: unknown) => {
    if (fromOwnPage(event, bridgeChannels.subscribe) && isStream(stream)) pageOf(event.sender).events.subscribe(stream)
  })
  ipcMain.on(bridgeChannels.unsubscribe, (event, stream: unknown) => {
    if (fromOwnPage(event, bridgeChannels.unsubscribe) && isStream(stream))
      pageOf(event.sender).events.unsubscribe(stream)
  })
  ipcMain.on(bridgeChannels.connection, (event) => {
    if (fromOwnPage(event, bridgeChannels.connection)) pageOf(event.sender).events.watchConnection()
  })
  ipcMain.on(bridgeChannels.taken, (event, number: unknown) => {
    if (fromOwnPage(event, bridgeChannels.taken) && Number.isSafeInteger(number))
      pageOf(event.sender).events.taken(number as number)
  })

  const choose = async (event: IpcMainInvokeEvent, title: string): Promise<string | null> => {
    const window = options.window()
    if (!fromOwnPage(event, title) || window === null) return null
    const chosen = await dialog.showOpenDialog(window, { title, properties: ['openFile', 'showHiddenFiles'] })
    return chosen.canceled ? null : (chosen.filePaths[0] ?? null)
  }
  ipcMain.handle(bridgeChannels.chooseFile, async (event) => {
    const path = await choose(event, 'Choose a kubeconfig')
    return path === null ? null : readChosenFile(path)
  })
  ipcMain.handle(bridgeChannels.choosePath, (event) => choose(event, 'Choose kubectl'))
  ipcMain.handle(bridgeChannels.openExternal, (event, url: unknown) =>
    fromOwnPage(event, bridgeChannels.openExternal) ? openInBrowser(url, log) : false,
  )
}

const isStream = (name: unknown): name is StreamName => typeof name === 'string' && parseStreamName(name) !== null
