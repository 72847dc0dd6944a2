import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright'
import { parse } from 'yaml'
import { chromiumPath, launchChromium } from '../renderer/chromium.ts'
import { canariesBelow, canariesIn, type Canaries } from '../support/canaries.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { inspectable, openInspector, type Inspector } from '../support/inspector.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'

const passphrase = 'c4n4ry-passphrase-of-the-vault'
const pluginSecret = 'c4n4ry-variable-of-a-plugin'

let bed: Testbed
let namespace: string
let folder: string
let host: RunningHost
let inspector: Inspector
/** By the cluster they belong to. */
let secrets: Record<'admin' | 'oidc-refresh' | 'plugin', Canaries>
const ids: Record<string, string> = {}

const allSecrets = (): Canaries => Object.assign({ passphrase }, ...Object.values(secrets)) as Canaries

type User = { users: { user: Record<string, unknown> }[]; clusters: { cluster: Record<string, string> }[] }
const read = async (user: string): Promise<User> => parse(await readFile(bed.a.users[user] ?? '', 'utf8')) as User

async function addPlugin(): Promise<void> {
  const login = join(folder, 'login')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: STATIC_TOKEN },
  }
  await writeFile(login, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 })
  const path = join(folder, 'plugin.kubeconfig')
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: login,
    env: [{ name: 'LOGIN_SECRET', value: pluginSecret }],
    interactiveMode: 'Never',
  }
  const { clusters } = await read('token')
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ ...clusters[0], name: 'c' }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  }
  await writeFile(path, JSON.stringify(text))
  ids.plugin = (await addCluster(host.client, path, 'plugin')).id
}

/** A kubeconfig of one context with this token, far behind its beginning. */
const withToken = ({ clusters }: User, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ ...clusters[0], name: 'pasted' }],
    contexts: [{ name: 'pasted', context: { cluster: 'pasted', user: 'pasted' } }],
    users: [{ name: 'pasted', user: { token } }],
  })

async function useCluster(name: string): Promise<string> {
  const clusterId = ids[name] ?? ''
  expect((await expectOk(host.client.clusters.test({ id: clusterId }))).status).toBe('connected')
  await expectOk(host.client.clusters.pods({ id: clusterId, namespace }))
  const forward = await liveForward(host.client, {
    clusterId,
    namespace,
    target: { kind: 'service', name: 'web' },
    ports: [{ remote: 8080 }],
  })
  const { port } = localAddress(forward)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  return forward.id
}

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('memory')
  await bed.a.apply(deployment({ namespace, name: 'web', replicas: 1 }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  folder = await mkdtemp(join(tmpdir(), 'mooring-memory-'))
  await mkdir(join(folder, 'tmp'), { mode: 0o700 })
  const admin = (await read('admin')).users[0]?.user
  const provider = (await read('oidc-refresh')).users[0]?.user['auth-provider'] as { config: Record<string, string> }
  const key = admin?.['client-key-data'] as string
  secrets = {
    admin: { key: key.slice(40, 120), pem: Buffer.from(key, 'base64').toString('utf8').split('\n')[1] ?? '' },
    'oidc-refresh': {
      refreshToken: provider.config['refresh-token'] ?? '',
      idToken: provider.config['id-token'] ?? '',
    },
    plugin: { token: STATIC_TOKEN, pluginSecret },
  }
  host = await startHost({
    dataDir: join(folder, 'data'),
    vault: 'passphrase',
    passphrase,
    environment: { ...withKubectl(bed), ...inspectable, TMPDIR: join(folder, 'tmp') },
  })
  inspector = await openInspector(host)
  for (const user of ['admin', 'oidc-refresh'])
    ids[user] = (await addCluster(host.client, bed.a.users[user] ?? '', user)).id
  await addPlugin()
  for (const name of Object.keys(secrets)) ids[`forward of ${name}`] = await useCluster(name)
}, 240_000)

