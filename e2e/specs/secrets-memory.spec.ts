import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
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
import { waitUntil } from '../support/wait-until.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'

const passphrase = 'c4n4ry-passphrase-of-the-vault'
const pluginSecret = 'c4n4ry-variable-of-a-plugin'
const proxyPassword = 'c4n4ry-password-for-a-proxy'
const basicPassword = 'c4n4ry-password-for-a-cluster'
const refusedPassword = 'c4n4ry-password-for-no-proxy'

let bed: Testbed
let namespace: string
/** What is given to Mooring lies in `given`; whatever it writes itself, a dump included, lies in `own`. */
let folder: string
let host: RunningHost
let inspector: Inspector
/** By the cluster they belong to. */
let secrets: Record<'admin' | 'oidc-refresh' | 'plugin' | 'proxied' | 'basic' | 'unreachable', Canaries>
const ids: Record<string, string> = {}
const withForwards = ['admin', 'oidc-refresh', 'plugin', 'proxied'] as const
const stayingForwards = ['admin', 'plugin', 'proxied'] as const

const allSecrets = (): Canaries => Object.assign({ passphrase }, ...Object.values(secrets)) as Canaries

const own = (...names: string[]): string => join(folder, 'own', ...names)

type User = { users: { user: Record<string, unknown> }[]; clusters: { cluster: Record<string, string> }[] }
const read = async (user: string): Promise<User> => parse(await readFile(bed.a.users[user] ?? '', 'utf8')) as User

/** Adds a user of our own making for the bed's cluster, as it is described for another one of its users. */
async function addUser(name: string, { clusters }: User, user: object): Promise<void> {
  const path = join(folder, 'given', `${name}.kubeconfig`)
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ ...clusters[0], name: 'c' }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  }
  await writeFile(path, JSON.stringify(text))
  ids[name] = (await addCluster(host.client, path, name)).id
}

async function addPlugin(): Promise<void> {
  const login = join(folder, 'given', 'login')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: STATIC_TOKEN },
  }
  await writeFile(login, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 })
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: login,
    env: [{ name: 'LOGIN_SECRET', value: pluginSecret }],
    interactiveMode: 'Never',
  }
  await addUser('plugin', await read('token'), { exec })
}

/** A token in the kubeconfig itself, and a proxy that is given a password; the same with a proxy that is not there. */
async function addProxied(): Promise<void> {
  const kubeconfig = await read('http-proxy')
  const cluster = kubeconfig.clusters[0]?.cluster ?? {}
  cluster['proxy-url'] = cluster['proxy-url']?.replace('://', `://ann:${proxyPassword}@`) ?? ''
  await addUser('proxied', kubeconfig, { token: secrets.proxied.token })
  cluster['proxy-url'] = `http://ann:${refusedPassword}@127.0.0.1:9`
  await addUser('unreachable', kubeconfig, { token: secrets.proxied.token })
}

