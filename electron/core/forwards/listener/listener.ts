import { createServer, type Server, type Socket } from 'node:net'
import { drop } from '../../../../contract/drop.ts'
import { fail, ok, type Result } from '../../../../contract/errors.ts'
import type { Clock, Timer } from '../../clock.ts'
import { createClientPresence, type ClientPresence } from '../../platform/client-presence.ts'
import { ClientConnection, type ListenerConnection } from './client-connection.ts'
import type { Parking } from './parking.ts'
import type { SpliceEnd } from './splice.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'

/** Where clients go: to a pod; wait so long for one; or be closed soon, because only a person can mend what is wrong. */
export type ListenerRoute =
  | { readonly kind: 'tunnel'; readonly tunnel: Tunnel }
  | { readonly kind: 'park'; readonly seconds: number }
  | { readonly kind: 'close'; readonly afterMs: number }

/** Why a client was closed without having been served. */
export type UnservedReason = 'limit' | 'waited-too-long' | 'holding' | 'target-changed'

export type ListenFailure = {
  readonly code: 'local-port-taken' | 'local-port-forbidden' | 'bind-address-unusable'
  readonly message: string
}

export type ListenerTotals = {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly accepted: number
  readonly closedUnserved: number
  readonly parked: number
  readonly open: number
}

export type ListenerOptions = {
  /** IP address to listen on. */
  readonly bind: string
  /** 0: the system chooses; `port` says which. */
  readonly port: number
  readonly forwardId: string
  /** Shared by all listeners. */
  readonly parking: Parking
  readonly clock: Clock
  /** A client was closed without having been served. */
  readonly unserved: (reason: UnservedReason) => void
  readonly presence?: ClientPresence
}

/** A tunnel that is said to be ready and gave no stream is asked again after so long. */
const retryMs = 250
/** So often is looked for waiting clients that have left, to free their places. */
const sweepMs = 1_000

/** One for all listeners: a look at the system's table of sockets answers for every client. */
const sharedPresence = createClientPresence()

/**
 * The local port of one port mapping: bound once and kept, whatever happens behind it. Clients are accepted at any
 * time; until there is a tunnel they wait unread, then they are joined with it in the order in which they came.
 */
