import type { Browser } from 'playwright'
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
