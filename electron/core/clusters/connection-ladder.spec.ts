import type http from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConnectionTest, LadderStep, LadderStepId } from '../../../contract/clusters.ts'
import { fail, ok } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import {
  plainConnection,
  sendJson,
  startServer,
  startTcpServer,
  type TestServer,
} from '../../../network/api-server.testing.ts'
import {
  type CertificateOptions,
  type Identity,
  makeAuthority,
  makeIdentity,
} from '../../../network/certificates.testing.ts'
import { systemClock } from '../clock.ts'
import { type LadderOptions, runLadder } from './connection-ladder.ts'
import { EndedFor, failed } from './ladder-steps.ts'

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const day = 86_400_000
const authority = makeAuthority('cluster authority')
const identityFor = (options: Partial<CertificateOptions> = {}): Identity =>
  makeIdentity({ commonName: 'api', names: ['127.0.0.1', 'api.example.test'], ...options }, authority)

type Api = Record<string, (request: http.IncomingMessage, response: http.ServerResponse) => void>

/** Answers as an API server does for what the ladder asks; the upgrade is refused unless the spec says otherwise. */
const usual: Api = {
  '/version': (_request, response) => sendJson(response, { gitVersion: 'v1.36.3' }),
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': (_request, response) =>
    sendJson(response, { status: { userInfo: { username: 'jane', groups: ['devs', 'system:authenticated'] } } }, 201),
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': (_request, response) =>
    sendJson(response, { status: { allowed: true } }, 201),
  '/api/v1/namespaces/shop/pods': (_request, response) => sendJson(response, { items: [] }),
  '/api/v1/pods': (_request, response) => sendJson(response, { items: [] }),
}

async function startApi(api: Api = {}, identity: Identity | null = identityFor()): Promise<TestServer> {
  const routes: Api = { ...usual, ...api }
  const answer: http.RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const route = routes[path]
    if (route === undefined)
      sendJson(response, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' }, 404)
    else route(request, response)
  }
  const server = await startServer(answer, identity ?? undefined)
  ends.push(server)
  return server
}

const wayTo = (server: TestServer, more: Partial<ClusterConnection> = {}): ClusterConnection =>
  plainConnection(`https://127.0.0.1:${server.port}`, { certificateAuthority: authority.certificate, ...more })

const climb = (way: ClusterConnection, more: Partial<LadderOptions> = {}): Promise<ConnectionTest> =>
  runLadder({
    clusterId: '6f1b3f0e-7f0e-4b7e-9d8a-1b1b1b1b1b1b',
    way,
    resolve: () => Promise.resolve(ok({ ...way, token: 'canary-token' })),
    namespace: 'shop',
    clock: systemClock,
    ...more,
  })

const rung = (test: ConnectionTest, id: LadderStepId): LadderStep => test.steps.find((step) => step.id === id)!
const statuses = (test: ConnectionTest): string => test.steps.map(({ status }) => status).join(' ')

