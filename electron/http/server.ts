import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { drop } from '../../contract/drop.ts'
import { errorStatus, ok, type Result } from '../../contract/errors.ts'
import { heartbeat } from '../../contract/events.ts'
import { openApiDocument } from '../../contract/openapi.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import type { Principal } from '../../contract/permissions.ts'
import type { Log } from '../core/log.ts'
import type { EventHub } from '../core/operations/event-hub.ts'
import { EventSession } from '../core/operations/event-session.ts'
import type { Router } from '../core/operations/router.ts'
import { contentSecurityPolicy } from '../core/pages/content-security-policy.ts'
import { readStaticFile } from '../core/pages/static-files.ts'
import { Callers, type Listening } from './callers.ts'
import { refuse } from './refuse.ts'
import { discardRest, hasBody, readBody } from './request-body.ts'
import { matchRoute } from './routes.ts'
import { strictHeaders } from './security.ts'

export type HttpServerOptions = {
  listen: Listening
  router: Router
  hub: EventHub
  log: Log
  version: string
  principal: Principal
  /** Folder of the built renderer; null: the API alone. */
  rendererDir: string | null
  /** On a local socket: the address that signs a browser in to the host beside it, for a second start. */
  loginUrl?: string
}

/** A running server; `close` ends its connections too. */
export type HttpServer = { readonly url: string; close(): Promise<void> }

const usualBodyBytes = 64 * 1024
const pingEveryMs = 15_000
const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** Serves REST, events and the renderer. Everything it is told comes from outside: nothing is trusted before it is checked. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = new MooringHttp(options)
  return server.listen()
}

