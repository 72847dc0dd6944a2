import { afterEach, describe, expect, it } from 'vitest'
import type { ClusterStatus, ConnectionTest } from '../../../contract/clusters.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { owner } from '../../../contract/permissions.ts'
import type { ApiFailure, ClusterConnection } from '../../../contract/sidecar.ts'
import {
  plainConnection,
  sendJson,
  startServer,
  startTcpServer,
  type TestServer,
} from '../../../network/api-server.testing.ts'
import { makeIdentity, type Identity } from '../../../network/certificates.testing.ts'
import { eventually } from '../../../network/eventually.testing.ts'
import { systemClock } from '../clock.ts'
import type { CredentialFailure, ResolveOptions } from '../credentials/credentials.ts'
import { testEntry } from '../credentials/credentials.testing.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { SidecarAnswer } from '../sidecar/sidecar-client.ts'
import { Listeners } from '../listeners.ts'
import { ClusterHealth } from './cluster-health.ts'
import { unknownStatus } from './cluster-view.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const entryFor = (server: string): KubeconfigEntry => testEntry({ token: 't' }, { server })

type Resolved = Result<ClusterConnection, CredentialFailure>
type Resolve = (id: string, options: ResolveOptions) => Resolved | Promise<Resolved>
type Request = (method: string) => SidecarAnswer<unknown>

/** Clusters by id and address; everything around health that a spec may change. */
function start(
  servers: Record<string, string>,
  more: { resolve?: Resolve; request?: Request; entry?: Result<KubeconfigEntry> } = {},
): {
  health: ClusterHealth
  status: (id: string) => ClusterStatus
  history: Record<string, string[]>
  tests: ConnectionTest[]
  changed: Listeners<{ id: string; kind: string }>
  given: [string, ClusterConnection][]
  dropped: string[]
} {
  const statuses = new Map(Object.keys(servers).map((id) => [id, unknownStatus]))
  const history: Record<string, string[]> = {}
  const tests: ConnectionTest[] = []
  const changed = new Listeners<{ id: string; kind: string }>()
  const given: [string, ClusterConnection][] = []
  const dropped: string[] = []
  const resolve: Resolve = more.resolve ?? ((id) => ok(plainConnection(servers[id] ?? '')))
  const health = new ClusterHealth({
    clusters: {
      get: (id) => {
        const status = statuses.get(id)
        return status === undefined ? null : { namespace: 'default', status, forwards: { on: 0 } }
      },
      entry: (id) => more.entry ?? ok(entryFor(servers[id] ?? '')),
      setStatus: (id, status) => {
        statuses.set(id, status)
        if (!status.checking) (history[id] ??= []).push(status.status)
      },
      onChange: changed.listen,
    },
    credentials: {
      resolve: (id, options?: ResolveOptions) => Promise.resolve(resolve(id, options ?? {})),
      resolveEntry: (entry) => Promise.resolve(ok(plainConnection(entry.cluster.server))),
      onChange: new Listeners<string>().listen,
    },
    sidecar: {
      request: ((method: string) =>
        Promise.resolve(more.request?.(method) ?? ok([]))) as unknown as ConstructorParameters<
        typeof ClusterHealth
      >[0]['sidecar']['request'],
      setCluster: (id, connection) => given.push([id, connection]),
      dropCluster: (id) => dropped.push(id),
    },
    shellEnvironment: { read: () => Promise.resolve({}) },
    clock: systemClock,
    onTest: (test) => tests.push(test),
  })
  ends.push(() => health.close())
  return { health, status: (id) => statuses.get(id) ?? unknownStatus, history, tests, changed, given, dropped }
}

async function startApi(
  answer: Parameters<typeof startServer>[0] = (_request, response) => sendJson(response, { gitVersion: 'v1.36.3' }),
  identity?: Identity,
): Promise<TestServer> {
  const server = await startServer(answer, identity)
  ends.push(() => server[Symbol.asyncDispose]())
  return server
}
/** Accepts and says nothing; `open`: who is connected. */
async function startSilent(): Promise<{ port: number; open: ReadonlySet<unknown> }> {
  const open = new Set<unknown>()
  const silent = await startTcpServer((socket) => {
    open.add(socket.resume())
    socket.on('close', () => open.delete(socket))
  })
  ends.push(() => silent[Symbol.asyncDispose]())
  return { port: silent.port, open }
}
const addressOf = (server: TestServer): string => `http://127.0.0.1:${server.port}`
const rejected: CredentialFailure = {
  code: 'credentials-command-failed',
  detail: 'exit 1',
  message: 'aws failed.',
  next: 'Sign in.',
}

