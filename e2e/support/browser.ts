import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright'
import { axeFindings } from './axe.ts'

const root = join(import.meta.dirname, '..', '..')

/**
 * What the browser itself writes when nobody listens any more, or the next owner does, who knows nobody yet; only allowed
 * while the owner is known to be away.
 */
const outage =
  /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|401 \(Unauthorized\)|HTTP Authentication failed/

/** A page that notes everything that should not happen on it. */
export type WatchedPage = {
  readonly page: Page
  /** Violations of the policy, errors and warnings on the console, exceptions: since the page was opened. */
  readonly problems: readonly string[]
  /** What the browser says about a missing owner is expected until the returned function is called. */
  expectOutage(): () => void
  /** Opens the address that the host printed, as a user would paste it. */
  openHost(host: { url: string; token: string }, path?: string): Promise<void>
  /** Pictures in both themes, and what axe finds serious or critical in them. */
  look(name: string): Promise<string[]>
}

/** Opens a page in a context of its own; its pictures go to `test-results/<folder>`. */
export async function openWatchedPage(browser: Browser, folder: string): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  })
  const problems: string[] = []
  let away = false
  await watchPolicy(context, problems)
  const page = await context.newPage()
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`))
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return
    if (away && outage.test(message.text())) return
    problems.push(`${message.type()}: ${message.text()} ${message.location().url}`)
  })
  const pictures = join(root, 'test-results', folder)
  await mkdir(pictures, { recursive: true })
  return {
    page,
    problems,
    expectOutage: () => {
      away = true
      return () => (away = false)
    },
    openHost: async (host, path) => {
      // Another fragment alone would not load the page again.
      await page.goto('about:blank')
      await page.goto(`${host.url}/#token=${host.token}`)
      if (path !== undefined) await page.goto(`${host.url}/#${path}`)
    },
    look: async (name) => {
      const found: string[] = []
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme })
        await page.evaluate(() => document.fonts.ready)
        found.push(...(await axeFindings(page, { seriousOnly: true })).map((line) => `${name}, ${theme}: ${line}`))
        await page.screenshot({ path: join(pictures, `${name}-${theme}.png`) })
      }
      await page.emulateMedia({ colorScheme: 'light' })
      return found
    },
  }
}

async function watchPolicy(context: BrowserContext, problems: string[]): Promise<void> {
  await context.exposeFunction('noteViolation', (words: string) => problems.push(`policy: ${words}`))
  await context.addInitScript(() => {
    const { noteViolation } = globalThis as unknown as { noteViolation: (words: string) => Promise<void> }
    document.addEventListener('securitypolicyviolation', (event) => {
      void noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
    })
  })
}