describe('the ladder', () => {
  it('climbs to the top of a good cluster and says what it saw', async () => {
    const test = await climb(wayTo(await startApi()))
    expect(test).toMatchObject({ status: 'connected', serverVersion: 'v1.36.3', cause: null })
    expect(statuses(test)).toBe('skipped ok skipped ok ok ok ok skipped ok')
    expect(rung(test, 'tls').detail).toContain('127.0.0.1, api.example.test, valid until')
    expect(rung(test, 'identity').detail).toBe('The server knows you as "jane", in devs, system:authenticated.')
    expect(rung(test, 'upgrade').detail).toBe('There is no running pod to try it with.')
    expect(test.steps.filter(({ ms }) => ms !== null).length).toBe(6)
  })

  it('shows each rung as it is climbed, in order', async () => {
    const seen: string[] = []
    await climb(wayTo(await startApi()), {
      onStep: ({ steps }) => {
        const running = steps.find(({ status }) => status === 'running')
        if (running !== undefined) seen.push(running.id)
      },
    })
    expect(seen).toEqual([
      'dns',
      'tcp',
      'proxy',
      'tls',
      'credentials',
      'identity',
      'authorization',
      'upgrade',
      'latency',
    ])
  })

  it('never shows a secret', async () => {
    const server = await startApi({
      '/apis/authentication.k8s.io/v1/selfsubjectreviews': (request, response) =>
        sendJson(response, { kind: 'Status', code: 500, message: `echo ${request.headers.authorization ?? ''}` }, 500),
    })
    const test = await climb(wayTo(server))
    expect(rung(test, 'identity').status).toBe('fail')
    expect(JSON.stringify(test)).not.toContain('canary')
  })

  it('ends at a name that does not exist', async () => {
    const test = await climb(plainConnection('https://api.cluster.invalid:6443'))
    expect(test).toMatchObject({ status: 'disconnected', cause: { code: 'cluster-unreachable', detail: 'dns' } })
    expect(statuses(test)).toBe('fail skipped skipped skipped skipped skipped skipped skipped skipped')
    expect(rung(test, 'latency').detail).toBe('Not reached.')
  })

  it('ends where nothing listens', async () => {
    const test = await climb(plainConnection('https://127.0.0.1:1'))
    expect(test.cause).toMatchObject({ code: 'cluster-unreachable', detail: 'refused' })
    expect(rung(test, 'tcp')).toMatchObject({ status: 'fail', next: expect.stringContaining('port') as string })
  })

  it('ends at a server that accepts and says nothing', async () => {
    const server = await startTcpServer(() => undefined)
    ends.push(server)
    const test = await climb(wayTo(server), { limitMs: 300 })
    expect(test).toMatchObject({ status: 'disconnected', cause: { code: 'cluster-unreachable', detail: 'timeout' } })
    expect(rung(test, 'tls').status).toBe('fail')
  })

  it('ends at a proxy that is not there, and blames the proxy', async () => {
    const test = await climb(plainConnection('https://127.0.0.1:6443', { proxyUrl: 'http://127.0.0.1:1' }))
    expect(test.cause).toMatchObject({ code: 'cluster-unreachable', detail: 'proxy' })
    expect(test.cause?.next).toContain('proxy')
  })

  it('ends at a proxy that wants a login', async () => {
    const proxy = await startTcpServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
    })
    ends.push(proxy)
    const test = await climb(
      plainConnection('https://127.0.0.1:6443', { proxyUrl: `http://a:hush@127.0.0.1:${proxy.port}` }),
    )
    expect(rung(test, 'proxy')).toMatchObject({ status: 'fail', detail: expect.stringContaining('407') as string })
    expect(test.cause?.detail).toBe('proxy')
    expect(JSON.stringify(test)).not.toContain('hush')
  })

  it('takes back everything when the caller goes', async () => {
    const server = await startTcpServer(() => undefined)
    ends.push(server)
    const caller = new AbortController()
    const test = climb(wayTo(server), {
      signal: caller.signal,
      onStep: ({ steps }) => steps.some(({ id, status }) => id === 'tls' && status === 'running') && caller.abort(),
    })
    expect(await test).toMatchObject({ status: 'unknown', cause: null })
    expect(rung(await test, 'tls').detail).toBe('Cancelled.')
  })
})

describe('a test that is ended for a reason', () => {
  const why = failed('vault-locked', null, 'The vault was locked.', 'Unlock it.')

  it.each(['dns', 'tcp', 'tls', 'credentials', 'identity', 'authorization', 'upgrade', 'latency'] as const)(
    'says so at the rung it was on: %s',
    async (at) => {
      const server = await startApi({}, null)
      const way = plainConnection(`http://127.0.0.1:${server.port}`)
      const end = new AbortController()
      const test = await climb(way, {
        signal: end.signal,
        onStep: ({ steps }) =>
          steps.some(({ id, status }) => id === at && status === 'running') && end.abort(new EndedFor(why)),
      })
      expect(test).toMatchObject({
        status: 'unknown',
        cause: { code: 'vault-locked', message: 'The vault was locked.', next: 'Unlock it.' },
      })
      expect(rung(test, at)).toMatchObject({ status: 'fail', detail: 'The vault was locked.', next: 'Unlock it.' })
      const after = test.steps.slice(test.steps.findIndex(({ id }) => id === at) + 1)
      expect(after.every(({ status, detail }) => status === 'skipped' && detail === 'Not reached.')).toBe(true)
    },
  )
})

