import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Client } from '../../contract/client.ts'
import { httpRequest } from '../../contract/http-transport.ts'
import { operationNames, operations } from '../../contract/operations.ts'
import { canariesBelow, canariesIn, type Canaries } from '../support/canaries.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, transportTo, type RunningHost } from '../support/host.ts'
import { addCluster, liveForward, sharedTestbed, waitForState } from '../support/main-job.ts'
import { watchProcesses, type SeenProcess } from '../support/process-watch.ts'
import { recordingClient, type Told } from '../support/recording-client.ts'
import { recordedSpawns, recordSpawns } from '../support/spawn-record.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service, workloadContainer } from '../testbed/workloads.ts'

const root = join(import.meta.dirname, '..', '..')
const passphrase = 'c4n4ry-passphrase-hjk'
const made = {
  wrongToken: 'c4n4ry-wrong-token-abc',
  basicPassword: 'c4n4ry-basic-password-def',
  proxyPassword: 'c4n4ry-proxy-password-ghi',
  argument: 'c4n4ry-argument-jkl',
  pluginEnvironment: 'c4n4ry-plugin-environment-mno',
  brokenAnswer: 'c4n4ry-broken-answer-pqr',
  failedAnswer: 'c4n4ry-failed-answer-stu',
  tracedVariable: 'c4n4ry-traced-variable-cde',
  tracedOption: 'c4n4ry-traced-option-efg',
  tracedHeader: 'c4n4ry-traced-header-fgh',
  wrongPassphrase: 'c4n4ry-wrong-passphrase-yza',
  unparsable: 'c4n4ry-unparsable-vwx',
  traffic: 'c4n4ry-traffic-of-a-client-bcd',
  podVariable: 'c4n4ry-variable-of-a-pod-ijk',
  podAnnotation: 'c4n4ry-annotation-of-a-workload-jkl',
  clusterSecret: 'c4n4ry-secret-of-a-namespace-klm',
}

type Entry = { server: string; authority: string }

let bed: Testbed
let namespace: string
let folder: string
let host: RunningHost
let canaries: Canaries
/** Keeps whatever it is told in `told`. */
let client: Client
const told: Told[] = []
let processes: SeenProcess[] = []
/** Files that held a secret while it was used, if only for a moment. */
const moments = new Set<string>()
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

/** A credential command that stays long enough to be looked at, then says this. */
async function plugin(name: string, answer: string, exitCode = 0, to = ''): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\nsleep 1\ncat <<'END' ${to}\n${answer}\nEND\nexit ${exitCode}\n`, { mode: 0o755 })
  return path
}

const credential = (token: string): string =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } })

/** Adds a cluster and tests its connection, whatever comes of it. */
async function addAndTest(name: string, text: string): Promise<string> {
  const path = join(folder, `${name}.kubeconfig`)
  await writeFile(path, text)
  const cluster = await addCluster(client, path, name)
  client.subscribe(`cluster-test:${cluster.id}`, () => undefined)
  await client.clusters.test({ id: cluster.id })
  return cluster.id
}

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

/** Looks into the folders where a file for the moment could lie, again and again until stopped. */
function watchFiles(): { stop(): Promise<void> } {
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const place of ['tmp', 'home', 'data/run', 'data/logs'])
        for (const found of await canariesBelow(join(folder, place), canaries)) moments.add(found)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return {
    stop: () => {
      over.abort()
      return watching
    },
  }
}

const ownProcess = async (): Promise<SeenProcess> => {
  const [command = '', environment = ''] = await Promise.all(
    ['cmdline', 'environ'].map((name) => readFile(`/proc/${host.pid}/${name}`, 'utf8')),
  )
  return { command, environment }
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
      ...recordSpawns(join(folder, 'spawns')),
    },
  })
  client = recordingClient(transportTo(host), told)
}

const web = { kind: 'service', name: 'web' } as const

/** Each way to sign in that works, with a forward and traffic through it. */
async function signIn(entry: Entry): Promise<void> {
  for (const user of ['token', 'token-file', 'admin', 'oidc-refresh']) {
    const cluster = await addCluster(client, bed.a.users[user] ?? '', user)
    ids.cluster = cluster.id
    await client.clusters.test({ id: cluster.id })
    const forward = await liveForward(client, {
      clusterId: cluster.id,
      namespace,
      target: web,
      ports: [{ remote: 8080 }],
    })
    ids.forward = forward.id
    client.subscribe(`forward-output:${forward.id}`, () => undefined)
    const port = forward.ports[0]?.local ?? 0
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    await fetch(`http://127.0.0.1:${port}/${made.traffic}`, { headers: { authorization: made.traffic } })
  }
  const login = await plugin('login', credential(STATIC_TOKEN))
  const clusterId = await addAndTest('plugin', kubeconfig('plugin', entry, exec(login)))
  await liveForward(client, {
    clusterId,
    namespace,
    target: { kind: 'deployment', name: 'web' },
    ports: [{ remote: 8080 }],
  })
}