/** A forward that says which proxy refuses, and keeps that cause. */
async function waitForProxy(): Promise<void> {
  const clusterId = ids.unreachable ?? ''
  await expectOk(host.client.clusters.test({ id: clusterId }))
  const target = { kind: 'service', name: 'web' } as const
  const { id } = await expectOk(
    host.client.forwards.create({ clusterId, namespace, target, ports: [{ remote: 8080 }] }),
  )
  await waitUntil('the proxy as the cause', 20, async () => {
    const { cause } = await expectOk(host.client.forwards.get({ id }))
    return cause?.code === 'cluster-unreachable' && cause.detail === 'proxy'
  })
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

/** Starts the owner in a folder of its own, where the system puts a dump and Node a report. */
async function startOwner(): Promise<void> {
  host = await startHost({
    dataDir: own('data'),
    vault: 'passphrase',
    passphrase,
    through: ['sh', '-c', `cd '${own('cwd')}' && exec "$@"`, 'sh'],
    environment: { ...withKubectl(bed), ...inspectable, TMPDIR: own('tmp'), HOME: own('home') },
  })
  inspector = await openInspector(host)
}

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('memory')
  await bed.a.apply(deployment({ namespace, name: 'web', replicas: 1 }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  folder = await mkdtemp(join(tmpdir(), 'mooring-memory-'))
  for (const name of ['given', 'own', 'own/cwd', 'own/tmp', 'own/home'])
    await mkdir(join(folder, name), { mode: 0o700 })
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
    proxied: { token: (await read('oidc')).users[0]?.user['token'] as string, proxyPassword },
    basic: { basicPassword },
    unreachable: { refusedPassword },
  }
  await startOwner()
  for (const user of ['admin', 'oidc-refresh'])
    ids[user] = (await addCluster(host.client, bed.a.users[user] ?? '', user)).id
  await addPlugin()
  await addProxied()
  await addUser('basic', await read('token'), { username: 'ann', password: basicPassword })
  // The API server asks for no password and takes who gives one for nobody; it was sent all the same.
  await expectOk(host.client.clusters.test({ id: ids.basic ?? '' }))
  await waitForProxy()
  for (const name of withForwards) ids[`forward of ${name}`] = await useCluster(name)
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

/** A forward that is live, and answers. */
async function expectAnswer(name: string): Promise<void> {
  const forward = await waitForState(host.client, ids[`forward of ${name}`] ?? '', 'live')
  expect((await fetch(`http://127.0.0.1:${localAddress(forward).port}/`)).status).toBe(200)
}

/** The JavaScript heap of a page. */
async function pageSnapshot(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page)
  const pieces: Buffer[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => pieces.push(Buffer.from(chunk)))
  for (let times = 0; times < 2; times++) await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  return Buffer.concat(pieces)
}

/** The JSON Web Token of this person in these bytes. */
function tokenIn(bytes: Buffer, email: string): string {
  const tokens = bytes.toString('latin1').match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/g) ?? []
  const token = tokens.find((each) => Buffer.from(each.split('.')[1] ?? '', 'base64url').includes(email))
  if (token === undefined) throw new Error(`no token of ${email}`)
  return token
}

const found = async (canaries: Canaries): Promise<string[]> => canariesIn(await inspector.heapSnapshot(), canaries)

describe('the memory of the owner', () => {
  it('holds the credentials that are in use, so this search finds what is there', async () => {
    const memory = await inspector.heapSnapshot()
    expect(canariesIn(memory, secrets.plugin)).toContain('token')
    expect(canariesIn(memory, secrets.admin)).toContain('pem')
    expect(canariesIn(memory, secrets.proxied)).toEqual(['token', 'proxyPassword'])
    // The issuer gave it while the cluster was used: it has to be found to be looked for.
    secrets['oidc-refresh'] = { ...secrets['oidc-refresh'], renewed: tokenIn(memory, 'refreshed@example.test') }
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
    for (const name of stayingForwards) {
      await expectOk(host.client.forwards.restart({ id: ids[`forward of ${name}`] ?? '' }))
      await expectAnswer(name)
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

  it.each([
    ['the system ends it', () => host.process.kill('SIGSEGV')],
    ['of a bug', () => inspector.evaluate(`void setTimeout(() => { throw new Error('a bug for a test') })`)],
  ])('leaves nothing behind when the owner crashes: %s', async (_how, crash) => {
    for (const name of stayingForwards) await expectAnswer(name)
    // What a dump would be, lying where one would be written: this search finds it.
    const dump = own('cwd', 'dump')
    await writeFile(dump, await inspector.heapSnapshot())
    expect(await canariesBelow(own(), secrets.plugin)).toContain(`${dump}: token`)
    await rm(dump)
    await crash()
    // Node waits for its debugger to leave before it ends.
    await inspector[Symbol.asyncDispose]()
    const { code, signal } = await host.exited
    expect([70, 'SIGSEGV']).toContain(signal ?? code)
    expect(await readdir(own(), { recursive: true })).toContain('data/mooring.db')
    expect(await canariesBelow(own(), allSecrets())).toEqual([])
    expect(canariesIn(host.log(), allSecrets())).toEqual([])
    await startOwner()
  })

  it('holds none of the others either once they are removed, a certificate and tokens and a password of a proxy', async () => {
    for (const name of stayingForwards) await expectAnswer(name)
    expect(await found(secrets.proxied)).toContain('token')
    for (const name of [...stayingForwards, 'basic', 'unreachable'])
      await expectOk(host.client.clusters.remove({ id: ids[name] ?? '', removeForwards: 'true' }))
    expect(await found(allSecrets())).toEqual([])
  })
})