describe('a check', () => {
  it('ends when the vault is locked, lets go of its connection, and says why nothing is known', async () => {
    const { port, open } = await startSilent()
    const address = `http://127.0.0.1:${port}`
    const answers: Result<ClusterConnection, CredentialFailure>[] = [
      ok(plainConnection(address)),
      fail({ code: 'vault-locked', detail: null, message: 'The vault is locked.', next: 'Unlock it.' }),
    ]
    const { health } = start({ a: address }, { resolve: () => answers.shift() ?? fail(rejected) })
    const check = health.check('a')
    await eventually(() => expect(open.size).toBe(1))
    health.vaultLocked()
    expect(await check).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
    await eventually(() => expect(open.size).toBe(0))
  })

  it('ends when its cluster is removed, and lets go of its connection', async () => {
    const { port, open } = await startSilent()
    const { health, changed, history } = start({ a: `http://127.0.0.1:${port}` })
    const check = health.check('a')
    await eventually(() => expect(open.size).toBe(1))
    changed.emit({ id: 'a', kind: 'removed' })
    expect(await check).toMatchObject({ cause: { detail: 'cancelled', message: 'The cluster was removed.' } })
    await eventually(() => expect(open.size).toBe(0))
    expect(history).toEqual({})
  })

  it('ends when the vault is locked while it waits for credentials', async () => {
    const waits = Promise.withResolvers<Resolved>()
    const locked = { code: 'vault-locked', detail: null, message: 'The vault is locked.', next: 'Unlock it.' } as const
    const { health } = start(
      { a: 'https://127.0.0.1:1' },
      {
        resolve: (_, { signal }) => {
          signal?.addEventListener('abort', () => waits.resolve(fail(locked)))
          return waits.promise
        },
      },
    )
    const check = health.check('a')
    await Promise.resolve()
    health.vaultLocked()
    expect(await check).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
  })

  it('of a good cluster says connected, its version and how quick it is', async () => {
    const { health, status } = start({ a: addressOf(await startApi()) })
    const checked = await health.check('a')
    expect(checked).toMatchObject({ status: 'connected', serverVersion: 'v1.36.3', cause: null, checking: false })
    expect(checked.latencyMs).toBeGreaterThan(0)
    expect(checked.lastConnectedAt).toBe(checked.checkedAt)
    expect(status('a')).toEqual(checked)
  })

  it('is shared by who asks at the same time', async () => {
    const server = await startApi()
    const { health } = start({ a: addressOf(server) })
    await Promise.all([health.check('a'), health.check('a'), health.check('a')])
    expect(server.requests).toHaveLength(2)
  })

  it('changes nothing when only the first look fails', async () => {
    let failures = 1
    const server = await startApi((request, response) => {
      if (failures-- > 0) request.socket.destroy()
      else sendJson(response, { gitVersion: 'v1' })
    })
    const { health, history } = start({ a: addressOf(server) })
    expect(await health.check('a')).toMatchObject({ status: 'connected' })
    expect(history['a']).toEqual(['connected'])
  })

  it('says disconnected after a second look, why, what to do, and keeps when it was connected last', async () => {
    const server = await startApi()
    const { health } = start({ a: addressOf(server) })
    const { lastConnectedAt } = await health.check('a')
    await server[Symbol.asyncDispose]()
    ends.splice(0, 1)
    const begun = performance.now()
    const gone = await health.check('a')
    expect(gone).toMatchObject({
      status: 'disconnected',
      serverVersion: 'v1.36.3',
      latencyMs: null,
      cause: {
        code: 'cluster-unreachable',
        detail: 'refused',
        next: expect.stringContaining('cluster runs') as string,
      },
      lastConnectedAt,
    })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(950)
  })

  it('gets new credentials once when the server refuses the old ones', async () => {
    const server = await startApi(
      (request, response) => {
        if (request.headers.authorization === 'Bearer newer') sendJson(response, { gitVersion: 'v1' })
        else sendJson(response, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, 401)
      },
      makeIdentity({ commonName: 'api', names: ['127.0.0.1'] }),
    )
    const address = `https://127.0.0.1:${server.port}`
    const { health } = start(
      { a: '' },
      {
        resolve: (_id, { fresh = false }) =>
          ok(plainConnection(address, { insecureSkipTlsVerify: true, token: fresh ? 'newer' : 'older' })),
      },
    )
    expect(await health.check('a')).toMatchObject({ status: 'connected' })
  })

  it('says at once why there are no credentials', async () => {
    const { health } = start({ a: '' }, { resolve: () => fail(rejected) })
    const begun = performance.now()
    expect(await health.check('a')).toMatchObject({ status: 'disconnected', cause: rejected })
    expect(performance.now() - begun).toBeLessThan(500)
  })

  it('leaves the state unknown while the vault is locked', async () => {
    const locked: CredentialFailure = { code: 'vault-locked', detail: null, message: 'locked', next: 'unlock' }
    const { health } = start({ a: '' }, { resolve: () => fail(locked) })
    expect(await health.check('a')).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
  })
})