/** What a credential command in its despair may say. */
const complaints = [
  `+ export AWS_SECRET_ACCESS_KEY=${made.tracedVariable}`,
  `+ curl --client-secret ${made.tracedOption} https://issuer.example.test`,
  `> Authorization: Bearer ${made.tracedHeader}`,
  `the server does not know ${made.pluginEnvironment}`,
]

/** Everything that can go wrong with secrets. */
async function failToSignIn(entry: Entry): Promise<void> {
  await addAndTest('basic', kubeconfig('basic', entry, { username: 'ann', password: made.basicPassword }))
  const wrong = await addAndTest('wrong', kubeconfig('wrong', entry, { username: 'ann', password: made.basicPassword }))
  const another = kubeconfig('wrong', entry, { token: made.wrongToken })
  expect((await expectError(client.clusters.rotate({ id: wrong, text: another }))).code).toBe('credentials-rejected')
  await expectOk(client.clusters.rotate({ id: wrong, text: await readFile(bed.a.users.token ?? '', 'utf8') }))
  const proxy = { 'proxy-url': `http://ann:${made.proxyPassword}@127.0.0.1:9` }
  await addAndTest('proxy', kubeconfig('proxy', entry, { token: made.wrongToken }, proxy))
  const broken = await plugin('broken', `{"kind": "ExecCredential", "status": {"token": "${made.brokenAnswer}"`)
  await addAndTest('broken', kubeconfig('broken', entry, exec(broken)))
  for (const name of ['failing', 'complaining']) {
    const program =
      name === 'failing'
        ? await plugin(name, credential(made.failedAnswer), 1)
        : await plugin(name, complaints.join('\n'), 1, '>&2')
    const clusterId = await addAndTest(name, kubeconfig(name, entry, exec(program)))
    const waiting = await expectOk(
      client.forwards.create({ clusterId, namespace, target: web, ports: [{ remote: 8080 }] }),
    )
    await waitForState(client, waiting.id, 'holding')
  }
  const unparsable = `apiVersion: v1\nusers:\n- name: x\n  user: {token: "${made.unparsable}\n  other: [`
  await client.kubeconfigs.preview({ text: unparsable })
  await client.clusters.add({ text: unparsable, contexts: [{ context: 'x' }] })
  await expectOk(client.vault.lock())
  const refused = await expectError(client.vault.unlock({ passphrase: made.wrongPassphrase }))
  expect(refused.code).toBe('wrong-passphrase')
  await expectOk(client.vault.unlock({ passphrase }))
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
    client.subscribe(stream, () => undefined)
  await signIn(entry)
  await failToSignIn(entry)
}

