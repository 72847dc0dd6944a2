import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../network/eventually.testing.ts'
import { WebSocket } from 'ws'
import { ok } from '../../contract/errors.ts'
import { operationNames } from '../../contract/operations.ts'
import { owner } from '../../contract/permissions.ts'
import { Log } from '../core/log.ts'
import { EventHub } from '../core/operations/event-hub.ts'
import type { Handlers } from '../core/operations/handlers.ts'
import { Router } from '../core/operations/router.ts'
import { startHttpServer, type HttpServer } from './server.ts'

const token = 'a-token-for-this-spec-only'
let server: HttpServer
let port: number
const logged: string[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  const log = new Log([(entry) => logged.push(entry.message)])
  const handlers = Object.fromEntries(operationNames.map((name) => [name, () => ok([])])) as unknown as Handlers
  const hub = new EventHub()
  hub.source('settings', () => ({ theme: 'dark' }))
  server = await startHttpServer({
    listen: { kind: 'loopback', port: 0, token },
    router: new Router({ handlers, audit: () => undefined, log }),
    hub,
    log,
    version: '0.0.0',
    principal: owner,
    rendererDir: null,
  })
  port = Number(new URL(server.url).port)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
  expect(logged.splice(0)).toEqual([])
})

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Sends these bytes and answers all that came back until the server ended the connection. */
async function send(text: string): Promise<string> {
  const socket = await open()
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
  const closed = once(socket, 'close')
  socket.write(text, 'latin1')
  await closed
  return answer
}

const request = (line: string, ...headers: string[]): Promise<string> =>
  send([line, `Host: 127.0.0.1:${port}`, 'Connection: close', ...headers, '', ''].join('\r\n'))

const answers = async (): Promise<number> =>
  (await fetch(`${server.url}/api/v1/clusters`, { headers: { authorization: `Bearer ${token}` } })).status

const noPaths = [
  '//',
  '///',
  'http://[',
  'http://127.0.0.1:1/healthz',
  '*',
  '/\\\\',
  '//evil.example/healthz',
  '/%',
  '?',
]

describe('a stranger', () => {
  it.each(noPaths)('who asks for %s is answered, and nothing breaks', async (path) => {
    const answer = await request(`GET ${path} HTTP/1.1`)
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /)
    expect(answer).not.toContain('internal')
    expect(await answers()).toBe(200)
  })

  it.each([...noPaths, '/api/v1/events', '/api/v1/clusters'])(
    'who wants a WebSocket at %s is refused, and nothing breaks',
    async (path) => {
      const socket = await open()
      let answer = ''
      socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      )
      await once(socket, 'end')
      expect(answer).toMatch(/^HTTP\/1\.1 (400|401|404) /)
      expect(await answers()).toBe(200)
    },
  )

  it('who speaks no HTTP, or a broken one, is answered and let go', async () => {
    const broken = [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /\r\n\r\n',
      `POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: -1\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\x00: x\r\n\r\n`,
    ]
    for (const text of broken) expect(await send(text)).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(await answers()).toBe(200)
  })

  it('with a thousand open connections that say nothing shuts nobody out', async () => {
    const idle: Socket[] = []
    for (let count = 0; count < 1000; count++) idle.push(await open())
    expect(await answers()).toBe(200)
    await eventually(() =>
      expect(idle.filter((socket) => !socket.closed && !socket.readableEnded).length).toBeLessThan(250),
    )
  })

  it('who guesses tokens shuts out only himself', async () => {
    const guess = async (): Promise<number> =>
      (await fetch(`${server.url}/api/v1/clusters`, { headers: { authorization: 'Bearer wrong' } })).status
    const statuses: number[] = []
    for (let attempt = 0; attempt < 40; attempt++) statuses.push(await guess())
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    expect(await answers()).toBe(200)
  })
})

describe('a caller with the token', () => {
  const connectEvents = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
    })
    socket.on('error', () => undefined)
    await once(socket, 'open')
    return socket
  }

  it.each([
    ['no JSON', '{'],
    ['another shape', '{"subscribe":7}'],
    ['an unknown stream', '{"subscribe":"__proto__"}'],
    ['an unknown field', '{"subscribe":"settings","__proto__":{}}'],
    ['a stream of a thing that is not there', '{"subscribe":"cluster-test:7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001"}'],
    ['deep nesting', '['.repeat(60_000)],
    ['bytes', Buffer.from([0, 1, 2])],
    ['more than the limit', 'x'.repeat(65 * 1024)],
  ])('whose event request is %s is closed, and nothing breaks', async (_what, message) => {
    const socket = await connectEvents()
    const closed = once(socket, 'close')
    socket.send(message)
    const [code] = (await closed) as [number]
    expect([1008, 1009]).toContain(code)
    expect(await answers()).toBe(200)
  })

  it('who sends a field twice or of a strange name is told so', async () => {
    const get = async (query: string): Promise<number> =>
      (await fetch(`${server.url}/api/v1/audit?${query}`, { headers: { authorization: `Bearer ${token}` } })).status
    for (const query of ['limit=1&limit=2', '__proto__=1', 'constructor=1', 'limit[]=1', 'limit=1e9', '%00=1'])
      expect(await get(query), query).toBe(400)
    for (const body of ['{"__proto__":{"theme":"dark"}}', '{"theme":"dark","__proto__":1}', '{"constructor":{}}'])
      expect(
        (
          await fetch(`${server.url}/api/v1/settings`, {
            method: 'PATCH',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body,
          })
        ).status,
        body,
      ).toBe(400)
  })
})
