import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ok, type Result } from '../../contract/errors.ts'
import type { Principal } from '../../contract/permissions.ts'
import { refuse } from './refuse.ts'
import { FailureLimit, sameSecret, Strangers } from './security.ts'

/** Where a server listens. Loopback TCP asks for the token; a socket file is guarded by its mode, 0600 in a 0700 folder. */
export type Listening = { kind: 'loopback'; port: number; token: string } | { kind: 'socket'; path: string }

/** Who sent a request, and how they showed it. */
export type Caller = { principal: Principal; by: 'bearer' | 'cookie' | 'socket' }

const mostSessions = 100

const signIn = (): Result<never> =>
  refuse(
    'unauthenticated',
    'No valid token came with the request.',
    'Open the address that Mooring printed, or send its token as a bearer token.',
  )

/** Tells who calls a server, by Host header, token, session and page of origin; refuses whom it does not know. */
export class Callers {
  readonly #listen: Listening
  readonly #principal: Principal
  readonly #sessions = new Set<string>()
  readonly #failures = new FailureLimit()
  readonly #strangers = new Strangers()
  #port = 0

  constructor({ listen, principal }: { listen: Listening; principal: Principal }) {
    this.#listen = listen
    this.#principal = principal
  }

  /** The port that the system gave; nobody is known before. */
  listensOn(port: number): void {
    this.#port = port
  }

  /** Somebody connected, and has not shown yet who they are. */
  arrived(socket: Socket): void {
    this.#strangers.arrived(socket)
  }

  /** The names by which a request may call us, with the port. */
  get ownHosts(): string[] {
    return [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`]
  }

  /** DNS rebinding: a page of another name that resolves to us still says its own name in Host. */
  namesUs(request: IncomingMessage): boolean {
    if (this.#listen.kind === 'socket') return true
    return this.ownHosts.includes((request.headers.host ?? '').toLowerCase())
  }

  /**
   * Who sends a request; `changing`: to change something, or to follow events. Errors: unauthenticated,
   * too-many-requests, origin-not-allowed.
   */
  identify(request: IncomingMessage, { changing }: { changing: boolean }): Result<Caller> {
    const caller = this.#authenticate(request)
    if (!caller.ok) return caller
    const origin = this.#checkOrigin(request, caller.value, changing)
    return origin.ok ? caller : origin
  }

  /** Gives a browser that brought the token a cookie in its place. */
  openSession(caller: Caller, response: ServerResponse): void {
    if (caller.by !== 'bearer') return
    const session = randomBytes(32).toString('base64url')
    // More than one person never uses this: the oldest session gives way.
    if (this.#sessions.size >= mostSessions) this.#sessions.delete([...this.#sessions][0] ?? '')
    this.#sessions.add(session)
    response.setHeader('set-cookie', `${this.#cookieName()}=${session}; Path=/; HttpOnly; SameSite=Strict`)
  }

  #authenticate(request: IncomingMessage): Result<Caller> {
    const listen = this.#listen
    const welcome = (by: Caller['by']): Result<Caller> => {
      this.#strangers.known(request.socket)
      return ok({ principal: this.#principal, by })
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

  #cookieName(): string {
    // Cookies are shared between the ports of a host; the name keeps two Moorings apart.
    return `mooring-${this.#port}`
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
    const own = this.ownHosts.map((host) => `http://${host}`)
    const right = origin === undefined ? !(required && caller.by === 'cookie') : own.includes(origin)
    const site = request.headers['sec-fetch-site']
    if (right && (site === undefined || site === 'same-origin' || site === 'none')) return ok(null)
    return refuse(
      'origin-not-allowed',
      'The request comes from another page.',
      'Use the page that Mooring itself serves.',
    )
  }
}
