// Takes the pictures of docs/pictures from a real host: node e2e/pictures.ts [folder]
// MOORING_TESTBED_JSON names a running test bed, as in specs; else one is started. Build first (npm run build).
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Page } from 'playwright'
import { launchChromium } from './renderer/chromium.ts'
import { expectOk } from './support/expect-ok.ts'
import { startHost, type RunningHost } from './support/host.ts'

import { applyWorkloads, fillHost, pictureKubeconfig, removeWorkloads } from './support/picture-world.ts'
import { startSteadyClient } from './support/steady-client.ts'
import { attachTestbed, readDescription, startTestbed } from './testbed/testbed.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, '../docs/pictures')
mkdirSync(folder, { recursive: true })
const passphrase = 'a passphrase for pictures'

const given = process.env['MOORING_TESTBED_JSON']
await using bed = given === undefined ? await startTestbed() : await attachTestbed(await readDescription(given))
const dataDir = await mkdtemp(join(tmpdir(), 'mooring-pictures-'))
const start = (port = 0): Promise<RunningHost> => startHost({ dataDir, port, vault: 'none', environment: { PATH: `${dirname(bed.kubectl)}${delimiter}${process.env['PATH'] ?? ''}` } }) // prettier-ignore
const browser = await launchChromium()
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
const page = await context.newPage()
page.setDefaultTimeout(20_000)

async function take(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await page.evaluate(() => document.fonts.ready)
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) })
  }
}
async function openHost(host: RunningHost): Promise<void> {
  await page.goto('about:blank')
  await page.goto(`${host.url}/#token=${host.token}`)
}
async function goTo(host: RunningHost, path: string): Promise<void> {
  await page.goto(`${host.url}/#${path}`)
  await page.getByRole('main').getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
}
const row = (of: Page, name: string) => of.getByRole('row').filter({ hasText: name }).first()

let host = await start()
try {
  await openHost(host)
  await page.getByRole('heading', { name: 'Welcome to Mooring' }).waitFor()
  await take('first-run')
  await expectOk(host.client.vault.setup({ provider: 'passphrase', passphrase }))
  await page.getByText('No clusters yet').waitFor()
  await take('empty')

  await goTo(host, '/clusters/add')
  await page.getByRole('textbox', { name: 'Kubeconfig' }).fill(await pictureKubeconfig(bed))
  await page.getByText('Commands that would run').waitFor()
  await take('add-clusters')

  await applyWorkloads(bed)
  const world = await fillHost(host, bed)
  await goTo(host, '/forwards')
  const clients = [8080, 8081].map((port) => startSteadyClient({ host: '127.0.0.1', port, path: '/bytes?n=4000', everyMs: 100 })) // prettier-ignore
  await row(page, 'ledger').getByText('holding').waitFor()
  await row(page, 'redis').getByText('holding').waitFor()
  // The curves of traffic need some seconds of it.
  await page.waitForTimeout(10_000)
  await take('forwards')

  await goTo(host, `/forwards/${world.checkout}?tab=history`)
  await page.waitForTimeout(500)
  await take('forward-detail')

  await goTo(host, '/forwards/new')
  await page.getByLabel('Cluster', { exact: true }).selectOption({ label: 'shop-staging (STAGING)' })
  await page.getByRole('combobox', { name: 'Namespace' }).fill('shop')
  await page.keyboard.press('Escape')
  await page.getByRole('combobox', { name: 'Target' }).click()
  await page.getByRole('option', { name: /svc\/catalog/ }).click()
  await page.getByText('You may port-forward there.').waitFor()
  await take('new-forward')

  await goTo(host, '/clusters')
  await page.waitForTimeout(500)
  await take('clusters')
  await row(page, 'shop-prod').getByRole('gridcell').nth(1).click()
  await page.getByRole('tab', { name: 'Connection' }).click()
  await page.getByRole('button', { name: 'Test connection' }).last().click()
  await page.getByRole('button', { name: 'Copy report' }).waitFor()
  await take('connection')

  await goTo(host, '/diagnostics')
  await page.waitForTimeout(1_000)
  await take('diagnostics')
  await goTo(host, '/settings')
  await page.waitForTimeout(500)
  await take('settings')

  for (const client of clients) await client.stop()
  await goTo(host, '/forwards')
  await host.kill()
  await page.getByText('Mooring does not answer.').waitFor()
  await take('error')
  host = await start(Number(new URL(host.url).port))
  await openHost(host)
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor()
  await take('locked')
  world.close()
} finally {
  await browser.close()
  await host.close()
  await rm(dataDir, { recursive: true, force: true })
  await removeWorkloads(bed)
}
