import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createClient } from '../../contract/client.ts'
import { ok } from '../../contract/errors.ts'
import { httpRequest as route } from '../../contract/http-transport.ts'
import { operationNames, operations } from '../../contract/operations.ts'
import { owner } from '../../contract/permissions.ts'
import { Log } from '../core/log.ts'
import { EventHub } from '../core/operations/event-hub.ts'
import type { Handlers } from '../core/operations/handlers.ts'
import { Router } from '../core/operations/router.ts'
import { createLocalTransport } from './local-client.ts'
import { startHttpServer, type HttpServer } from './server.ts'

const token = 'a-token-for-this-spec-only'
const id = '7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001'
let server: HttpServer
let folder: string
let hub: EventHub
let router: Router

type Init = { method?: string; body?: string; headers?: Record<string, string> }
const api = (path: string, init: Init = {}): Promise<Response> =>
  fetch(`${server.url}/api/v1${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-http-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Mooring</title>')
  await writeFile(join(folder, 'private.key'), 'not to be served')
  hub = new EventHub()
  hub.source('settings', () => ({ theme: 'dark' }))
  const handlers = Object.fromEntries(
    operationNames.map((name) => [name, () => ok(/[aA]ctive$/.test(name) ? { id } : [])]),
  )
  const log = new Log([])
  router = new Router({ handlers: handlers as unknown as Handlers, audit: () => undefined, log })
  server = await startHttpServer({
    listen: { kind: 'loopback', port: 0, token },
    router,
    hub,
    log,
    version: '0.0.0',
    principal: owner,
    rendererDir: folder,
  })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

describe('every operation over HTTP', () => {
  it.each(operationNames)('%s asks for the token', async (name) => {
    const { method, path, body } = route(name, { id })
    const init = { method, ...(body === null ? {} : { body }) }
    const answer = await fetch(server.url + path, init)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ error: { code: 'unauthenticated' } })
  })

  it.each(operationNames.filter((name) => !['GET', 'DELETE'].includes(operations[name].method)))(
    '%s refuses a body over its limit, broken JSON, other types and lists',
    async (name) => {
      const { method, path } = route(name, { id })
      const limit = (operations[name] as { maxBytes?: number }).maxBytes ?? 64 * 1024
      const send = async (body: string, type = 'application/json') =>
        (await api(path.slice('/api/v1'.length), { method, body, headers: { 'content-type': type } })).status
      expect(await send(`{"a":"${'x'.repeat(limit)}"}`)).toBe(413)
      expect(await send('{"a":')).toBe(400)
      expect(await send('[]')).toBe(400)
      expect(await send('{}', 'text/plain')).toBe(415)
      expect(await send('{"unexpected":1}')).toBe(400)
    },
  )
})

describe('the HTTP server', () => {
  it('tells a wrong method from an unknown path, and a literal path from a parameter', async () => {
    const wrong = await api('/clusters/active', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PUT'])
    expect((await api('/clusters/active/more')).status).toBe(404)
    expect(await (await api('/clusters/active')).json()).toEqual({ id })
    expect((await api('/clusters/%ff')).status).toBe(404)
  })

  it.for([
    {
      what: 'without a valid token',
      path: '/api/v1/clusters',
      headers: { authorization: 'Bearer wrong' },
      status: 401,
    },
    { what: 'of another name', path: '/api/v1/clusters', headers: { host: 'example.com' }, status: 403 },
    { what: 'to nowhere', path: '/api/v1/none', headers: {}, status: 404 },
    { what: 'to a page', path: '/index.html', headers: {}, status: 405 },
    { what: 'of too much', path: '/api/v1/forwards', headers: { 'content-type': 'application/json' }, status: 413 },
  ])('answers a large request $what although its sender reads only after it has sent', async (given) => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    const body = Buffer.alloc(20 * 1024 * 1024, 'x')
    const fields: Record<string, string> = {
      host: `${hostname}:${port}`,
      authorization: `Bearer ${token}`,
      ...given.headers,
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.pause()
    const head = `POST ${given.path} HTTP/1.1\r\n${lines.join('')}connection: close\r\ncontent-length: ${body.length}\r\n\r\n`
    const sent = new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.write(head)
      socket.write(body, () => resolve())
    })
    await sent
    const answer = await text(socket)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${given.status} `))
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toHaveProperty('error.code')
  })

  it('refuses a Host of another name (DNS rebinding)', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const port = new URL(server.url).port
      const request = httpRequest({
        host: '127.0.0.1',
        port,
        path: '/api/v1/clusters',
        headers: { host: 'evil.example', authorization: `Bearer ${token}` },
      })
      request
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })

  it('refuses requests of other pages, with or without the cookie', async () => {
    const session = await api('/session', { method: 'POST' })
    const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    expect(session.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/)
    const withCookie = (headers: Record<string, string>, method = 'PUT') =>
      fetch(`${server.url}/api/v1/clusters/active`, {
        method,
        headers: { cookie, 'content-type': 'application/json', ...headers },
        ...(method === 'PUT' ? { body: JSON.stringify({ id }) } : {}),
      }).then((answer) => answer.status)
    expect(await withCookie({ origin: server.url })).toBe(200)
    expect(await withCookie({})).toBe(403)
    expect(await withCookie({ origin: 'http://evil.example' })).toBe(403)
    expect(await withCookie({ origin: 'null' })).toBe(403)
    expect(await withCookie({}, 'GET')).toBe(200)
    expect(await withCookie({ 'sec-fetch-site': 'cross-site' }, 'GET')).toBe(403)
    expect((await api('/clusters', { headers: { origin: 'http://evil.example' } })).status).toBe(403)
  })

  it('announces no end of an idle connection: a request that meets it would be lost', async () => {
    const answer = await api('/clusters')
    expect(answer.headers.get('connection')).toBe('keep-alive')
    expect(answer.headers.get('keep-alive')).toBeNull()
  })

  it('serves the pages with a strict policy, and nothing outside their folder', async () => {
    const page = await fetch(`${server.url}/`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    for (const path of [
      '/private.key',
      '/../../package.json',
      '/%2e%2e/%2e%2e/package.json',
      '/..%2fpackage.json',
      '/index.html%00.css',
    ])
      expect((await fetch(server.url + path)).status, path).toBe(404)
  })

  it('refuses a foreign or unsigned WebSocket and serves a right one', async () => {
    const open = (headers: Record<string, string>) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/events`, { headers })
        socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
        socket.on('error', () => undefined)
        socket.on('open', () => socket.send('{"subscribe":"settings"}'))
        socket.on('message', (data: Buffer) => {
          resolve(data.toString())
          socket.close()
        })
      })
    expect(await open({})).toBe('401')
    expect(await open({ authorization: `Bearer ${token}`, origin: 'http://evil.example' })).toBe('403')
    expect(await open({ authorization: `Bearer ${token}` })).toContain('"kind":"snapshot"')
  })

  it('limits attempts with a wrong token, and says when to try again', async () => {
    const limited = await startHttpServer({
      listen: { kind: 'loopback', port: 0, token },
      router,
      hub,
      log: new Log([]),
      version: '0.0.0',
      principal: owner,
      rendererDir: null,
    })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 40; attempt++)
      statuses.push(
        (await fetch(`${limited.url}/api/v1/clusters`, { headers: { authorization: 'Bearer wrong' } })).status,
      )
    expect(statuses[0]).toBe(401)
    expect(statuses.at(-1)).toBe(429)
    await limited.close()
  })

  it('serves the same over a local socket that only its owner may open', async () => {
    const path = join(folder, 'mooring.sock')
    const log = new Log([])
    const local = await startHttpServer({
      listen: { kind: 'socket', path },
      router,
      hub,
      log,
      version: '0.0.0',
      principal: owner,
      rendererDir: null,
    })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const transport = createLocalTransport(path)
    const client = createClient(transport)
    expect(await client.clusters.active()).toEqual({ ok: true, value: { id } })
    const snapshot = await new Promise((resolve) => {
      const end = client.subscribe('settings', (message) => {
        resolve(message.data)
        end()
      })
    })
    expect(snapshot).toEqual({ theme: 'dark' })
    await transport.close()
    await local.close()
    expect(await client.clusters.active()).toMatchObject({ ok: false, error: { code: 'owner-lost' } })
  })

  it('describes every operation in its OpenAPI document', async () => {
    const document = (await (await api('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId))
    expect(ids.sort()).toEqual([...operationNames].sort())
  })
})
