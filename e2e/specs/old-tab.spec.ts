import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumPath, launchChromium } from '../renderer/chromium.ts'
import { type RunningHost, startHost } from '../support/host.ts'

let browser: Browser
let dataDir: string
let host: RunningHost
let page: Page

beforeAll(async () => {
  if (chromiumPath === undefined) return
  browser = await launchChromium()
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-old-tab-'))
})
afterAll(async () => {
  if (chromiumPath === undefined) return
  await browser.close()
  await host.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** A vault that is open at once after every start: the page shows more than the question for it. */
const start = (port = 0): Promise<RunningHost> =>
  startHost({ dataDir, port, vault: 'passphrase', passphrase: 'correct horse battery staple' })
const portOf = ({ url }: RunningHost): number => Number(new URL(url).port)
const gone = () => page.getByText('Mooring does not answer.')
const advice = () => page.getByText('open the address it prints')

describe('a page in a browser whose host went away', () => {
  beforeEach(async (context) => {
    if (chromiumPath === undefined) context.skip('needs Chromium')
    host = await start()
    page = await browser.newPage()
    // The last part of the page, which it loads while it is idle.
    const whole = page.waitForResponse(/palette-[^/]*\.js/)
    await page.goto(`${host.url}/#token=${host.token}`)
    await page.getByRole('main').getByRole('heading').first().waitFor()
    await whole
    return async () => {
      await page.close()
      await host.close()
    }
  })

  it('goes on by itself when the same host answers again', async () => {
    host.process.kill('SIGSTOP')
    // Silence is noticed after 10 s.
    await gone().waitFor({ timeout: 50_000 })
    host.process.kill('SIGCONT')
    await gone().waitFor({ state: 'detached' })
  })

  it('keeps what it shows when a part of it cannot come, and loads it when somebody answers', async () => {
    const port = portOf(host)
    await host.kill()
    await gone().waitFor()
    await page.getByRole('navigation').getByText('Diagnostics').click()
    await page.getByText('A part of this page could not be loaded').waitFor()
    host = await start(port)
    await page.getByRole('heading', { name: 'This page is not signed in' }).waitFor()
  })

  it('says where to find one that listens elsewhere, and is told at once that its sign-in is over at its own port', async () => {
    const port = portOf(host)
    await host.kill()
    await gone().waitFor()
    host = await start()
    // Said after 15 s.
    await advice().waitFor({ timeout: 75_000 })
    await page.getByText(/It is tried again/).waitFor()
    await host.close()

    host = await start(port)
    await page.getByRole('heading', { name: 'This page is not signed in' }).waitFor()
    await page.getByText('Open the address that Mooring printed').waitFor()
    // In the same tab only what stands after the # changes.
    await page.goto(`${host.url}/#token=${host.token}`)
    await page.getByRole('navigation').waitFor()
    expect(page.url()).not.toContain(host.token)
    // And once more where the page is signed in.
    const loaded = page.waitForEvent('load')
    await page.goto(`${host.url}/#token=${host.token}`)
    await loaded
    await page.getByRole('navigation').waitFor()
    expect(page.url()).not.toContain(host.token)
  })
})
