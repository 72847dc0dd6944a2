import { protocol } from 'electron'
import { contentSecurityPolicy } from '../core/pages/content-security-policy.ts'
import { readStaticFile } from '../core/pages/static-files.ts'

/** Where the pages live: a scheme of our own, so that no file:// page and no network page has their rights. */
export const pageOrigin = 'app://mooring'

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** Serves the built renderer under {@link pageOrigin}, with the strict policy on every answer. */
export function servePages(rendererDir: string): void {
  protocol.handle('app', async (request) => {
    const url = new URL(request.url)
    const file =
      url.host === 'mooring' && request.method === 'GET' ? await readStaticFile(rendererDir, url.pathname) : null
    if (file === null) return new Response('There is no such page.', { status: 404 })
    return new Response(new Uint8Array(file.body), {
      headers: {
        'content-type': file.type,
        'content-security-policy': contentSecurityPolicy([]),
        'x-content-type-options': 'nosniff',
        'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
      },
    })
  })
}