/** What the command line prints, for people and for programs. */
async function askCommandLine(): Promise<void> {
  const program = join(root, 'dist', 'cli.mjs')
  for (const words of ['clusters', 'clusters --json', 'forwards', 'forwards --json', 'status', 'status --json']) {
    const args = [program, '--data-dir', host.dataDir, ...words.split(' ')]
    // Status ends with a code of its own where a cluster is not connected.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    )
    told.push({ where: `mooring ${words}`, text: stdout + stderr })
  }
}

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('secrets')
  const container = workloadContainer()
  container.env?.push({ name: 'DATABASE_PASSWORD', value: made.podVariable })
  const workload = deployment({ namespace, name: 'web', replicas: 1, container })
  workload.metadata.annotations = { note: made.podAnnotation }
  await bed.a.apply(workload, service({ namespace, name: 'web' }))
  await bed.a.kubectl(['-n', namespace, 'create', 'secret', 'generic', 'web', `--from-literal=a=${made.clusterSecret}`])
  await bed.a.waitForPods(namespace, 'app=web', 1)
  folder = await mkdtemp(join(tmpdir(), 'mooring-secrets-'))
  for (const name of ['tmp', 'home']) await mkdir(join(folder, name), { mode: 0o700 })
  await startAll()
  const clientKey = await secretOf('admin', 'client-key-data')
  canaries = {
    ...made,
    passphrase,
    staticToken: STATIC_TOKEN,
    clientKey: clientKey.slice(40, 120),
    clientPem: Buffer.from(clientKey, 'base64').toString('utf8').split('\n')[1] ?? '',
    refreshToken: await secretOf('oidc-refresh', 'auth-provider', 'config', 'refresh-token'),
    idToken: await secretOf('oidc-refresh', 'auth-provider', 'config', 'id-token'),
    ownToken: host.token,
  }
  const watch = watchProcesses(host.pid)
  const files = watchFiles()
  try {
    await useSecrets()
    // Its new snapshot takes the place of the first one, which knew no cluster yet.
    await expectOk(client.vault.rotate({ provider: 'passphrase', passphrase }))
    await getEverything()
    await askCommandLine()
  } finally {
    await files.stop()
    processes = [await ownProcess(), ...(await watch.stop()), ...(await recordedSpawns(join(folder, 'spawns')))]
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

/** What shows a command to be said yes to shows its arguments; so does the question for that yes. */
const showsCommands = (where: string, text: string): boolean =>
  /^(kubeconfigs\.preview|clusters\.command|commands\.list)/.test(where) || text.includes('"command-not-allowed"')

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
    // The control: the snapshot was taken after the clusters were there, so what is secret of them would be in it.
    expect(await canariesBelow(join(data, 'snapshots'), { name: 'complaining' })).toHaveLength(1)
    expect(await canariesBelow(data, canaries)).toEqual([])
  })

  it('is in no file for the moment, and in nothing that was written beside the data folder', async () => {
    expect([...moments]).toEqual([])
    expect(await canariesBelow(join(folder, 'tmp'), canaries)).toEqual([])
    expect(await canariesBelow(join(folder, 'home'), canaries)).toEqual([])
  })

  it('is in no argument and no environment of the owner and of anything that was started', () => {
    const commands = processes.map(({ command }) => command).join('\n')
    for (const started of ['serve.mjs', 'port-forward', 'sidecar', made.argument]) expect(commands).toContain(started)
    // A credential command (and what it starts) gets what its kubeconfig gives it, as with kubectl; nobody else does.
    const isLogin = ({ command }: SeenProcess): boolean =>
      command.includes(made.argument) || /^(sleep|cat)\b/.test(command)
    const seen = processes.flatMap((one) => {
      const looked = isLogin(one) ? without('argument', 'pluginEnvironment') : canaries
      return canariesIn(`${one.command}\n${one.environment}`, looked).map((name) => `${one.command}: ${name}`)
    })
    expect(seen).toEqual([])
  })

  it('is in no answer, no event, no error, and in nothing that the command line prints', () => {
    const places = new Set(told.map(({ where }) => where))
    const asked = ['clusters.add', 'clusters.rotate', 'clusters.test', 'forwards.create', 'vault.unlock']
    const shown = ['mooring status --json', 'event forward-output', 'event cluster-test']
    // A refusal tells nothing of what there is to tell.
    const read = operationNames.filter((name) => operations[name].method === 'GET').map((name) => `${name} (200)`)
    expect([...places]).toEqual(expect.arrayContaining([...asked, ...shown, ...read]))
    for (const name of ['pods', 'workloads', 'services'])
      expect(told.find(({ where }) => where === `clusters.${name} (200)`)?.text).toContain(namespace)
    // The words of a credential command that failed are shown, without what is secret in them.
    const complaint = told.find(({ text }) => text.includes('AWS_SECRET_ACCESS_KEY=•••'))
    expect(complaint?.text).toContain('the server does not know •••')
    const seen = told.flatMap(({ where, text }) => {
      const looked = showsCommands(where, text) ? without('argument') : canaries
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
    const forward = await waitForState(client, ids.forward, 'live')
    const port = forward.ports[0]?.local ?? 0
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })
})