afterAll(async () => {
  if (bed.containers) {
    await inspector[Symbol.asyncDispose]()
    await host.kill()
    await bed.a.deleteNamespace(namespace)
    await rm(folder, { recursive: true, force: true })
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

/** The JavaScript heap of a page. */
async function pageSnapshot(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page)
  const pieces: Buffer[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => pieces.push(Buffer.from(chunk)))
  for (let times = 0; times < 2; times++) await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  return Buffer.concat(pieces)
}

const found = async (canaries: Canaries): Promise<string[]> => canariesIn(await inspector.heapSnapshot(), canaries)

describe('the memory of the owner', () => {
  it('holds the credentials that are in use, so this search finds what is there', async () => {
    expect(await found(secrets.plugin)).toContain('token')
    expect(await found(secrets.admin)).toContain('pem')
  })

  it('holds none of a cluster that was removed', async () => {
    await expectOk(host.client.clusters.remove({ id: ids['oidc-refresh'] ?? '', removeForwards: 'true' }))
    expect(await found(secrets['oidc-refresh'])).toEqual([])
  })

  it('holds none once the vault is locked, while forwards go on', async () => {
    await expectOk(host.client.vault.lock())
    expect(await found(allSecrets())).toEqual([])
    const forward = await expectOk(host.client.forwards.get({ id: ids['forward of plugin'] ?? '' }))
    expect((await fetch(`http://127.0.0.1:${localAddress(forward).port}/`)).status).toBe(200)
    expect(await found(allSecrets())).toEqual([])
  })

  it('gets them back with the passphrase, which itself is not kept', async () => {
    await expectOk(host.client.vault.unlock({ passphrase }))
    for (const name of ['admin', 'plugin']) {
      const id = ids[`forward of ${name}`] ?? ''
      await expectOk(host.client.forwards.restart({ id }))
      const forward = await waitForState(host.client, id, 'live')
      expect((await fetch(`http://127.0.0.1:${localAddress(forward).port}/`)).status).toBe(200)
    }
    expect(await found({ passphrase })).toEqual([])
  })

  it('of a page of the browser holds none at all, and nothing of what was pasted and typed there', async (test) => {
    if (chromiumPath === undefined) test.skip('needs Chromium')
    // V8 cuts strings in a snapshot after 1,024 characters.
    const browser = await launchChromium('--js-flags=--heap-snapshot-string-limit=100000000')
    try {
      const page = await browser.newPage()
      await page.goto(`${host.url}/#token=${host.token}`)
      await page.getByText('plugin').first().waitFor()
      for (const path of ['/clusters', `/clusters/${ids.plugin ?? ''}`, '/settings', '/diagnostics']) {
        await page.goto(`${host.url}/#${path}`)
        await page.getByRole('main').waitFor()
      }
      const pasted = 'c4n4ry-token-that-was-pasted'
      await page.goto(`${host.url}/#/clusters/add`)
      const box = page.getByRole('textbox', { name: 'Kubeconfig' })
      await box.fill(withToken(await read('token'), pasted))
      await page.getByText('1 context').waitFor()
      const before = canariesIn(await pageSnapshot(page), { pasted, control: 'plugin' })
      expect(before).toEqual(['pasted', 'control'])
      await page.getByRole('button', { name: 'Add 1 cluster' }).click()
      await page.getByText('was added.').waitFor()
      await expectOk(host.client.vault.lock())
      await page.getByLabel('Passphrase').fill(passphrase)
      await page.getByRole('button', { name: 'Unlock', exact: true }).click()
      await page.getByLabel('Passphrase').waitFor({ state: 'detached' })
      await page.goto(`${host.url}/#/forwards`)
      await page.getByText('svc/web').first().waitFor()
      const seen = canariesIn(await pageSnapshot(page), { ...allSecrets(), pasted, own: host.token, control: 'plugin' })
      expect(seen).toEqual(['control'])
    } finally {
      await browser.close()
    }
  })

  it('holds nothing of what passed through a forward, and none of the bytes of its clients', async () => {
    const forward = await expectOk(host.client.forwards.get({ id: ids['forward of plugin'] ?? '' }))
    const words = 'c4n4ry-request-through-a-forward'
    await fetch(`http://127.0.0.1:${localAddress(forward).port}/${words}`, { headers: { authorization: words } })
    expect(await found({ words })).toEqual([])
  })

  it('holds none of the others either once they are removed, a certificate and a token of a program', async () => {
    for (const name of ['admin', 'plugin'])
      await expectOk(host.client.clusters.remove({ id: ids[name] ?? '', removeForwards: 'true' }))
    expect(await found(allSecrets())).toEqual([])
  })

  it('leaves nothing behind when the owner crashes', async () => {
    host.process.kill('SIGSEGV')
    await host.exited
    expect(await canariesBelow(join(folder, 'data'), allSecrets())).toEqual([])
    expect(await canariesBelow(join(folder, 'tmp'), allSecrets())).toEqual([])
    expect(canariesIn(host.log(), allSecrets())).toEqual([])
  })
})