export class PortListener {
  readonly #options: ListenerOptions
  readonly #presence: ClientPresence
  #server: Server | null = null
  #port: number
  #route: ListenerRoute = { kind: 'park', seconds: 30 }
  #parkSeconds = 30
  #revision = 0
  readonly #clients = new Set<ClientConnection>()
  #retry: Timer | null = null
  #sweep: Timer | null = null
  #totals = { bytesIn: 0, bytesOut: 0, accepted: 0, closedUnserved: 0 }
  #closed = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#presence = options.presence ?? sharedPresence
    this.#port = options.port
  }

  /** The bound port; before that the wanted one. */
  get port(): number {
    return this.#port
  }

  get listening(): boolean {
    return this.#server !== null
  }

  /** Binds; may be called again after a failure. */
  listen(): Promise<Result<number, ListenFailure>> {
    const { bind } = this.#options
    const port = this.#port
    return new Promise((resolve) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, this.#accept)
      server.once('error', (error: NodeJS.ErrnoException) => resolve(fail(listenFailure(error, bind, port))))
      server.listen({ host: bind, port, exclusive: true }, () => {
        if (this.#closed) {
          server.close(() => resolve(fail(gone(bind, port))))
          return
        }
        const address = server.address()
        if (address !== null && typeof address === 'object') this.#port = address.port
        this.#server = server
        // A client that could not be accepted (no descriptors left) is lost; those after it are not.
        server.on('error', () => (this.#totals.closedUnserved += 1))
        resolve(ok(this.#port))
      })
    })
  }

  /** Where clients go from now on, waiting ones included. Open connections stay with the tunnel they have. */
  route(route: ListenerRoute): void {
    this.#route = route
    if (route.kind === 'park') this.#parkSeconds = route.seconds
    for (const client of [...this.#clients]) {
      if (client.state !== 'parked') continue
      if (route.kind === 'tunnel') this.#serve(client, route.tunnel)
      else this.#setDeadline(client)
    }
  }

  connections(): ListenerConnection[] {
    const current = this.#route.kind === 'tunnel' ? this.#route.tunnel : null
    return [...this.#clients].map((client) => client.row(current))
  }

  totals(): ListenerTotals {
    let parked = 0
    for (const client of this.#clients) if (client.state !== 'open') parked += 1
    return { ...this.#totals, parked, open: this.#clients.size - parked }
  }

  /** The target is another one, or none: nobody who waits may go to it. */
  dropParked(): void {
    this.#revision += 1
    for (const client of [...this.#clients]) if (client.state !== 'open') this.#closeUnserved(client, 'target-changed')
  }

  /** Frees the port and cuts every client. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of [this.#retry, this.#sweep]) timer?.cancel()
    for (const client of [...this.#clients]) this.#remove(client)
    const server = this.#server
    this.#server = null
    if (server !== null) await new Promise((resolve) => server.close(resolve))
  }

  readonly #accept = (socket: Socket): void => {
    if (this.#closed) {
      socket.destroy()
      return
    }
    const client = new ClientConnection(socket, this.#revision, this.#options.clock)
    this.#clients.add(client)
    this.#totals.accepted += 1
    if (this.#route.kind === 'tunnel') this.#serve(client, this.#route.tunnel)
    else this.#park(client)
  }

  /** Lets the client wait unread; the places are counted over all forwards. */
  #park(client: ClientConnection): void {
    client.state = 'parked'
    client.tunnel = null
    if (!client.holdsPlace && !this.#options.parking.enter(this.#options.forwardId)) {
      this.#closeUnserved(client, 'limit')
      return
    }
    client.holdsPlace = true
    client.wasParked = true
    this.#setDeadline(client)
    this.#sweep ??= this.#options.clock.after(sweepMs, this.#sweepParked)
  }

  #setDeadline(client: ClientConnection): void {
    const { clock } = this.#options
    client.deadline?.cancel()
    if (this.#route.kind === 'close') {
      client.deadline = clock.after(this.#route.afterMs, () => this.#closeUnserved(client, 'holding'))
      return
    }
    const left = client.acceptedAt + this.#parkSeconds * 1000 - clock.monotonic()
    if (left <= 0) this.#closeUnserved(client, 'waited-too-long')
    else client.deadline = clock.after(left, () => this.#closeUnserved(client, 'waited-too-long'))
  }

  #serve(client: ClientConnection, tunnel: Tunnel): void {
    client.state = 'opening'
    client.tunnel = tunnel
    if (client.wasParked) drop(this.#serveParked(client, tunnel), 'its outcome is a state of the client')
    else drop(this.#join(client, tunnel), 'its outcome is a state of the client')
  }

  async #serveParked(client: ClientConnection, tunnel: Tunnel): Promise<void> {
    const left = await client.hasLeft(this.#presence)
    if (client.state !== 'opening') return
    if (left) this.#remove(client)
    else await this.#join(client, tunnel)
  }

  async #join(client: ClientConnection, tunnel: Tunnel): Promise<void> {
    const opened = await tunnel.open({ isGone: () => client.isGone(this.#presence) })
    if (client.state !== 'opening') {
      if (opened.ok) opened.value.destroy()
      return
    }
    if (!opened.ok) {
      this.#parkAgain(client, tunnel)
      return
    }
    client.deadline?.cancel()
    this.#leavePlace(client)
    client.join(opened.value, {
      clock: this.#options.clock,
      presence: this.#presence,
      onBytes: this.#countBytes,
      onEnd: (end) => this.#ended(client, tunnel, end),
    })
  }

  #ended(client: ClientConnection, tunnel: Tunnel, end: SpliceEnd): void {
    // Sent bytes that never reached the pod come back to the client; it waits for another stream.
    if (end.kind === 'unreached' && client.revision === this.#revision && !this.#closed) this.#parkAgain(client, tunnel)
    else this.#remove(client)
  }

  /** No stream came of it and nothing reached the pod: wait, unless another tunnel has taken over meanwhile. */
  #parkAgain(client: ClientConnection, failed: Tunnel): void {
    this.#park(client)
    if (client.state !== 'parked' || this.#route.kind !== 'tunnel') return
    if (this.#route.tunnel !== failed) this.#serve(client, this.#route.tunnel)
    else this.#retry ??= this.#options.clock.after(retryMs, this.#retryParked)
  }

  readonly #retryParked = (): void => {
    this.#retry = null
    const route = this.#route
    if (route.kind !== 'tunnel' || this.#closed) return
    const waiting = [...this.#clients].filter((client) => client.state === 'parked')
    if (waiting.length === 0) return
    if (route.tunnel.state === 'ready') for (const client of waiting) this.#serve(client, route.tunnel)
    else this.#retry = this.#options.clock.after(retryMs, this.#retryParked)
  }

  readonly #sweepParked = (): void => {
    const waiting = [...this.#clients].filter((client) => client.state === 'parked')
    this.#sweep = null
    if (waiting.length === 0 || this.#closed) return
    const look = async (client: ClientConnection): Promise<void> => {
      const gone = await this.#presence.isGoneSoon(client.socket)
      if (gone && client.state === 'parked') this.#remove(client)
    }
    drop(
      Promise.all(waiting.map(look)).then(() => {
        if (!this.#closed) this.#sweep ??= this.#options.clock.after(sweepMs, this.#sweepParked)
      }),
      'the next look comes by itself',
    )
  }

  #closeUnserved(client: ClientConnection, reason: UnservedReason): void {
    if (client.state === 'over') return
    this.#totals.closedUnserved += 1
    this.#remove(client)
    this.#options.unserved(reason)
  }

  #remove(client: ClientConnection): void {
    this.#clients.delete(client)
    client.cut()
    this.#leavePlace(client)
  }

  #leavePlace(client: ClientConnection): void {
    if (!client.holdsPlace) return
    client.holdsPlace = false
    this.#options.parking.leave(this.#options.forwardId)
  }

  readonly #countBytes = (received: number, sent: number): void => {
    this.#totals.bytesIn += received
    this.#totals.bytesOut += sent
  }
}

const gone = (bind: string, port: number): ListenFailure => ({
  code: 'bind-address-unusable',
  message: `Listening on ${bind} port ${port} was cancelled.`,
})

function listenFailure(error: NodeJS.ErrnoException, bind: string, port: number): ListenFailure {
  const where = `port ${port} on ${bind}`
  if (error.code === 'EADDRINUSE') return { code: 'local-port-taken', message: `Another program listens on ${where}.` }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return { code: 'local-port-forbidden', message: `The system does not let this program listen on ${where}.` }
  }
  const why =
    error.code === 'EADDRNOTAVAIL' ? 'this machine does not have that address' : (error.code ?? 'unknown reason')
  return { code: 'bind-address-unusable', message: `Cannot listen on ${where}: ${why}.` }
}
