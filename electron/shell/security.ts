import { app, session, shell, type WebContents } from 'electron'
import { drop } from '../../contract/drop.ts'
import type { Log } from '../core/log.ts'
import { pageOrigin } from './protocol.ts'

/** True for addresses a page of ours may stay on. */
export const isOwnPage = (url: string): boolean => url === pageOrigin || url.startsWith(`${pageOrigin}/`)

/** Opens an address in the user's browser if it is an ordinary web address; anything else is refused. */
export async function openInBrowser(url: unknown, log: Log): Promise<boolean> {
  if (typeof url !== 'string' || url.length > 2048 || !URL.canParse(url)) return false
  const { protocol, username, password, href } = new URL(url)
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') {
    log.warn(`refused to open an address with the scheme ${protocol}`)
    return false
  }
  try {
    await shell.openExternal(href)
    return true
  } catch (error) {
    log.warn(`no browser opened the address: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

/**
 * Denies what a page never needs: navigation, new windows, permissions, devices, downloads, web views, and every
 * address but its own. Must run once, when the app is ready and before the first window.
 */
export function lockDown(log: Log): void {
  const own = session.defaultSession
  // Copying an address is what a user asks for with a click; everything else is refused.
  own.setPermissionRequestHandler((contents, permission, answer) => {
    answer(permission === 'clipboard-sanitized-write' && isOwnPage(contents.getURL()))
  })
  own.setPermissionCheckHandler(
    (_contents, permission, origin) => permission === 'clipboard-sanitized-write' && isOwnPage(origin),
  )
  own.setDevicePermissionHandler(() => false)
  own.on('will-download', (event) => event.preventDefault())
  own.webRequest.onBeforeRequest((details, answer) => {
    const allowed = isOwnPage(details.url) || (!app.isPackaged && details.url.startsWith('devtools://'))
    if (!allowed) log.warn(`refused a request to ${details.url.slice(0, 100)}`)
    answer({ cancel: !allowed })
  })
  app.on('web-contents-created', (_event, contents) => guard(contents, log))
}

function guard(contents: WebContents, log: Log): void {
  const refuse = (event: { preventDefault(): void; url: string }): void => {
    if (isOwnPage(event.url)) return
    event.preventDefault()
    log.warn(`refused to navigate to ${event.url.slice(0, 100)}`)
  }
  contents.on('will-navigate', refuse)
  contents.on('will-frame-navigate', refuse)
  contents.on('will-redirect', refuse)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    drop(openInBrowser(url, log), 'the page is not told what became of it')
    return { action: 'deny' }
  })
}
