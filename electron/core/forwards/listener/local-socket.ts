import { connect, Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'

/** Gets bytes that came; true: it is done with them, false: it keeps them, and the buffer they are in, until `release`. */
export type Sink = (chunk: Buffer) => boolean

/**
 * A socket whose reads go into one buffer that is used again and again, handed to the sink in the place of 'data'
 * events. A new buffer for each read, as streams have it, costs more processor time than all the rest of passing bytes
 * on. Nothing is read on before there is a sink; pausing, resuming, ends and errors are those of any socket. `release`
 * says that everything the sink kept is done with.
 */
export type LocalSocket = Socket & { receive: (sink: Sink) => void; release: () => void }

const smallest = 4 * 1024
const largest = 256 * 1024

/** The next buffer's size: a read that filled the last one calls for a larger, one that hardly used it for a smaller. */
export function nextBufferSize(size: number, used: number): number {
  if (used === size) return Math.min(size * 4, largest)
  return used < size / 16 ? Math.max(size / 4, smallest) : size
}

class Reader {
  #buffer = Buffer.allocUnsafeSlow(smallest)
  /** The last one that a sink kept, and one that it gave back: a slow reader takes turns with two. */
  #lent: Buffer<ArrayBuffer> | null = null
  #spare: Buffer<ArrayBuffer> | null = null
  #early: Buffer | null = null
  #sink: Sink | null = null

  readonly onread: OnReadOpts = {
    buffer: () => this.#buffer,
    callback: (used, bytes) => {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, used)
      if (this.#sink === null) {
        // It spoke before anybody listened.
        this.#early = Buffer.from(chunk)
        return false
      }
      const size = nextBufferSize(this.#buffer.length, used)
      const done = this.#sink(chunk)
      if (!done) this.#lent = this.#buffer
      if (!done || size !== this.#buffer.length) this.#buffer = this.#take(size)
      return true
    },
  }

  #take(size: number): Buffer<ArrayBuffer> {
    const spare = this.#spare
    this.#spare = null
    return spare?.length === size ? spare : Buffer.allocUnsafeSlow(size)
  }

  readonly release = (): void => {
    this.#spare = this.#lent ?? this.#spare
    this.#lent = null
  }

  readonly receive = (sink: Sink): void => {
    this.#sink = sink
    const chunk = this.#early
    this.#early = null
    if (chunk !== null) sink(chunk)
  }
}

/** Connects to a port of this machine. */
export function connectLocally(port: number): LocalSocket {
  const { onread, receive, release } = new Reader()
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true, onread })
  return Object.assign(socket, { receive, release })
}

/** Whether this Node lets a handle move; found out with the first socket. */
let moves: boolean | null = null

/**
 * Takes over a socket that a server accepted with `pauseOnConnect`, still unread. Servers offer no `onread`, so its
 * handle moves to a socket that has one; where Node's inside has changed the socket stays as it is, only slower.
 */
export function takeOver(accepted: Socket): Socket | LocalSocket {
  const inside = accepted as unknown as { _handle: object | null }
  const handle = inside._handle
  if (handle === null || moves === false || accepted.bytesRead > 0) return accepted
  const { onread, receive, release } = new Reader()
  const options = { handle, pauseOnCreate: true, allowHalfOpen: true, onread } as unknown as SocketConstructorOpts
  const socket = new Socket(options)
  moves ??= socket.remotePort !== undefined
  if (!moves) return accepted
  inside._handle = null
  accepted.destroy()
  return Object.assign(socket, { receive, release })
}
