import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { httpRequest } from '../../contract/http-transport.ts'
import { operationNames, operations } from '../../contract/operations.ts'
import { canariesBelow, canariesIn, type Canaries } from '../support/canaries.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { addCluster, liveForward, sharedTestbed, waitForState } from '../support/main-job.ts'
import { watchProcesses, type SeenProcess } from '../support/process-watch.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'

const passphrase = 'c4n4ry-passphrase-hjk'
const made = {
  wrongToken: 'c4n4ry-wrong-token-abc',
  basicPassword: 'c4n4ry-basic-password-def',
  proxyPassword: 'c4n4ry-proxy-password-ghi',
  argument: 'c4n4ry-argument-jkl',
  pluginEnvironment: 'c4n4ry-plugin-environment-mno',
  brokenAnswer: 'c4n4ry-broken-answer-pqr',
  failedAnswer: 'c4n4ry-failed-answer-stu',
  wrongPassphrase: 'c4n4ry-wrong-passphrase-yza',
  unparsable: 'c4n4ry-unparsable-vwx',
  traffic: 'c4n4ry-traffic-of-a-client-bcd',
}

type Entry = { server: string; authority: string }

let bed: Testbed
let namespace: string
let folder: string
let host: RunningHost
let canaries: Canaries
const told: { where: string; text: string }[] = []
let processes: SeenProcess[] = []
const ids = { cluster: '', forward: '' }

const kubeconfig = (name: string, { server, authority }: Entry, user: object, cluster: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': authority, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  })

const exec = (command: string) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: ['--secret', made.argument],
    env: [{ name: 'LOGIN_SECRET', value: made.pluginEnvironment }],
    interactiveMode: 'Never',
  },
})

/** A login program that stays long enough to be looked at, then says this. */
async function plugin(name: string, answer: string, exitCode = 0): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\nsleep 1\ncat <<'END'\n${answer}\nEND\nexit ${exitCode}\n`, { mode: 0o755 })
  return path
}

const credential = (token: string): string =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } })

/** Adds a cluster and tests its connection, whatever comes of it. */
async function addAndTest(name: string, text: string): Promise<string> {
  const path = join(folder, `${name}.kubeconfig`)
  await writeFile(path, text)
  const cluster = await addCluster(host.client, path, name)
  host.client.subscribe(`cluster-test:${cluster.id}`, keep(`event cluster-test ${name}`))
  told.push({ where: `test of ${name}`, text: JSON.stringify(await host.client.clusters.test({ id: cluster.id })) })
  return cluster.id
}

const keep =
  (where: string) =>
  (message: unknown): void =>
    void told.push({ where, text: JSON.stringify(message) })

async function getEverything(): Promise<void> {
  for (const name of operationNames) {
    const operation = operations[name]
    if (operation.method !== 'GET') continue
    const id = operation.path.startsWith('/forwards') ? ids.forward : ids.cluster
    const { path } = httpRequest(name, operation.path.includes('{id}') ? { id } : {})
    const response = await fetch(host.url + path, { headers: { authorization: `Bearer ${host.token}` } })
    told.push({ where: `${name} (${response.status})`, text: await response.text() })
  }
}

const secretOf = async (user: string, ...path: string[]): Promise<string> => {
  let value: unknown = (parse(await readFile(bed.a.users[user] ?? '', 'utf8')) as { users: { user: unknown }[] })
    .users[0]?.user
  for (const step of path) value = (value as Record<string, unknown>)[step]
  if (typeof value !== 'string') throw new Error(`the bed's user ${user} has no ${path.join('.')}`)
  return value
}

async function startAll(): Promise<void> {
  host = await startHost({
    dataDir: join(folder, 'data'),
    vault: 'passphrase',
    passphrase,
    environment: {
      PATH: `${dirname(bed.kubectl)}:${process.env.PATH ?? ''}`,
      TMPDIR: join(folder, 'tmp'),
      HOME: join(folder, 'home'),
    },
  })
}

