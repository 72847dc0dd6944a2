import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../contract/sidecar.ts'
import { apiDispatcher, callApi } from './api-call.ts'
import { plainConnection, sendJson, startServer, startTcpServer, type TestServer } from './api-server.testing.ts'
import { makeAuthority, makeIdentity } from './certificates.testing.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})
const using = <T extends AsyncDisposable>(one: T): T => {
  open.push(one)
  return one
}

const authority = makeAuthority('api authority')
const local = makeIdentity({ commonName: 'api', names: ['127.0.0.1', 'api.example.test'] }, authority)
const answering = async (): Promise<TestServer> =>
  using(await startServer((_request, response) => sendJson(response, { gitVersion: 'v1.36.3' }), local))

const ask = async (connection: ClusterConnection, path = '/version', timeoutMs = 10_000): Promise<unknown> => {
  const dispatcher = apiDispatcher(connection, { connectMs: timeoutMs })
  try {
    return await callApi(dispatcher, connection, { path, timeoutMs })
  } finally {
    await dispatcher.destroy()
  }
}
const trusting = (server: TestServer, more: Partial<ClusterConnection> = {}): ClusterConnection =>
  plainConnection(`https://127.0.0.1:${server.port}`, { certificateAuthority: authority.certificate, ...more })

describe('a call of the API', () => {
  it('trusts the authority of the kubeconfig', async () => {
    expect(await ask(trusting(await answering()))).toEqual({ ok: true, value: { gitVersion: 'v1.36.3' } })
  })

  it.each([
    ['an authority that did not sign', { certificateAuthority: makeAuthority('other').certificate }],
    ['no authority at all', { certificateAuthority: null }],
    ['another name', { tlsServerName: 'other.example.test' }],
  ])('does not trust with %s', async (_words, more) => {
    expect(await ask(trusting(await answering(), more))).toMatchObject({
      ok: false,
      error: { class: 'unreachable', detail: 'tls' },
    })
  })

  it('takes tls-server-name as the name that must be in the certificate', async () => {
    expect(await ask(trusting(await answering(), { tlsServerName: 'api.example.test' }))).toMatchObject({ ok: true })
  })

  it('asks nothing of the certificate where the kubeconfig says so', async () => {
    const lax = { certificateAuthority: null, insecureSkipTlsVerify: true, tlsServerName: 'other.example.test' }
    expect(await ask(trusting(await answering(), lax))).toMatchObject({ ok: true })
  })

  it('keeps the path that the server address has', async () => {
    const server = await answering()
    await ask({ ...trusting(server), server: `https://127.0.0.1:${server.port}/k8s/clusters/c-1/` }, '/version')
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/version')
  })

  it('keeps its connections and uses them again', async () => {
    const server = await answering()
    const connection = trusting(server)
    const dispatcher = apiDispatcher(connection, { connections: 2 })
    for (let count = 0; count < 20; count += 1) await callApi(dispatcher, connection, { path: '/version' })
    expect(server.requests).toHaveLength(20)
    expect(server.connections()).toBeLessThanOrEqual(2)
    await dispatcher.destroy()
  })

  it('tells nobody who calls over plain http', async () => {
    const server = using(await startServer((_request, response) => sendJson(response, { gitVersion: 'v1.36.3' })))
    const impersonate = { user: 'zoë', uid: '7', groups: ['devs'], extra: { team: ['a'] } }
    for (const credentials of [{ token: 'secret-token' }, { basic: { username: 'zoë', password: 'secret' } }])
      await ask(plainConnection(`http://127.0.0.1:${server.port}`, { ...credentials, impersonate }))
    expect(server.requests).toHaveLength(2)
    for (const { rawHeaders } of server.requests)
      expect(rawHeaders.join('\n')).not.toMatch(/authorization|impersonate|secret/i)
  })

  it('says who calls, with each impersonated group in a line of its own', async () => {
    const server = await answering()
    const impersonate = { user: 'zoë', uid: '7', groups: ['devs', 'on call'], extra: { 'Acme.com/Team é': ['a', 'b'] } }
    await ask(trusting(server, { token: 'secret-token\n', impersonate }))
    const lines: string[] = []
    const raw = server.requests[0]?.rawHeaders ?? []
    for (let index = 0; index < raw.length; index += 2) {
      const value = Buffer.from(raw[index + 1] ?? '', 'latin1').toString('utf8')
      lines.push(`${raw[index] ?? ''}: ${value}`)
    }
    expect(lines).toEqual(
      expect.arrayContaining([
        'authorization: Bearer secret-token',
        'impersonate-user: zoë',
        'impersonate-uid: 7',
        'impersonate-group: devs',
        'impersonate-group: on call',
        'impersonate-extra-acme.com%2Fteam%20%C3%A9: a',
        'impersonate-extra-acme.com%2Fteam%20%C3%A9: b',
      ]),
    )
  })

  it('unpacks what the server packed', async () => {
    const server = using(
      await startServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        response.end(gzipSync('{"packed":true}'))
      }),
    )
    expect(await ask(plainConnection(`http://127.0.0.1:${server.port}`))).toEqual({ ok: true, value: { packed: true } })
  })

  it('calls a login page what it is', async () => {
    const server = using(
      await startServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' })
        response.end('<html>sign in</html>')
      }),
    )
    expect(await ask(plainConnection(`http://127.0.0.1:${server.port}`))).toMatchObject({
      ok: false,
      error: { class: 'gateway' },
    })
  })

  it('tells a port where nothing listens', async () => {
    const server = await answering()
    await server[Symbol.asyncDispose]()
    open.splice(0)
    expect(await ask(trusting(server))).toMatchObject({ error: { class: 'unreachable', detail: 'refused' } })
  })

  it('tells a server that accepts and stays silent, within its time', async () => {
    const server = using(await startTcpServer(() => undefined))
    const begun = performance.now()
    const answer = await ask(trusting(server), '/version', 300)
    expect(answer).toMatchObject({ ok: false, error: { status: null } })
    expect(performance.now() - begun).toBeLessThan(2_000)
  })

  it('tells a server that speaks plain http', async () => {
    const server = using(await startServer((_request, response) => sendJson(response, {})))
    const answer = await ask(trusting(server))
    expect(answer).toMatchObject({ error: { class: 'unreachable', detail: 'tls' } })
    expect(JSON.stringify(answer)).toContain('plain http')
  })

  it('ends with the reason of its caller when the caller goes', async () => {
    const server = using(await startTcpServer(() => undefined))
    const connection = plainConnection(`http://127.0.0.1:${server.port}`)
    const dispatcher = apiDispatcher(connection)
    const gone = new AbortController()
    const call = callApi(dispatcher, connection, { path: '/version', signal: gone.signal })
    gone.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
    await dispatcher.destroy()
  })
})

