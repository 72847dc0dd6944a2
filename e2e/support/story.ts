import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { exchange } from '../testbed/exchange.ts'
import { restartRollout } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { gracefulDeployment, service } from '../testbed/workloads.ts'
import { expectOk } from './expect-ok.ts'
import { startHost, type RunningHost } from './host.ts'
import { descendantsOf, stillAlive } from './leftovers.ts'
import { sharedTestbed, waitForState, withKubectl } from './main-job.ts'
import { mergeKubeconfigs } from './merged-kubeconfig.ts'
import { startSteadyClient } from './steady-client.ts'
import { waitUntil } from './wait-until.ts'

/** Where a person sits in front of Mooring: a browser's page, or the window of the desktop. */
type StorySeat = {
  /** The page that shows Mooring; there is none before `open`. */
  readonly page: Page
  /** Violations of the policy, errors and exceptions on the page since it was opened. */
  readonly problems: readonly string[]
  open(host: RunningHost): Promise<void>
  /** The owner was ended and another one runs; the person does what it takes to see it. */
  reopen(host: RunningHost): Promise<void>
  paste(field: Locator, text: string): Promise<void>
  /** Keeps pictures of the page; answers what is seriously wrong with them. */
  look(name: string): Promise<string[]>
  /** What the page writes about a missing owner is expected until the returned function is called. */
  expectOutage(): () => void
  /** The person leaves; forwards are the owner's. */
  close(): Promise<void>
}

/** A seat, or the reason why there is none on this machine. */
type TakeSeat = (dataDir: string) => Promise<StorySeat | { missing: string }>

const passphrase = 'correct horse battery staple'

