import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../../clock.ts'
import type { ClientPresence } from '../../platform/client-presence.ts'
import { takeOver, type LocalSocket } from './local-socket.ts'
import { replayBytes, Splice, type SpliceEnd } from './splice.ts'
import type { Tunnel, TunnelStream } from '../tunnel/tunnel.ts'

/** One client as the pages show it. `bytesIn` came from the pod, `bytesOut` went to it. */
export type ListenerConnection = {
  readonly id: string
  /** Address and port of the client. */
  readonly peer: string
  readonly peerPort: number
  /** The pod, or what kubectl was asked for; null while it waits. */
  readonly pod: string | null
  readonly state: 'parked' | 'open' | 'draining'
  readonly bytesIn: number
  readonly bytesOut: number
  readonly openedAt: number
}

/** One accepted client: it waits unread (`parked`), is being joined (`opening`), is joined (`open`), or is over. */
export class ClientConnection {
  readonly id = randomUUID()
  readonly socket: Socket | LocalSocket
  readonly openedAt: number
  /** Monotonic; waiting is counted from here, however often it is parked. */
  readonly acceptedAt: number
  /** Of the listener's target: a client never goes to another target than the one it connected to. */
  readonly revision: number
  state: 'parked' | 'opening' | 'open' | 'over' = 'parked'
  holdsPlace = false
  wasParked = false
  tunnel: Tunnel | null = null
  deadline: Timer | null = null
  bytesIn = 0
  bytesOut = 0
  /** Read from the client and not yet known to have reached a pod. */
  #prefix: Buffer[] = []
  #splice: Splice | null = null

  constructor(accepted: Socket, revision: number, clock: Clock) {
    const socket = (this.socket = takeOver(accepted))
    this.revision = revision
    this.openedAt = clock.now()
    this.acceptedAt = clock.monotonic()
    socket.on('error', ignore)
  }

  /**
   * Whether a waiting client has left. An unread socket does not report its end, so what has arrived is read for one
   * turn of the loop: it shows a reset, or an end without a word. With an end after a word only the system can tell a
   * program that waits for its answer from one that gave up.
   */
  async hasLeft(presence: ClientPresence): Promise<boolean> {
    if ((await presence.gone([this.socket])).has(this.socket)) return true
    let bytes = 0
    const { socket } = this
    const keep = (chunk: Buffer): boolean => {
      this.#prefix.push(Buffer.from(chunk))
      bytes += chunk.length
      if (bytes >= replayBytes) socket.pause()
      return true
    }
    if ('receive' in socket) socket.receive(keep)
    else socket.on('data', keep)
    socket.resume()
    await nextTurn()
    await nextTurn()
    socket.pause()
    socket.off('data', keep)
    return socket.destroyed || (socket.readableEnded && this.#prefix.length === 0)
  }

  /** Whether its program holds its end no more. Who has not ended its side is there. */
  isGone(presence: ClientPresence): Promise<boolean> {
    if (this.socket.destroyed) return Promise.resolve(true)
    return this.socket.readableEnded ? presence.isGoneSoon(this.socket) : Promise.resolve(false)
  }

  join(
    stream: TunnelStream,
    options: {
      readonly clock: Clock
      readonly presence: ClientPresence
      readonly onBytes: (received: number, sent: number) => void
      readonly onEnd: (end: SpliceEnd) => void
    },
  ): void {
    this.state = 'open'
    const prefix = this.#prefix
    this.#prefix = []
    this.#splice = new Splice({
      client: this.socket,
      stream,
      prefix,
      clock: options.clock,
      clientIsGone: (client) => options.presence.isGoneSoon(client),
      onBytes: (received, sent) => {
        this.bytesIn += received
        this.bytesOut += sent
        options.onBytes(received, sent)
      },
      onEnd: (end) => {
        this.#splice = null
        if (end.kind === 'unreached') {
          this.#prefix = end.replay
          // They did not go out after all.
          this.bytesOut -= end.replay.reduce((sum, chunk) => sum + chunk.length, 0)
        }
        options.onEnd(end)
      },
    })
  }

  /** Cuts it, whatever it is doing. */
  cut(): void {
    this.state = 'over'
    this.deadline?.cancel()
    this.#prefix = []
    this.#splice?.destroy()
    this.socket.destroy()
  }

  row(current: Tunnel | null): ListenerConnection {
    const { remoteAddress, remotePort } = this.socket
    const target = this.state === 'open' ? this.tunnel?.request.target : undefined
    const old = this.tunnel !== current || this.tunnel?.state !== 'ready'
    return {
      id: this.id,
      peer:
        remoteAddress?.includes(':') === true
          ? `[${remoteAddress}]:${remotePort ?? 0}`
          : `${remoteAddress ?? '?'}:${remotePort ?? 0}`,
      peerPort: remotePort ?? 0,
      pod: target === undefined ? null : target.kind === 'pod' ? target.name : target.reference,
      state: this.state !== 'open' ? 'parked' : old ? 'draining' : 'open',
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      openedAt: this.openedAt,
    }
  }
}

const ignore = (): void => undefined
