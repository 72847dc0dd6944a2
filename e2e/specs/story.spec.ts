import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { chromiumPath, launchChromium } from '../renderer/chromium.ts'
import { openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { descendantsOf, stillAlive } from '../support/leftovers.ts'
import { sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { mergeKubeconfigs } from '../support/merged-kubeconfig.ts'
import { startSteadyClient } from '../support/steady-client.ts'
import { waitUntil } from '../support/wait-until.ts'
import { restartRollout } from '../testbed/faults.ts'
import { exchange } from '../testbed/exchange.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { gracefulDeployment, service } from '../testbed/workloads.ts'

const passphrase = 'correct horse battery staple'

let bed: Testbed
let namespace: string
let dataDir: string
let host: RunningHost
let browser: Browser
let watched: WatchedPage
let page: Page
/** The forward that the story is about, as it was first live. */
let started: Forward
/** The chapter before did not end well: the next ones could only fail for its reason. */
let broken = false

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers || chromiumPath === undefined) return
  namespace = await bed.a.createNamespace('story')
  await bed.a.apply(gracefulDeployment(namespace, 'web'), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-story-'))
  host = await start()
  browser = await launchChromium()
  watched = await openWatchedPage(browser, 'story')
  page = watched.page
  page.setDefaultTimeout(20_000)
})
afterAll(async () => {
  if (bed.containers && chromiumPath !== undefined) {
    await browser.close()
    await host.close()
    await rm(dataDir, { recursive: true })
    await bed.a.deleteNamespace(namespace)
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
  if (chromiumPath === undefined) context.skip('needs Chromium')
  if (broken) context.skip('the chapter before did not end well')
  broken = true
  context.onTestFinished(({ task }) => {
    broken = task.result?.state === 'fail'
  })
})

const start = (port = 0): Promise<RunningHost> =>
  startHost({ dataDir, port, vault: 'none', environment: withKubectl(bed) })
const row = (name: string): Locator => page.getByRole('row').filter({ hasText: name }).first()
const ladder = (): Locator => page.getByRole('complementary').locator('ol')
const rung = (name: string): Locator =>
  ladder()
    .locator('li')
    .filter({ has: page.getByText(name, { exact: true }) })
const rowState = (word: string): Locator => row('svc/web').getByRole('gridcell').filter({ hasText: word }).first()

const get = async (port: number, path = '/'): Promise<Response> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  if (!response.ok) throw new Error(`status ${response.status}`)
  return response
}
const echo = async (port: number, text: string): Promise<string> =>
  (await exchange(port, { send: text, finish: true })).received.toString()
const localPort = (forward: Forward, index: number): number => {
  const port = forward.ports[index]
  if (port === undefined) throw new Error('the forward has no such port')
  return port.local
}
const openCluster = async (name: string, part: string): Promise<void> => {
  await page.goto(`${host.url}/#/clusters`)
  await row(name).getByRole('gridcell').nth(1).click()
  await page
    .getByRole('complementary', { name: `Cluster ${name}` })
    .getByRole('tab', { name: part })
    .click()
}
/** Tests the connection of a cluster and waits for the end of the ladder. */
const testConnection = async (name: string): Promise<void> => {
  await openCluster(name, 'Connection')
  await page.getByRole('button', { name: /^Test (connection|again)$/ }).last().click() // prettier-ignore
  await page.getByRole('button', { name: 'Copy report' }).waitFor()
}

