// Takes the pictures of docs/pictures: node e2e/pictures.ts [folder]
// They come from a real host, and those of states that cannot be had at will from the pages around an owner in memory.
// MOORING_TESTBED_JSON names a running test bed, as in specs; else one is started. Build first (npm run build).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { launchChromium } from './renderer/chromium.ts'
import { goTo as goToScene, scenes } from './renderer/scenes.ts'
import { buildTestingPage } from './renderer/testing-page.ts'
import { expectOk } from './support/expect-ok.ts'
import { startHost, type RunningHost } from './support/host.ts'
import {
  applyWorkloads,
  fillHost,
  makePictureComputer,
  pictureKubeconfig,
  removeWorkloads,
} from './support/picture-world.ts'
import { startSteadyClient } from './support/steady-client.ts'
import { attachTestbed, readDescription, startTestbed } from './testbed/testbed.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, '../docs/pictures')
mkdirSync(folder, { recursive: true })
const passphrase = 'a passphrase for pictures'

const given = process.env['MOORING_TESTBED_JSON']
await using bed = given === undefined ? await startTestbed() : await attachTestbed(await readDescription(given))
const computer = await makePictureComputer(bed)
const start = (port = 0): Promise<RunningHost> => startHost({ ...computer, port, vault: 'none' })
const browser = await launchChromium()
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
const page = await context.newPage()
page.setDefaultTimeout(20_000)

async function take(name: string): Promise<void> {
  // Away from rows, so that none looks chosen; a message that is on its way out is waited for.
  await page.mouse.move(640, 20)
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

/** States that would need a broken keychain, a full disk or a missing kubectl. */
async function takeScenes(): Promise<void> {
  const names = [
    'vault-no-keychain',
    'vault-undecryptable',
    'settings-no-kubectl',
    'sidecar-away',
    'new-forward-looking',
    'new-forward-forbidden',
    'owner-lost-clusters',
    'forwards-crowded',
    'clusters-crowded',
  ]
  const served = await buildTestingPage()
  await served.showIn(page.context())
  try {
    for (const scene of scenes.filter(({ name }) => names.includes(name)))
      for (const theme of ['light', 'dark'] as const) {
        await goToScene(page, served.url, scene, theme)
        await page.screenshot({ path: join(folder, `${scene.name}-${theme}.png`) })
      }
  } finally {
    await served.close()
  }
}

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
  await page.getByRole('textbox', { name: 'Kubeconfig' }).evaluate((area) => (area.scrollTop = 0))
  await take('add-clusters')
  await page.getByRole('checkbox', { name: /company-login/ }).check()
  await take('add-clusters-commands')

  await applyWorkloads(bed)
  const world = await fillHost(host, bed)
  await openHost(host)
  await goTo(host, '/forwards')
  const clients = [8080, 8081].map((port) =>
    startSteadyClient({ host: '127.0.0.1', port, path: '/bytes?n=4000', everyMs: 100 }),
  )
  await row(page, 'ledger').getByText('holding').waitFor()
  await row(page, 'redis').getByText('holding').waitFor()
  // The curves of traffic need some seconds of it.
  await page.waitForTimeout(10_000)
  await take('forwards')

  await goTo(host, `/forwards/${world.checkout}?tab=history`)
  await page.waitForTimeout(500)
  await take('forward-detail')
  for (const tab of ['ports', 'traffic', 'output', 'settings']) {
    await goTo(host, `/forwards/${world.checkout}?tab=${tab}`)
    await page.waitForTimeout(500)
    await take(`forward-${tab}`)
  }
  await goTo(host, '/forwards')
  await row(page, 'orders database').focus()
  await page.keyboard.press('Delete')
  await page.getByRole('dialog', { name: /on shop-prod/ }).waitFor()
  await take('forward-remove')
  await page.keyboard.press('Escape')
  await page.getByRole('searchbox').fill('no such forward')
  await page.getByText('No forward matches').waitFor()
  await take('forwards-filtered')
  await goTo(host, '/forwards')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.type('catalog')
  await take('palette')
  await page.keyboard.press('Escape')
  await page.getByRole('combobox', { name: 'Active cluster' }).click()
  await page.getByRole('option').first().waitFor()
  await take('switcher')
  await page.keyboard.press('Escape')
  await goTo(host, '/keys')
  await take('keys')

  await goTo(host, '/forwards/new')
  await page.getByLabel('Cluster', { exact: true }).selectOption({ label: 'shop-staging (STAGING)' })
  await page.getByRole('combobox', { name: 'Namespace' }).fill('shop')
  await page.keyboard.press('Escape')
  await page.getByRole('combobox', { name: 'Target' }).click()
  await page.getByRole('option', { name: /svc\/catalog/ }).click()
  await page.getByText('You may port-forward there.').waitFor()
  await page.getByRole('textbox', { name: 'Local port 1' }).fill('8085')
  await page.getByText('127.0.0.1:8085 is free.').waitFor()
  await page.getByRole('button', { name: 'Add a port' }).click()
  await page.getByRole('combobox', { name: 'Remote port 2' }).fill('7000')
  await page.getByRole('textbox', { name: 'Local port 2' }).fill('6379')
  await page.getByText(/127\.0\.0\.1:6379 (is taken|belongs)/).waitFor()
  await take('new-forward')

  await goTo(host, '/clusters')
  await page.waitForTimeout(500)
  await take('clusters')
  await row(page, 'shop-prod').getByRole('gridcell').nth(1).click()
  await page.getByRole('tab', { name: 'Overview' }).waitFor()
  await page.waitForTimeout(500)
  await take('cluster-overview')
  await page.getByRole('tab', { name: 'Credentials' }).click()
  await take('cluster-credentials')
  await page.getByRole('button', { name: 'Actions for shop-prod' }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await page.getByText('will be removed too').waitFor()
  await take('cluster-remove')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Test connection' }).first().click()
  await page.getByRole('button', { name: 'Copy report' }).waitFor()
  await take('connection')

  await goTo(host, '/diagnostics')
  await page.waitForTimeout(1_000)
  await take('diagnostics')
  await goTo(host, '/settings')
  await page.waitForTimeout(500)
  await take('settings')

  const wide = page.viewportSize() ?? { width: 1280, height: 800 }
  await page.setViewportSize({ width: 400, height: 800 })
  for (const [name, path] of [
    ['forwards', '/forwards'],
    ['new-forward', '/forwards/new'],
    ['clusters', '/clusters'],
    ['settings', '/settings'],
  ] as const) {
    await goTo(host, path)
    await page.waitForTimeout(500)
    await take(`narrow-${name}`)
  }
  await page.setViewportSize(wide)

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
  await takeScenes()
} finally {
  await browser.close()
  await host.close()
  await computer.remove()
  await removeWorkloads(bed)
}
