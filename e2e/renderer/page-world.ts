import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll } from 'vitest'
import { launchChromium } from './chromium.ts'
import { buildTestingPage, type TestingPage } from './testing-page.ts'

/** What the specs of one file share: the pages, and a browser. */
export type PageWorld = { readonly served: TestingPage; readonly browser: Browser }

/** To be called at the top of a spec file; what it answers may be used in its specs and hooks. */
export function useTestingPage(): PageWorld {
  const world = {} as PageWorld
  beforeAll(async () => {
    Object.assign(world, { served: await buildTestingPage() })
    Object.assign(world, { browser: await launchChromium() })
  })
  afterAll(async () => {
    await world.browser.close()
    await world.served.close()
  })
  return world
}

/** A page that notes every violation of the policy and every error. */
export async function openPage(
  world: PageWorld,
  theme: 'light' | 'dark',
  viewport: { width: number; height: number },
): Promise<{ page: Page; errors: string[] }> {
  const context = await world.browser.newContext({ viewport, colorScheme: theme, reducedMotion: 'reduce' })
  await world.served.showIn(context)
  await context.addInitScript(() => {
    const seen: string[] = []
    Object.assign(globalThis, { violations: seen })
    document.addEventListener('securitypolicyviolation', (event) =>
      seen.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    )
  })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  return { page, errors }
}