describe('fifty clusters of which ten are dead, silent or slow', () => {
  it('answer for a healthy one in less than a second, while all are looked at', async () => {
    const good = await startApi()
    const silent = await startTcpServer(() => undefined)
    const slow = await startApi(
      (_request, response) => void setTimeout(() => sendJson(response, { gitVersion: 'slow' }), 20_000),
    )
    ends.push(() => silent[Symbol.asyncDispose]())
    const servers: Record<string, string> = {}
    for (let index = 0; index < 50; index += 1) {
      const bad = ['http://127.0.0.1:1', addressOf(silent), addressOf(slow), 'http://no-such-host.invalid:6443'][
        index % 4
      ]
      servers[`c${index}`] = index < 10 ? (bad ?? '') : addressOf(good)
    }
    const { health, status } = start(servers)
    const background = Object.keys(servers)
    for (const id of background) health.touch(id)
    await new Promise((resolve) => setImmediate(resolve))
    const begun = performance.now()
    expect(await health.check('c49')).toMatchObject({ status: 'connected' })
    expect(performance.now() - begun).toBeLessThan(5_000)
    await eventually(() => {
      const connected = background.slice(10).filter((id) => status(id).status === 'connected')
      expect(connected).toHaveLength(40)
    })
  })
})

describe('a cluster that was made the active one', () => {
  it('is looked at without being asked for', async () => {
    const { changed, status } = start({ a: addressOf(await startApi()), b: addressOf(await startApi()) })
    changed.emit({ id: 'a', kind: 'opened' })
    await eventually(() => expect(status('a').status).toBe('connected'))
    expect(status('b')).toBe(unknownStatus)
  })
})

describe('a test', () => {
  it('tells every change, joins who asks meanwhile, and counts as a look', async () => {
    const { health, tests, status } = start({ a: addressOf(await startApi()) })
    const [one, other] = await Promise.all([health.test('a'), health.test('a')])
    expect(one).toBe(other)
    expect(tests.length).toBeGreaterThan(10)
    expect(tests.at(-1)).toEqual(one)
    expect(status('a')).toMatchObject({ status: one.status })
  })

  it('ends when nobody waits for it any more', async () => {
    const silent = await startTcpServer(() => undefined)
    ends.push(() => silent[Symbol.asyncDispose]())
    const { health, status } = start({ a: `https://127.0.0.1:${silent.port}` })
    const caller = new AbortController()
    const test = health.test('a', { signal: caller.signal })
    setTimeout(() => caller.abort(), 50)
    expect(await test).toMatchObject({ status: 'unknown' })
    expect(status('a').status).toBe('unknown')
  })

  it('ends when its cluster is removed, lets go of its connection, and says so', async () => {
    const { port, open } = await startSilent()
    const { health, changed } = start({ a: `https://127.0.0.1:${port}`, b: `https://127.0.0.1:${port}` })
    const [test, other] = [health.test('a'), health.test('b')]
    await eventually(() => expect(open.size).toBe(2))
    changed.emit({ id: 'a', kind: 'removed' })
    expect(await test).toMatchObject({ status: 'unknown', cause: { detail: 'cancelled' } })
    await eventually(() => expect(open.size).toBe(1))
    health.close()
    await other
  })

  it('ends when the vault is locked, for all who wait, lets go of its connection, and says what to do', async () => {
    const { port, open } = await startSilent()
    const address = `https://127.0.0.1:${port}`
    const { health, status, tests } = start({ a: address })
    const waiting = [health.test('a'), health.test('a'), health.testEntry(entryFor(address))]
    await eventually(() => expect(open.size).toBe(2))
    health.vaultLocked()
    for (const test of await Promise.all(waiting))
      expect(test).toMatchObject({
        status: 'unknown',
        cause: { code: 'vault-locked', detail: null, next: 'Unlock the vault, then test again.' },
      })
    expect(tests.at(-1)).toEqual(await waiting[0])
    await eventually(() => expect(open.size).toBe(0))
    expect(status('a').status).toBe('unknown')
    // The next one is a new one.
    const caller = new AbortController()
    const next = health.test('a', { signal: caller.signal })
    await eventually(() => expect(open.size).toBe(1))
    caller.abort()
    expect(await next).toMatchObject({ cause: null })
  })

  it('says that the vault is locked, and touches no network', async () => {
    const server = await startApi()
    const { health } = start(
      { a: addressOf(server) },
      { entry: fail(appError('vault-locked', 'The vault is locked.', 'Unlock it.')) },
    )
    expect(await health.test('a')).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
    expect(server.requests).toEqual([])
  })
})