/** A proxy for CONNECT that wants this login, if any. */
async function startHttpProxy(login?: string): Promise<TestServer> {
  return using(
    await startTcpServer((socket) => {
      socket.once('data', (data) => {
        const head = data.toString('latin1')
        const [, host = '', port = ''] = /^CONNECT ([^:]+):(\d+) /.exec(head) ?? []
        if (login !== undefined && !head.includes(`Basic ${Buffer.from(login).toString('base64')}`)) {
          socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
          return
        }
        const upstream = net.connect(Number(port), host === 'api.example.test' ? '127.0.0.1' : host, () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
          socket.pipe(upstream).pipe(socket)
        })
        upstream.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
      })
    }),
  )
}

describe('through a proxy', () => {
  it('reaches the server by a name only the proxy knows', async () => {
    const [server, proxy] = [await answering(), await startHttpProxy()]
    const connection = trusting(server, { proxyUrl: `http://127.0.0.1:${proxy.port}` })
    expect(await ask({ ...connection, server: `https://api.example.test:${server.port}` })).toMatchObject({ ok: true })
  })

  it('logs in', async () => {
    const [server, proxy] = [await answering(), await startHttpProxy('us er:p@ss')]
    const proxyUrl = `http://us%20er:p%40ss@127.0.0.1:${proxy.port}`
    expect(await ask(trusting(server, { proxyUrl }))).toMatchObject({ ok: true })
  })

  it('says 407, and never the password', async () => {
    const [server, proxy] = [await answering(), await startHttpProxy('right:word')]
    const answer = await ask(trusting(server, { proxyUrl: `http://wrong:hush-hush@127.0.0.1:${proxy.port}` }))
    expect(answer).toMatchObject({ error: { class: 'unreachable', detail: 'proxy' } })
    expect(JSON.stringify(answer)).toContain('407')
    expect(JSON.stringify(answer)).not.toContain('hush-hush')
  })

  it('says that the proxy could not reach the server', async () => {
    const proxy = await startHttpProxy()
    const connection = plainConnection('https://127.0.0.1:1', { proxyUrl: `http://127.0.0.1:${proxy.port}` })
    expect(await ask(connection)).toMatchObject({
      error: { detail: 'proxy', message: expect.stringContaining('502') as string },
    })
  })

  it('blames the proxy, not the server, when the proxy is not there', async () => {
    const connection = plainConnection('https://127.0.0.1:6443', { proxyUrl: 'http://127.0.0.1:1' })
    expect(await ask(connection)).toMatchObject({ error: { detail: 'proxy' } })
  })

  it('of SOCKS5 reaches the server, with a login and byte by byte', async () => {
    const server = await answering()
    const proxy = await startSocksProxy('me', 'word')
    const connection = trusting(server, { proxyUrl: `socks5://me:word@127.0.0.1:${proxy.port}` })
    expect(await ask(connection)).toMatchObject({ ok: true })
    const refused = trusting(server, { proxyUrl: `socks5://me:wrong@127.0.0.1:${proxy.port}` })
    expect(await ask(refused)).toMatchObject({ error: { detail: 'proxy' } })
  })

  it('of SOCKS5 says why the proxy cannot connect', async () => {
    const proxy = await startSocksProxy('me', 'word')
    const connection = plainConnection('https://127.0.0.1:1', { proxyUrl: `socks5://me:word@127.0.0.1:${proxy.port}` })
    expect(await ask(connection)).toMatchObject({
      error: { detail: 'proxy', message: expect.stringContaining('refused') as string },
    })
  })

  it('that is no proxy is called so', async () => {
    const server = using(await startTcpServer((socket) => socket.end('220 mail ready\r\n\r\n')))
    const connection = plainConnection('https://127.0.0.1:6443', { proxyUrl: `http://127.0.0.1:${server.port}` })
    expect(await ask(connection)).toMatchObject({ error: { detail: 'proxy' } })
  })
})

/** SOCKS5 with a login (RFC 1928, 1929); its answers arrive byte by byte. */
async function startSocksProxy(user: string, password: string): Promise<TestServer> {
  return using(
    await startTcpServer((socket) => {
      const slowly = (bytes: Buffer): void => {
        for (const byte of bytes) socket.write(Buffer.of(byte))
      }
      socket.setNoDelay(true)
      socket.once('data', () => {
        slowly(Buffer.of(5, 2))
        socket.once('data', (login) => {
          const expected = Buffer.concat([
            Buffer.of(1, user.length),
            Buffer.from(user),
            Buffer.of(password.length),
            Buffer.from(password),
          ])
          slowly(Buffer.of(1, login.equals(expected) ? 0 : 1))
          socket.once('data', (request) => {
            const upstream = net.connect(request.readUInt16BE(request.length - 2), '127.0.0.1', () => {
              slowly(Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80))
              socket.pipe(upstream).pipe(socket)
            })
            upstream.on('error', () => slowly(Buffer.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)))
          })
        })
      })
    }),
  )
}