/** Does with secrets what a person does, and everything that can go wrong with them. */
async function useSecrets(): Promise<void> {
  const text = await readFile(bed.a.users.token ?? '', 'utf8')
  const from = parse(text) as { clusters: { cluster: Record<string, string> }[] }
  const entry: Entry = {
    server: from.clusters[0]?.cluster.server ?? '',
    authority: from.clusters[0]?.cluster['certificate-authority-data'] ?? '',
  }
  for (const stream of ['clusters', 'forwards', 'vault', 'settings', 'app'] as const)
    host.client.subscribe(stream, keep(`event ${stream}`))

  for (const user of ['token', 'token-file', 'admin', 'oidc-refresh']) {
    const cluster = await addCluster(host.client, bed.a.users[user] ?? '', user)
    ids.cluster = cluster.id
    told.push({ where: `test of ${user}`, text: JSON.stringify(await host.client.clusters.test({ id: cluster.id })) })
    const forward = await liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 8080 }],
    })
    ids.forward = forward.id
    host.client.subscribe(`forward-output:${forward.id}`, keep('event forward-output'))
    const port = forward.ports[0]?.local ?? 0
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    await fetch(`http://127.0.0.1:${port}/${made.traffic}`, { headers: { authorization: made.traffic } })
  }
  const login = await plugin('login', credential(STATIC_TOKEN))
  const pluginCluster = await addAndTest('plugin', kubeconfig('plugin', entry, exec(login)))
  await liveForward(host.client, {
    clusterId: pluginCluster,
    namespace,
    target: { kind: 'deployment', name: 'web' },
    ports: [{ remote: 8080 }],
  })

  await addAndTest('wrong', kubeconfig('wrong', entry, { token: made.wrongToken }))
  await addAndTest('basic', kubeconfig('basic', entry, { username: 'ann', password: made.basicPassword }))
  const proxy = { 'proxy-url': `http://ann:${made.proxyPassword}@127.0.0.1:9` }
  await addAndTest('proxy', kubeconfig('proxy', entry, { token: made.wrongToken }, proxy))
  const broken = await plugin('broken', `{"kind": "ExecCredential", "status": {"token": "${made.brokenAnswer}"`)
  await addAndTest('broken', kubeconfig('broken', entry, exec(broken)))
  const failing = await plugin('failing', credential(made.failedAnswer), 1)
  const failingCluster = await addAndTest('failing', kubeconfig('failing', entry, exec(failing)))
  const waiting = await expectOk(
    host.client.forwards.create({
      clusterId: failingCluster,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 8080 }],
    }),
  )
  await waitForState(host.client, waiting.id, 'holding')

  const unparsable = `apiVersion: v1\nusers:\n- name: x\n  user: {token: "${made.unparsable}\n  other: [`
  told.push({
    where: 'preview of a broken text',
    text: JSON.stringify(await host.client.kubeconfigs.preview({ text: unparsable })),
  })
  told.push({
    where: 'adding a broken text',
    text: JSON.stringify(await host.client.clusters.add({ text: unparsable, contexts: [{ context: 'x' }] })),
  })
  await expectOk(host.client.vault.lock())
  const refused = await expectError(host.client.vault.unlock({ passphrase: made.wrongPassphrase }))
  expect(refused.code).toBe('wrong-passphrase')
  await expectOk(host.client.vault.unlock({ passphrase }))
}

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('secrets')
  await bed.a.apply(deployment({ namespace, name: 'web', replicas: 1 }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  folder = await mkdtemp(join(tmpdir(), 'mooring-secrets-'))
  for (const name of ['tmp', 'home']) await mkdir(join(folder, name), { mode: 0o700 })
  await startAll()
  canaries = {
    ...made,
    passphrase,
    staticToken: STATIC_TOKEN,
    clientKey: (await secretOf('admin', 'client-key-data')).slice(40, 120),
    refreshToken: await secretOf('oidc-refresh', 'auth-provider', 'config', 'refresh-token'),
    idToken: await secretOf('oidc-refresh', 'auth-provider', 'config', 'id-token'),
    ownToken: host.token,
  }
  const watch = watchProcesses(host.pid)
  try {
    await useSecrets()
    await getEverything()
  } finally {
    processes = await watch.stop()
  }
}, 240_000)

afterAll(async () => {
  if (bed.containers) {
    await host.kill()
    await bed.a.deleteNamespace(namespace)
    await rm(folder, { recursive: true, force: true })
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

const without = (...names: string[]): Canaries =>
  Object.fromEntries(Object.entries(canaries).filter(([name]) => !names.includes(name)))

describe('a secret', () => {
  it('is found by this search where it is, in every way of writing', async () => {
    const text = `x${STATIC_TOKEN}x`
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'utf16le')])
      expect(canariesIn(bytes, canaries)).toContain('staticToken')
    for (const shift of ['', 'a', 'ab'])
      expect(canariesIn(Buffer.from(shift + text).toString('base64'), canaries)).toContain('staticToken')
    expect(await canariesBelow(folder, { argument: made.argument })).not.toEqual([])
  })

  it('is nowhere in the data folder: database, journal, snapshots, logs', async () => {
    const data = join(folder, 'data')
    expect(await canariesBelow(data, canaries)).toEqual([])
    await host.kill()
    const files = await readdir(data, { recursive: true })
    expect(files).toEqual(expect.arrayContaining(['mooring.db', 'mooring.db-wal', 'logs/mooring.log']))
    expect(files.filter((name) => name.startsWith('snapshots/')).length).toBeGreaterThan(0)
    expect(await canariesBelow(data, canaries)).toEqual([])
  })

  it('is in no file for the moment, and in nothing that was written beside the data folder', async () => {
    expect(await canariesBelow(join(folder, 'tmp'), canaries)).toEqual([])
    expect(await canariesBelow(join(folder, 'home'), canaries)).toEqual([])
  })

  it('is in no argument and no environment of anything that was started', () => {
    const commands = processes.map(({ command }) => command).join('\n')
    for (const started of ['port-forward', 'sidecar', made.argument]) expect(commands).toContain(started)
    // A login program (and its sleep) gets what its kubeconfig gives it, as with kubectl; nobody else does.
    const isLogin = ({ command }: SeenProcess): boolean =>
      command.includes(made.argument) || command.startsWith('sleep ')
    const seen = processes.flatMap((one) => {
      const looked = isLogin(one) ? without('argument', 'pluginEnvironment') : canaries
      return canariesIn(`${one.command}\n${one.environment}`, looked).map((name) => `${one.command}: ${name}`)
    })
    expect(seen).toEqual([])
  })

  it('is in no answer, no event and no error', () => {
    expect(told.filter(({ where }) => where.startsWith('event')).length).toBeGreaterThan(10)
    expect(told.some(({ where }) => where === 'diagnostics.report (200)')).toBe(true)
    const seen = told.flatMap(({ where, text }) => {
      // The list of allowed commands shows what somebody said yes to, arguments included.
      const looked = where.startsWith('commands.list') ? without('argument') : canaries
      return canariesIn(text, looked).map((name) => `${where}: ${name}`)
    })
    expect([...new Set(seen)]).toEqual([])
  })

  it('is in no line of the log', () => {
    expect(host.log()).toContain('clusters')
    expect(canariesIn(host.log(), canaries)).toEqual([])
  })

  it('opens again for the right passphrase, so it was there all the time', async () => {
    await startAll()
    const forward = await waitForState(host.client, ids.forward, 'live')
    const port = forward.ports[0]?.local ?? 0
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })
})