describe('discovery', () => {
  const context = { principal: owner, signal: new AbortController().signal }
  const refusal = (kind: ApiFailure['class'], more: Partial<ApiFailure> = {}): SidecarAnswer<unknown> =>
    fail({ class: kind, detail: null, status: null, message: 'm', rbac: null, retryAfterSeconds: null, ...more })

  it('hands the sidecar the credentials and answers its rows', async () => {
    const rows = [{ name: 'default', phase: 'Active' }]
    const { health, given } = start({ a: 'http://a' }, { request: () => ok(rows) })
    expect(await health.handlers()['clusters.namespaces']({ id: 'a' }, context)).toEqual(ok(rows))
    expect(given).toEqual([['a', plainConnection('http://a')]])
  })

  it('tries once with new credentials after 401', async () => {
    let asked = 0
    const { health, given } = start(
      { a: '' },
      {
        resolve: (_id, { fresh = false }) => ok(plainConnection('http://a', { token: fresh ? 'newer' : 'older' })),
        request: () => ((asked += 1), asked === 1 ? refusal('unauthorized', { status: 401 }) : ok([])),
      },
    )
    expect(await health.handlers()['clusters.pods']({ id: 'a' }, context)).toEqual(ok([]))
    expect(given.map(([, { token }]) => token)).toEqual(['older', 'newer'])
  })

  it.each<[SidecarAnswer<unknown>, string, string]>([
    [refusal('unauthorized', { status: 401 }), 'credentials-rejected', 'Check the credentials'],
    [
      refusal('forbidden', {
        status: 403,
        rbac: { user: 'jane', verb: 'list', resource: 'pods', group: '', namespace: 'shop', name: null, path: null },
      }),
      'forbidden',
      'Ask the cluster administrator',
    ],
    [refusal('not-found', { status: 404 }), 'not-found', 'Check that it exists'],
    [refusal('timeout'), 'cluster-unreachable', 'Check the network'],
    [refusal('unreachable', { detail: 'timeout' }), 'cluster-unreachable', 'Check the network'],
    [refusal('unreachable', { detail: 'refused' }), 'cluster-unreachable', 'Check that the cluster runs'],
    [refusal('unreachable', { detail: 'dns' }), 'cluster-unreachable', 'the server address'],
    [refusal('server', { status: 500 }), 'api-refused', "Check the cluster's health"],
    [fail({ class: 'sidecar-unavailable', message: 'm' }), 'sidecar-unavailable', 'Diagnostics'],
  ])('answers %j as %s', async (answer, code, next) => {
    const { health } = start({ a: 'http://a' }, { request: () => answer })
    const result = await health.handlers()['clusters.services']({ id: 'a' }, context)
    expect(result).toMatchObject({ ok: false, error: { code, next: expect.stringContaining(next) as string } })
  })

  it('names who may not do what', async () => {
    const rbac = {
      user: 'jane',
      verb: 'list',
      resource: 'deployments',
      group: 'apps',
      namespace: 'shop',
      name: null,
      path: null,
    }
    const { health } = start({ a: 'http://a' }, { request: () => refusal('forbidden', { status: 403, rbac }) })
    const result = await health.handlers()['clusters.workloads']({ id: 'a' }, context)
    expect(!result.ok && result.error.message).toBe(
      'The server knows you as "jane", who may not list deployments.apps in namespace shop.',
    )
  })

  it('of a cluster that is not there says so', async () => {
    const { health } = start({})
    expect(await health.handlers()['clusters.health']({ id: 'x' }, context)).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    })
  })
})

describe('a cluster that changes', () => {
  it('is handed to the sidecar with its new credentials', async () => {
    const { changed, given } = start({ a: 'http://a' })
    changed.emit({ id: 'a', kind: 'credentials' })
    await eventually(() => expect(given).toHaveLength(1))
  })

  it('that is removed is forgotten', () => {
    const { changed, dropped } = start({ a: 'http://a' })
    changed.emit({ id: 'a', kind: 'removed' })
    expect(dropped).toEqual(['a'])
  })
})