describe('the rung of TLS', () => {
  it.each<[string, () => Identity, Partial<ClusterConnection>, string[]]>([
    [
      'an authority that did not sign',
      identityFor,
      { certificateAuthority: makeAuthority('older authority').certificate },
      ['CN=cluster authority', 'CN=older authority'],
    ],
    ['no authority', identityFor, { certificateAuthority: null }, ['does not trust', 'names no certificate authority']],
    [
      'another name',
      identityFor,
      { tlsServerName: 'other.example.test' },
      ['api.example.test', 'not for other.example.test'],
    ],
    [
      'a certificate that ended',
      () => identityFor({ notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - 3.5 * day) }),
      {},
      ['expired on', '3 days ago'],
    ],
    [
      'a certificate of tomorrow',
      () => identityFor({ notBefore: new Date(Date.now() + 2.5 * day) }),
      {},
      ['valid only from', 'in 2 days'],
    ],
    [
      'a certificate signed by itself',
      () => makeIdentity({ commonName: 'lonely', names: ['127.0.0.1'] }),
      {},
      ['signed by itself'],
    ],
  ])('fails with %s, in words', async (_words, identity, more, parts) => {
    const test = await climb(wayTo(await startApi({}, identity()), more))
    expect(test).toMatchObject({ status: 'disconnected', cause: { code: 'cluster-unreachable', detail: 'tls' } })
    for (const part of parts) expect(rung(test, 'tls').detail).toContain(part)
    expect(rung(test, 'tls').next).not.toBeNull()
  })

  it('fails where plain http is spoken', async () => {
    const test = await climb(wayTo(await startApi({}, null)))
    expect(rung(test, 'tls')).toMatchObject({ status: 'fail', detail: expect.stringContaining('plain http') as string })
  })

  it('warns of a certificate that ends soon', async () => {
    const test = await climb(wayTo(await startApi({}, identityFor({ notAfter: new Date(Date.now() + 3.5 * day) }))))
    expect(rung(test, 'tls')).toMatchObject({ status: 'warn', detail: expect.stringContaining('in 3 days') as string })
    expect(test.status).toBe('connected')
  })

  it('warns where nothing is verified, and where nothing is encrypted', async () => {
    const lax = await climb(wayTo(await startApi(), { insecureSkipTlsVerify: true, certificateAuthority: null }))
    expect(rung(lax, 'tls')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('not verified') as string,
    })
    const plain = await startApi({}, null)
    const open = await climb(plainConnection(`http://127.0.0.1:${plain.port}`))
    expect(rung(open, 'tls')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('Nothing is encrypted') as string,
    })
  })

  it('fails when the authority of the kubeconfig cannot be read', async () => {
    const missing = {
      code: 'credentials-rejected',
      detail: 'file-not-readable',
      message: 'The file /ca.crt does not exist.',
      next: 'x',
    }
    const test = await climb(wayTo(await startApi()), { authority: fail(missing) })
    expect(rung(test, 'tls')).toMatchObject({ status: 'fail', detail: missing.message })
  })
})

