import { randomBytes } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { drop } from '../../contract/drop.ts'
import { type AppError, appError, errorStatus, fail, ok, type Result } from '../../contract/errors.ts'
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
import { discardRest, hasBody, readBody } from './request-body.ts'
import { matchRoute } from './routes.ts'
import { FailureLimit, sameSecret, Strangers, strictHeaders } from './security.ts'

/** Where a server listens. Loopback TCP asks for the token; a socket file is guarded by its mode, 0600 in a 0700 folder. */
export type Listening = { kind: 'loopback'; port: number; token: string } | { kind: 'socket'; path: string }

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

type Caller = { principal: Principal; by: 'bearer' | 'cookie' | 'socket' }

const usualBodyBytes = 64 * 1024
const pingEveryMs = 15_000
const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

const refuse = (code: AppError['code'], message: string, next: string): Result<never> =>
  fail(appError(code, message, next))
const signIn = (): Result<never> =>
  refuse(
    'unauthenticated',
    'No valid token came with the request.',
    'Open the address that Mooring printed, or send its token as a bearer token.',
  )

/** Serves REST, events and the renderer. Everything it is told comes from outside: nothing is trusted before it is checked. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = new MooringHttp(options)
  return server.listen()
}

class MooringHttp {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #sockets: WebSocketServer
  readonly #sessions = new Set<string>()
  readonly #failures = new FailureLimit()
  readonly #strangers = new Strangers()
  readonly #alive = new WeakSet<WebSocket>()
  #port = 0

  constructor(options: HttpServerOptions) {
    this.#options = options
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
    this.#server.on('connection', (socket: Socket) => this.#strangers.arrived(socket))
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
    if (listen.kind === 'loopback') this.#port = (this.#server.address() as AddressInfo).port
    const ping = setInterval(() => this.#ping(), pingEveryMs)
    ping.unref()
    const beat = setInterval(() => this.#beat(), heartbeat.everyMs)
    beat.unref()
    return {
      url: listen.kind === 'loopback' ? `http://127.0.0.1:${this.#port}` : `unix:${listen.path}`,
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
    if (!this.#hostAllowed(request)) {
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
    const caller = this.#authenticate(request)
    if (!caller.ok) return caller
    const origin = this.#checkOrigin(request, caller.value, changing.has(method))
    if (!origin.ok) return origin
    if (path === '/openapi.json' && method === 'GET') return ok(openApiDocument(this.#options.version))
    if (path === '/login-url' && method === 'GET' && this.#options.loginUrl !== undefined)
      return ok({ url: this.#options.loginUrl })
    if (path === '/session' && method === 'POST') return this.#openSession(caller.value, response)
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

  #openSession(caller: Caller, response: ServerResponse): Result<unknown> {
    if (this.#options.listen.kind === 'socket') return ok({})
    if (caller.by === 'bearer') {
      const session = randomBytes(32).toString('base64url')
      // More than one person never uses this: the oldest session gives way.
      if (this.#sessions.size >= 100) this.#sessions.delete([...this.#sessions][0] ?? '')
      this.#sessions.add(session)
      response.setHeader('set-cookie', `${this.#cookieName()}=${session}; Path=/; HttpOnly; SameSite=Strict`)
    }
    return ok({})
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

  /** DNS rebinding: a page of another name that resolves to us still says its own name in Host. */
  #hostAllowed(request: IncomingMessage): boolean {
    if (this.#options.listen.kind === 'socket') return true
    return this.#ownHosts().includes((request.headers.host ?? '').toLowerCase())
  }

  #ownHosts(): string[] {
    return [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`]
  }

  #cookieName(): string {
    // Cookies are shared between the ports of a host; the name keeps two Moorings apart.
    return `mooring-${this.#port}`
  }

  #authenticate(request: IncomingMessage): Result<Caller> {
    const { listen, principal } = this.#options
    const welcome = (by: Caller['by']): Result<Caller> => {
      this.#strangers.known(request.socket)
      return ok({ principal, by })
    }
    if (listen.kind === 'socket') return welcome('socket')
    const bearer = /^bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined && sameSecret(bearer, listen.token)) return welcome('bearer')
    const session = bearer === undefined ? this.#cookie(request) : undefined
    if (session !== undefined && [...this.#sessions].some((known) => sameSecret(known, session)))
      return welcome('cookie')
    if (bearer === undefined && session === undefined) return signIn()
    // Who has the right token is never shut out: all of this machine come from the same address.
    const address = request.socket.remoteAddress ?? ''
    if (this.#failures.exceeded(address))
      return refuse(
        'too-many-requests',
        'Too many attempts with a wrong token.',
        'Wait a minute, then use the address that Mooring printed.',
      )
    this.#failures.failed(address)
    return signIn()
  }

  #cookie(request: IncomingMessage): string | undefined {
    const name = `${this.#cookieName()}=`
    for (const part of (request.headers.cookie ?? '').split(';')) {
      const trimmed = part.trim()
      if (trimmed.startsWith(name)) return trimmed.slice(name.length)
    }
    return undefined
  }

  /** A foreign Origin is always refused; who comes by cookie must show the right one to change something. */
  #checkOrigin(request: IncomingMessage, caller: Caller, required: boolean): Result<null> {
    const { origin } = request.headers
    const own = this.#ownHosts().map((host) => `http://${host}`)
    const right = origin === undefined ? !(required && caller.by === 'cookie') : own.includes(origin)
    const site = request.headers['sec-fetch-site']
    if (right && (site === undefined || site === 'same-origin' || site === 'none')) return ok(null)
    return refuse(
      'origin-not-allowed',
      'The request comes from another page.',
      'Use the page that Mooring itself serves.',
    )
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
    response.setHeader('content-security-policy', contentSecurityPolicy(this.#ownHosts().map((host) => `ws://${host}`)))
    if (file.immutable) response.setHeader('cache-control', 'public, max-age=31536000, immutable')
    response.end(request.method === 'HEAD' ? undefined : file.body)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const path = addressOf(request)?.pathname
    const allowed = this.#hostAllowed(request) ? this.#authenticate(request) : signIn()
    const checked = allowed.ok ? this.#checkOrigin(request, allowed.value, true) : allowed
    if (path !== '/api/v1/events' || !allowed.ok || !checked.ok) {
      const status = path !== '/api/v1/events' ? '404 Not Found' : allowed.ok ? '403 Forbidden' : '401 Unauthorized'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serveEvents(client, allowed.value.principal))
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