describe('the story, in a browser', { timeout: 180_000 }, () => {
  it('asks first what protects the credentials', async () => {
    await watched.openHost(host)
    await page.getByRole('heading', { name: 'Welcome to Mooring' }).waitFor()
    await page.getByRole('radio', { name: /A passphrase/ }).check()
    expect(await watched.look('1-first-run')).toEqual([])
    await page.getByLabel('New passphrase').fill(passphrase)
    await page.getByLabel('The same again').fill(passphrase)
    await page.getByRole('button', { name: 'Use this passphrase' }).click()
    await page.getByText('No clusters yet').waitFor()
    expect(page.url()).not.toContain(host.token)
    expect(await watched.look('2-no-clusters')).toEqual([])
  })

  it('shows what a pasted kubeconfig would do, and does nothing before it is allowed', async () => {
    await page.getByRole('link', { name: 'Paste a kubeconfig' }).click()
    const text = await mergeKubeconfigs({
      shop: bed.a.users.exec,
      retired: bed.a.users['expired-certificate'],
      edge: bed.a.users.unreachable,
    })
    await page.getByRole('textbox', { name: 'Kubeconfig' }).fill(text)
    await page.getByRole('heading', { name: '3 contexts' }).waitFor()
    const holds = page.getByRole('region', { name: 'What it holds' })
    await holds.getByText('Commands that would run').waitFor()
    await holds.getByText('testbed-login', { exact: false }).first().waitFor()
    await holds.getByText(/expired|ended/i).first().waitFor() // prettier-ignore
    expect((await descendantsOf(host.pid)).filter(({ command }) => command.includes('testbed-login'))).toEqual([])
    expect(await expectOk(host.client.clusters.list())).toEqual([])
    for (const name of ['shop', 'retired', 'edge']) await page.getByRole('checkbox', { name, exact: true }).check()
    await page.getByRole('checkbox', { name: /^Allow/ }).check()
    expect(await watched.look('3-preview')).toEqual([])
    await page.getByRole('button', { name: 'Add 3 clusters' }).click()
    await row('shop').waitFor()
    expect(await watched.look('4-clusters')).toEqual([])
  })

  it('tells for each cluster how far one gets, and what to do', async () => {
    await testConnection('shop')
    for (const name of ['Name', 'Connection', 'Certificate', 'Credentials', 'Identity', 'Permissions', 'Tunnel'])
      expect(await rung(name).innerText(), name).not.toMatch(/\bfail\b|not reached/)
    expect(await rung('Tunnel').innerText()).toContain('ok')
    expect(await watched.look('5-connection-good')).toEqual([])

    await testConnection('retired')
    const expired = await ladder().innerText()
    expect(expired).toMatch(/fail/)
    expect(expired).toMatch(/expired|ended/i)
    expect(await rung('Connection').innerText()).toContain('ok')
    expect(await watched.look('6-connection-expired')).toEqual([])

    await testConnection('edge')
    expect(await rung('Connection').innerText()).toContain('fail')
    expect(await rung('Identity').innerText()).toContain('not reached')
    expect(await watched.look('7-connection-unreachable')).toEqual([])
  })

  it('discovers a service and starts a forward with two ports', async () => {
    await page.goto(`${host.url}/#/forwards/new`)
    await page.getByLabel('Cluster', { exact: true }).selectOption({ label: 'shop' })
    await page.getByRole('combobox', { name: 'Namespace' }).fill(namespace)
    await page.keyboard.press('Tab')
    await page.getByRole('combobox', { name: 'Target' }).click()
    await page.getByRole('option', { name: /svc\/web/ }).click()
    await waitUntil('the first offered port is filled in', 10, async () =>
      (await page.getByRole('textbox', { name: 'Remote port 1' }).or(page.getByRole('combobox', { name: 'Remote port 1' })).inputValue()) === 'http') // prettier-ignore
    await page.getByRole('button', { name: 'echo 7000' }).click()
    await page.getByText('You may port-forward there.').waitFor()
    expect(await watched.look('8-new-forward')).toEqual([])
    await page.getByRole('button', { name: /^Start forward/ }).click()
    await rowState('live').waitFor()
    const [forward] = await expectOk(host.client.forwards.list())
    started = await waitForState(host.client, forward?.id ?? '', 'live')
    expect(started.ports).toHaveLength(2)
    expect((await (await get(localPort(started, 0))).json()) as object).toHaveProperty('pod')
    expect(await echo(localPort(started, 1), 'ahoy')).toBe('ahoy')
    expect(await watched.look('9-forward-live')).toEqual([])
  })

  it('refuses no client through a rollout', async () => {
    const before = (await bed.a.pods(namespace, 'app=web')).map(({ name }) => name)
    const client = startSteadyClient({ host: '127.0.0.1', port: localPort(started, 0), path: '/' })
    await restartRollout(bed.a, namespace, 'deployment/web')
    await waitUntil('only new pods are left', 60, async () => {
      const pods = await bed.a.pods(namespace, 'app=web')
      return (
        pods.length === 2 && pods.every(({ ready, deleting, name }) => ready && !deleting && !before.includes(name))
      )
    })
    await waitForState(host.client, started.id, 'live')
    const result = await client.stop()
    expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
    expect(result.answered).toBe(result.attempts)
    await rowState('live').waitFor()
    await page.getByRole('tab', { name: 'History' }).click()
    expect(await watched.look('10-history')).toEqual([])
  })

  it('says that the owner is gone after kill -9, and comes back on the same ports after unlocking', async () => {
    const children = await descendantsOf(host.pid)
    expect(children.map(({ command }) => command).join('\n')).toContain('port-forward')
    const outageOver = watched.expectOutage()
    await host.kill()
    await page.getByText('Mooring does not answer.').waitFor()
    await rowState('was live').waitFor()
    expect(await watched.look('11-owner-lost')).toEqual([])
    await waitUntil('the children are gone', 5, async () => (await stillAlive(children)).length === 0)

    host = await start(Number(new URL(host.url).port))
    await watched.openHost(host)
    outageOver()
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor()
    expect((await expectOk(host.client.forwards.get({ id: started.id }))).cause?.code).toBe('vault-locked')
    expect(await watched.look('12-locked')).toEqual([])
    await page.getByLabel('Passphrase').fill(passphrase)
    await page.getByRole('button', { name: 'Unlock', exact: true }).click()
    await page.goto(`${host.url}/#/forwards`)
    await rowState('live').waitFor()
    const again = await waitForState(host.client, started.id, 'live')
    expect(again.ports).toEqual(started.ports)
    expect((await (await get(localPort(started, 0))).json()) as object).toHaveProperty('pod')
    expect(await echo(localPort(started, 1), 'still there')).toBe('still there')
    expect(await watched.look('13-live-again')).toEqual([])
  })

  it('moves to other credentials while bytes flow', async () => {
    const download = get(localPort(started, 0), '/ticks?n=60&ms=100').then((response) => response.text())
    await openCluster('shop', 'Credentials')
    await page.getByRole('textbox', { name: 'Kubeconfig' }).fill(await readFile(bed.a.kubeconfig, 'utf8'))
    await page.getByRole('button', { name: 'Test and replace' }).click()
    await page.getByText('shop has new credentials.').waitFor()
    const client = startSteadyClient({ host: '127.0.0.1', port: localPort(started, 0), path: '/' })
    expect((await download).trim().split('\n').length).toBeGreaterThanOrEqual(60)
    expect(await client.stop()).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
    const after = await waitForState(host.client, started.id, 'live')
    expect(after.ports).toEqual(started.ports)
    expect(await watched.look('14-rotated')).toEqual([])
  })

  it('is used by everybody on the other pages', async () => {
    for (const [path, name] of [
      ['diagnostics', '15-diagnostics'],
      ['settings', '16-settings'],
      ['keys', '17-keys'],
    ] as const) {
      // prettier-ignore
      await page.goto(`${host.url}/#/${path}`)
      await page.getByRole('main').getByRole('heading', { level: 1 }).first().waitFor()
      expect(await watched.look(name)).toEqual([])
    }
  })

  it('removes the cluster with its forwards, and says so before', async () => {
    const tunnels = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
    await page.goto(`${host.url}/#/clusters`)
    await page.getByRole('button', { name: 'Actions for shop' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByText('1 forward leads to it and will be removed too.', { exact: false }).waitFor()
    expect(await watched.look('18-remove')).toEqual([])
    await page.getByRole('button', { name: 'Remove shop' }).click()
    await page.getByText('shop was removed.').waitFor()
    expect(await expectOk(host.client.forwards.list())).toEqual([])
    await expect(get(localPort(started, 0))).rejects.toThrow()
    await waitUntil('its kubectl is gone', 10, async () => (await stillAlive(tunnels)).length === 0)
    await page.goto(`${host.url}/#/forwards`)
    await page.getByText(/Nothing forwarded/).waitFor()
    expect(await watched.look('19-no-forwards')).toEqual([])
  })

  it('broke no policy and wrote no error on any page', () => {
    expect(watched.problems).toEqual([])
  })
})