describe('the rungs above TLS', () => {
  it('end with the reason why there are no credentials', async () => {
    const reason = {
      code: 'credentials-command-missing',
      detail: 'aws',
      message: 'aws was not found.',
      next: 'Install it.',
    }
    const test = await climb(wayTo(await startApi()), { resolve: () => Promise.resolve(fail(reason)) })
    expect(test).toMatchObject({ status: 'disconnected', cause: { ...reason, detail: 'aws' } })
    expect(statuses(test)).toBe('skipped ok skipped ok fail skipped skipped skipped skipped')
  })

  it('name a client certificate that ended before the server says only Unauthorized', async () => {
    const ended = makeIdentity({
      commonName: 'jane',
      notBefore: new Date(Date.now() - 9 * day),
      notAfter: new Date(Date.now() - day / 2),
    })
    const way = wayTo(await startApi())
    const test = await climb(way, {
      resolve: () => Promise.resolve(ok({ ...way, clientCertificate: ended.certificate, clientKey: ended.key })),
    })
    expect(test.cause).toMatchObject({ code: 'credentials-expired', detail: 'client-certificate' })
    expect(rung(test, 'credentials').detail).toContain('CN=jane expired on')
  })

  it('try a refused identity once with new credentials', async () => {
    const server = await startApi({
      '/apis/authentication.k8s.io/v1/selfsubjectreviews': (request, response) => {
        const known = request.headers.authorization === 'Bearer newer'
        if (known) sendJson(response, { status: { userInfo: { username: 'jane' } } }, 201)
        else sendJson(response, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, 401)
      },
    })
    const way = wayTo(server)
    const asked: boolean[] = []
    const test = await climb(way, {
      resolve: (_signal, fresh) => {
        asked.push(fresh)
        return Promise.resolve(ok({ ...way, token: fresh ? 'newer' : 'older' }))
      },
    })
    expect(test.status).toBe('connected')
    expect(asked).toEqual([false, true])
  })

  it('end with credentials-rejected when new ones are refused, too', async () => {
    const server = await startApi({
      '/apis/authentication.k8s.io/v1/selfsubjectreviews': (_request, response) =>
        sendJson(response, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, 401),
    })
    expect((await climb(wayTo(server))).cause).toMatchObject({ code: 'credentials-rejected' })
  })

  it('warn of somebody the server does not know', async () => {
    const server = await startApi({
      '/apis/authentication.k8s.io/v1/selfsubjectreviews': (_request, response) =>
        sendJson(response, { status: { userInfo: { username: 'system:anonymous' } } }, 201),
    })
    expect(rung(await climb(wayTo(server)), 'identity').status).toBe('warn')
  })

  it('do without the question who we are on old servers', async () => {
    const none = (_request: http.IncomingMessage, response: http.ServerResponse): void =>
      sendJson(response, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' }, 404)
    const test = await climb(wayTo(await startApi({ '/apis/authentication.k8s.io/v1/selfsubjectreviews': none })))
    expect(rung(test, 'identity')).toMatchObject({ status: 'ok', detail: expect.stringContaining('too old') as string })
  })

  it('name every right that is missing, the namespace, and who we are', async () => {
    const server = await startApi({
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as {
            spec: { resourceAttributes: { verb: string; namespace: string } }
          }
          sendJson(response, { status: { allowed: spec.resourceAttributes.verb !== 'create' } }, 201)
        })
      },
    })
    const test = await climb(wayTo(server))
    expect(rung(test, 'authorization')).toMatchObject({
      status: 'warn',
      detail: '"jane" may not create pods/portforward in namespace shop.',
    })
    expect(test.status).toBe('connected')
  })

  it.each<[string, number, object | string, LadderStep['status'], string | undefined]>([
    [
      'a right that is missing',
      403,
      {
        kind: 'Status',
        code: 403,
        reason: 'Forbidden',
        message:
          'pods "p" is forbidden: User "jane" cannot create resource "pods/portforward" in API group "" in the namespace "shop"',
      },
      'warn',
      undefined,
    ],
    [
      'a node that does not answer',
      500,
      { kind: 'Status', code: 500, message: 'error dialing backend: connection refused' },
      'fail',
      'node-unreachable',
    ],
    ['something in front that lets no upgrade through', 400, 'Bad Request', 'fail', 'upgrade-refused'],
  ])(
    'tell %s from the others at the upgrade, and the cluster is connected all the same',
    async (_words, status, body, expected, code) => {
      const pods = { items: [{ metadata: { name: 'p', namespace: 'shop' } }] }
      const server = await startApi({
        '/api/v1/namespaces/shop/pods': (_request, response) => sendJson(response, pods),
        '/api/v1/namespaces/shop/pods/p/portforward': (request, response) => {
          expect(request.headers.upgrade).toBe('SPDY/3.1')
          sendJson(response, body, status)
        },
      })
      const test = await climb(wayTo(server))
      expect(rung(test, 'upgrade').status).toBe(expected)
      expect(test.cause?.code).toBe(code)
      expect(test.status).toBe('connected')
      expect(rung(test, 'latency').status).toBe('ok')
    },
  )

  /** Lists these pods, one after the other, as an API server would whose pods come and go; kubelet knows none of them. */
  const startPassing = (...lists: { name: string; deletionTimestamp?: string }[][]): Promise<TestServer> => {
    const left = [...lists]
    const gone: http.RequestListener = (_request, response) =>
      sendJson(response, { kind: 'Status', code: 500, message: 'pod not found ("p_shop")' }, 500)
    return startApi({
      '/api/v1/namespaces/shop/pods': (_request, response) => {
        const pods = (left.length > 1 ? left.shift() : left[0]) ?? []
        sendJson(response, { items: pods.map((pod) => ({ metadata: { namespace: 'shop', ...pod } })) })
      },
      '/api/v1/namespaces/shop/pods/p/portforward': gone,
      '/api/v1/namespaces/shop/pods/q/portforward': gone,
    })
  }

  it('tell a pod that ends, or has ended meanwhile, from a node that does not answer', async () => {
    const ending = { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' }
    for (const lists of [[[ending]], [[{ name: 'p' }], [ending]], [[{ name: 'p' }], [{ name: 'q' }], []]]) {
      const test = await climb(wayTo(await startPassing(...lists)))
      expect(rung(test, 'upgrade')).toMatchObject({
        status: 'skipped',
        detail: 'There is no running pod to try it with.',
      })
      expect(test.cause).toBeNull()
    }
  })

  it('try another pod before they say that no tunnel opens, and name one that stays', async () => {
    const test = await climb(wayTo(await startPassing([{ name: 'p' }], [{ name: 'q' }])))
    expect(rung(test, 'upgrade')).toMatchObject({ status: 'fail' })
    expect(test.cause).toMatchObject({ code: 'node-unreachable' })
    expect(rung(test, 'upgrade').detail).toContain('No port-forward to pod q in shop')
  })
})