class MooringHttp {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #sockets: WebSocketServer
  readonly #callers: Callers
  readonly #alive = new WeakSet<WebSocket>()

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#callers = new Callers(options)
    this.#server = createServer(
      {
        requestTimeout: 60_000,
        headersTimeout: 15_000,
        connectionsCheckingInterval: 5_000,
        maxHeaderSize: 16 * 1024,
        // Idle connections are left to those who opened them: one that ends just when it is used again loses a request.
        keepAliveTimeout: 0,
      },
      (request, response) => {
        this.#respond(request, response).catch((error: unknown) => this.#crash(response, error))
      },
    )
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    })
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false })
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('connection', (socket: Socket) => this.#callers.arrived(socket))
  }

  async listen(): Promise<HttpServer> {
    const { listen } = this.#options
    if (listen.kind === 'socket' && process.platform !== 'win32') await rm(listen.path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      if (listen.kind === 'socket') this.#server.listen(listen.path, resolve)
      else this.#server.listen({ host: '127.0.0.1', port: listen.port, exclusive: true }, resolve)
    })
    if (listen.kind === 'socket' && process.platform !== 'win32') await chmod(listen.path, 0o600)
    const port = listen.kind === 'loopback' ? (this.#server.address() as AddressInfo).port : 0
    this.#callers.listensOn(port)
    const ping = setInterval(() => this.#ping(), pingEveryMs)
    ping.unref()
    const beat = setInterval(() => this.#beat(), heartbeat.everyMs)
    beat.unref()
    return {
      url: listen.kind === 'loopback' ? `http://127.0.0.1:${port}` : `unix:${listen.path}`,
      close: async () => {
        clearInterval(ping)
        clearInterval(beat)
        for (const socket of this.#sockets.clients) socket.terminate()
        this.#server.closeAllConnections()
        await new Promise<void>((resolve) => this.#server.close(() => resolve()))
      },
    }
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = addressOf(request)
    for (const [name, value] of Object.entries(strictHeaders)) response.setHeader(name, value)
    if (!this.#callers.namesUs(request)) {
      await this.#send(
        response,
        refuse(
          'host-not-allowed',
          'The Host header does not name this Mooring.',
          'Use the address that Mooring printed.',
        ),
      )
    } else if (url === null)
      await this.#send(response, refuse('unknown-route', 'The address is not valid.', 'Start it with /.'))
    else if (url.pathname === '/healthz') await this.#send(response, ok({ status: 'ok' }))
    else if (url.pathname.startsWith('/api/')) await this.#send(response, await this.#api(request, response, url))
    else await this.#static(request, response, url)
  }

  async #api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<Result<unknown>> {
    const method = request.method ?? 'GET'
    const path = url.pathname.startsWith('/api/v1/') ? url.pathname.slice('/api/v1'.length) : null
    const caller = this.#callers.identify(request, { changing: changing.has(method) })
    if (!caller.ok) return caller
    if (path === '/openapi.json' && method === 'GET') return ok(openApiDocument(this.#options.version))
    if (path === '/login-url' && method === 'GET' && this.#options.loginUrl !== undefined)
      return ok({ url: this.#options.loginUrl })
    if (path === '/session' && method === 'POST') {
      this.#callers.openSession(caller.value, response)
      return ok({})
    }
    const match = path === null ? { kind: 'none' as const } : matchRoute(method, path)
    if (match.kind === 'none')
      return refuse(
        'unknown-route',
        `There is nothing at ${url.pathname.slice(0, 200)}.`,
        'See /api/v1/openapi.json for what there is.',
      )
    if (match.kind === 'other-method') {
      response.setHeader('allow', match.allowed.join(', '))
      return refuse('method-not-allowed', `${method} is not possible here.`, `Use ${match.allowed.join(' or ')}.`)
    }
    const input = await this.#readInput(request, url, match.name, match.parameters)
    if (!input.ok) return input
    const aborted = new AbortController()
    response.once('close', () => aborted.abort())
    return this.#options.router.call(match.name, input.value, {
      principal: caller.value.principal,
      signal: aborted.signal,
    })
  }

  async #readInput(
    request: IncomingMessage,
    url: URL,
    name: OperationName,
    parameters: Record<string, string>,
  ): Promise<Result<Record<string, unknown>>> {
    const { method } = operations[name]
    // Without a prototype: `__proto__` is a name like any other.
    const query = Object.create(null) as Record<string, unknown>
    for (const [key, value] of url.searchParams) {
      if (Object.hasOwn(query, key))
        return refuse('invalid-input', `The query names ${key.slice(0, 50)} twice.`, 'Give each field once.')
      query[key] = value
    }
    if (method === 'GET' || method === 'DELETE') {
      if (hasBody(request))
        return refuse('invalid-input', `${method} takes no body here.`, 'Put the fields into the query.')
      return this.#combine(parameters, query)
    }
    if (Object.keys(query).length > 0)
      return refuse('invalid-input', 'This takes no query.', 'Put the fields into the JSON body.')
    const limit = (operations[name] as { maxBytes?: number }).maxBytes ?? usualBodyBytes
    const body = await readBody(request, limit)
    if (!body.ok) return body
    if (body.value.length === 0) return ok({ ...parameters })
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
      return refuse('unsupported-media-type', 'The body must be JSON.', 'Send it with Content-Type: application/json.')
    let json: unknown
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body.value))
    } catch {
      return refuse('invalid-json', 'The body is not valid JSON.', 'Send one JSON object in UTF-8.')
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      return refuse('invalid-input', 'The body must be a JSON object.', 'Send one JSON object.')
    return this.#combine(parameters, json as Record<string, unknown>)
  }

  #combine(parameters: Record<string, string>, rest: Record<string, unknown>): Result<Record<string, unknown>> {
    const twice = Object.keys(rest).find((key) => Object.hasOwn(parameters, key))
    if (twice !== undefined)
      return refuse('invalid-input', `${twice} is given in the path already.`, `Leave ${twice} out of the rest.`)
    return ok({ ...rest, ...parameters })
  }

  async #static(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { rendererDir } = this.#options
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      await this.#send(response, refuse('method-not-allowed', 'Pages can only be read.', 'Use GET.'))
      return
    }
    const file = rendererDir === null ? null : await readStaticFile(rendererDir, url.pathname)
    if (file === null) {
      await this.#send(response, refuse('unknown-route', 'There is no such page.', 'Go to the start page.'))
      return
    }
    response.setHeader('content-type', file.type)
    response.setHeader(
      'content-security-policy',
      contentSecurityPolicy(this.#callers.ownHosts.map((host) => `ws://${host}`)),
    )
    if (file.immutable) response.setHeader('cache-control', 'public, max-age=31536000, immutable')
    response.end(request.method === 'HEAD' ? undefined : file.body)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const path = addressOf(request)?.pathname
    const caller = this.#callers.namesUs(request) ? this.#callers.identify(request, { changing: true }) : null
    if (path !== '/api/v1/events' || caller?.ok !== true) {
      const isForeign = caller?.ok === false && caller.error.code === 'origin-not-allowed'
      const status = path !== '/api/v1/events' ? '404 Not Found' : isForeign ? '403 Forbidden' : '401 Unauthorized'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serveEvents(client, caller.value.principal))
  }

  #serveEvents(client: WebSocket, principal: Principal): void {
    const session = new EventSession(this.#options.hub, principal, {
      send: (text) => client.send(text),
      pendingBytes: () => client.bufferedAmount,
    })
    this.#alive.add(client)
    client.on('pong', () => this.#alive.add(client))
    client.on('message', (data: Buffer, binary: boolean) => {
      this.#alive.add(client)
      if (binary || !session.receive(data.toString('utf8'))) client.close(1008, 'not understood or not allowed')
    })
    client.on('error', () => client.terminate())
    client.on('close', () => session.close())
  }

  #ping(): void {
    for (const client of this.#sockets.clients) {
      if (!this.#alive.has(client)) {
        client.terminate()
        continue
      }
      this.#alive.delete(client)
      client.ping()
    }
  }

  /** Pages cannot see a ping. Who has not taken what was sent hears from us all the same. */
  #beat(): void {
    for (const client of this.#sockets.clients) if (client.bufferedAmount === 0) client.send(heartbeat.text)
  }

  async #send(response: ServerResponse, result: Result<unknown>): Promise<void> {
    // An answer while the sender still writes would reach many a sender as a broken connection.
    await discardRest(response.req)
    if (response.writableEnded || response.destroyed) return
    const body = JSON.stringify(result.ok ? result.value : { error: result.error })
    response.statusCode = result.ok ? 200 : errorStatus[result.error.code]
    response.setHeader('content-type', 'application/json; charset=utf-8')
    if (!response.req.complete) response.setHeader('connection', 'close')
    response.end(body)
  }

  #crash(response: ServerResponse, error: unknown): void {
    this.#options.log.error(
      `an HTTP request met a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
    const words = 'Something went wrong inside Mooring.'
    const next = 'Try again; if it stays, copy the report from Diagnostics.'
    drop(this.#send(response, refuse('internal', words, next)), 'nobody waits for a request that failed')
  }
}

/** Where a request leads; null for what is no path (RFC 9112, section 3.2: only proxies are asked otherwise). */
const addressOf = ({ url = '/' }: IncomingMessage): URL | null =>
  url.startsWith('/') ? URL.parse(`http://mooring${url}`) : null