/** The main job from the first run to the removal of a cluster, told in chapters that build on one another. */
export function tellStory(where: string, takeSeat: TakeSeat): void {
  let bed: Testbed
  let namespace = ''
  let dataDir: string
  let host: RunningHost
  let seat: StorySeat | { missing: string }
  /** The forward that the story is about, as it was first live. */
  let started: Forward
  /** The chapter before did not end well: the next ones could only fail for its reason. */
  let broken = false

  beforeAll(async () => {
    bed = await sharedTestbed()
    dataDir = await mkdtemp(join(tmpdir(), 'mooring-story-'))
    seat = bed.containers ? await takeSeat(dataDir) : { missing: 'needs real containers (root)' }
    if ('missing' in seat) return
    namespace = await bed.a.createNamespace('story')
    await bed.a.apply(gracefulDeployment(namespace, 'web'), service({ namespace, name: 'web' }))
    await bed.a.waitForPods(namespace, 'app=web', 2)
    host = await start()
  })
  afterAll(async () => {
    if (!('missing' in seat)) {
      await seat.close()
      await host.close()
      await bed.a.deleteNamespace(namespace)
    }
    await rm(dataDir, { recursive: true, force: true })
    await bed.close()
  })
  beforeEach((context) => {
    if ('missing' in seat) context.skip(seat.missing)
    if (broken) context.skip('the chapter before did not end well')
    broken = true
    context.onTestFinished(({ task }) => {
      broken = task.result?.state === 'fail'
    })
    context.onTestFailed(async () => {
      await taken().look('failed')
    })
  })

  const start = (port = 0): Promise<RunningHost> =>
    startHost({ dataDir, port, vault: 'none', environment: withKubectl(bed) })
  const taken = (): StorySeat => {
    if ('missing' in seat) throw new Error(seat.missing)
    return seat
  }
  const page = (): Page => taken().page
  const looksWell = async (name: string): Promise<void> => expect(await taken().look(name)).toEqual([])
  const goTo = async (path: string): Promise<void> => {
    await page().goto(`${page().url().split('#')[0] ?? ''}#/${path}`)
  }
  const row = (name: string): Locator => page().getByRole('row').filter({ hasText: name }).first()
  const ladder = (): Locator => page().getByRole('complementary').locator('ol')
  const rung = (name: string): Locator =>
    ladder()
      .locator('li')
      .filter({ has: page().getByText(name, { exact: true }) })
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
  const bothPortsAnswer = async (words: string): Promise<void> => {
    expect((await (await get(localPort(started, 0))).json()) as object).toHaveProperty('pod')
    expect(await echo(localPort(started, 1), words)).toBe(words)
  }
  const openCluster = async (name: string, part: string): Promise<void> => {
    await goTo('clusters')
    await row(name).getByRole('gridcell').nth(1).click()
    await page()
      .getByRole('complementary', { name: `Cluster ${name}` })
      .getByRole('tab', { name: part })
      .click()
  }
  /** Tests the connection of a cluster and waits for the end of the ladder. */
  const testConnection = async (name: string): Promise<void> => {
    await openCluster(name, 'Connection')
    await page().getByRole('button', { name: 'Test connection' }).click()
    await page().getByRole('button', { name: 'Copy report' }).waitFor()
  }

  describe(`the story, ${where}`, { timeout: 180_000 }, () => {
    it('asks first what protects the credentials', async () => {
      await taken().open(host)
      page().setDefaultTimeout(20_000)
      await page().getByRole('heading', { name: 'Welcome to Mooring' }).waitFor()
      await page()
        .getByRole('radio', { name: /A passphrase/ })
        .check()
      await looksWell('1-first-run')
      await page().getByLabel('New passphrase').fill(passphrase)
      await page().getByLabel('The same again').fill(passphrase)
      await page().getByRole('button', { name: 'Use this passphrase' }).click()
      await page().getByText('No clusters yet').waitFor()
      expect(page().url()).not.toContain(host.token)
      await looksWell('2-no-clusters')
    })

    it('shows what a pasted kubeconfig would do, and does nothing before it is allowed', async () => {
      await page().getByRole('link', { name: 'Paste a kubeconfig' }).click()
      const text = await mergeKubeconfigs({
        shop: bed.a.users.exec,
        retired: bed.a.users['expired-certificate'],
        edge: bed.a.users.unreachable,
      })
      await taken().paste(page().getByRole('textbox', { name: 'Kubeconfig' }), text)
      await page().getByRole('heading', { name: '3 contexts' }).waitFor()
      const holds = page().getByRole('region', { name: 'What it holds' })
      await holds.getByText('Commands that would run').waitFor()
      await holds.getByText('testbed-login', { exact: false }).first().waitFor()
      await holds
        .getByText(/expired|ended/i)
        .first()
        .waitFor()
      expect((await descendantsOf(host.pid)).filter(({ command }) => command.includes('testbed-login'))).toEqual([])
      expect(await expectOk(host.client.clusters.list())).toEqual([])
      for (const name of ['shop', 'retired', 'edge']) await page().getByRole('checkbox', { name, exact: true }).check()
      await page()
        .getByRole('checkbox', { name: /^Allow/ })
        .check()
      await looksWell('3-preview')
      await page().getByRole('button', { name: 'Add 3 clusters' }).click()
      await row('shop').waitFor()
      await looksWell('4-clusters')
    })

    it('tells for each cluster how far one gets, and what to do', async () => {
      await testConnection('shop')
      for (const name of ['Name', 'Connection', 'Certificate', 'Credentials', 'Identity', 'Permissions', 'Tunnel'])
        expect(await rung(name).innerText(), name).not.toMatch(/\bfail\b|not reached/)
      expect(await rung('Tunnel').innerText()).toContain('ok')
      await looksWell('5-connection-good')

      await testConnection('retired')
      const expired = await ladder().innerText()
      expect(expired).toMatch(/fail/)
      expect(expired).toMatch(/expired|ended/i)
      expect(await rung('Connection').innerText()).toContain('ok')
      await looksWell('6-connection-expired')

      await testConnection('edge')
      expect(await rung('Connection').innerText()).toContain('fail')
      expect(await rung('Identity').innerText()).toContain('not reached')
      await looksWell('7-connection-unreachable')
    })

    it('discovers a service and starts a forward with two ports', async () => {
      await goTo('forwards/new')
      await page().getByLabel('Cluster', { exact: true }).selectOption({ label: 'shop' })
      await page().getByRole('combobox', { name: 'Namespace' }).fill(namespace)
      await page().keyboard.press('Tab')
      await page().getByRole('combobox', { name: 'Target' }).click()
      await page()
        .getByRole('option', { name: /svc\/web/ })
        .click()
      const first = page()
        .getByRole('textbox', { name: 'Remote port 1' })
        .or(page().getByRole('combobox', { name: 'Remote port 1' }))
      await waitUntil('the first offered port is filled in', 10, async () => (await first.inputValue()) === 'http')
      await page().getByRole('button', { name: 'echo 7000' }).click()
      await page().getByText('You may port-forward there.').waitFor()
      await looksWell('8-new-forward')
      await page()
        .getByRole('button', { name: /^Start forward/ })
        .click()
      await rowState('live').waitFor()
      const [forward] = await expectOk(host.client.forwards.list())
      started = await waitForState(host.client, forward?.id ?? '', 'live')
      expect(started.ports).toHaveLength(2)
      await bothPortsAnswer('ahoy')
      await looksWell('9-forward-live')
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
      await page().getByRole('tab', { name: 'History' }).click()
      await looksWell('10-history')
    })

    it('says that the owner is gone after kill -9, and comes back on the same ports after unlocking', async () => {
      const children = await descendantsOf(host.pid)
      expect(children.map(({ command }) => command).join('\n')).toContain('port-forward')
      const outageOver = taken().expectOutage()
      await host.kill()
      await page().getByText('Mooring does not answer.').waitFor()
      await rowState('was live').waitFor()
      await looksWell('11-owner-lost')
      await waitUntil('the children are gone', 5, async () => (await stillAlive(children)).length === 0)

      host = await start(Number(new URL(host.url).port))
      await taken().reopen(host)
      outageOver()
      await page().getByRole('heading', { name: 'The vault is locked' }).waitFor()
      expect((await expectOk(host.client.forwards.get({ id: started.id }))).cause?.code).toBe('vault-locked')
      await looksWell('12-locked')
      await page().getByLabel('Passphrase').fill(passphrase)
      await page().getByRole('button', { name: 'Unlock', exact: true }).click()
      await goTo('forwards')
      await rowState('live').waitFor()
      const again = await waitForState(host.client, started.id, 'live')
      expect(again.ports).toEqual(started.ports)
      await bothPortsAnswer('still there')
      await looksWell('13-live-again')
    })

    it('moves to other credentials while bytes flow', async () => {
      const download = get(localPort(started, 0), '/ticks?n=60&ms=100').then((response) => response.text())
      await openCluster('shop', 'Credentials')
      await taken().paste(page().getByRole('textbox', { name: 'Kubeconfig' }), await readFile(bed.a.kubeconfig, 'utf8'))
      await page().getByRole('button', { name: 'Test and replace' }).click()
      await page().getByText('shop has new credentials.').waitFor()
      const client = startSteadyClient({ host: '127.0.0.1', port: localPort(started, 0), path: '/' })
      expect((await download).trim().split('\n').length).toBeGreaterThanOrEqual(60)
      expect(await client.stop()).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
      const after = await waitForState(host.client, started.id, 'live')
      expect(after.ports).toEqual(started.ports)
      await looksWell('14-rotated')
    })

    it('is used by everybody on the other pages', async () => {
      for (const [path, name] of [
        ['diagnostics', '15-diagnostics'],
        ['settings', '16-settings'],
        ['keys', '17-keys'],
      ] as const) {
        await goTo(path)
        await page().getByRole('main').getByRole('heading', { level: 1 }).first().waitFor()
        await looksWell(name)
      }
    })

    it('removes the cluster with its forwards, and says so before', async () => {
      const tunnels = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
      await goTo('clusters')
      await page().getByRole('button', { name: 'Actions for shop' }).click()
      await page().getByRole('menuitem', { name: 'Remove' }).click()
      await page().getByText('1 forward leads to it and will be removed too.', { exact: false }).waitFor()
      await looksWell('18-remove')
      await page().getByRole('button', { name: 'Remove shop' }).click()
      await page().getByText('shop was removed.').waitFor()
      expect(await expectOk(host.client.forwards.list())).toEqual([])
      await expect(get(localPort(started, 0))).rejects.toThrow()
      await waitUntil('its kubectl is gone', 10, async () => (await stillAlive(tunnels)).length === 0)
      await goTo('forwards')
      await page()
        .getByText(/No forwards yet/)
        .waitFor()
      await looksWell('19-no-forwards')
    })

    it('broke no policy and wrote no error on any page', () => {
      expect(taken().problems).toEqual([])
    })
  })
}
