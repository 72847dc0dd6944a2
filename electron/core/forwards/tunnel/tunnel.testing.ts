import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { fail, ok, type Result } from '../../../../contract/errors.ts'
import { plainConnection } from '../../../../network/api-server.testing.ts'
import type { ProbeResult, StreamVerdict, Tunnel, TunnelFailure, TunnelRequest, TunnelStream } from './tunnel.ts'

export const someConnection = plainConnection('https://127.0.0.1:1')

/** A tunnel request to a pod of that name. */
export const someRequest = (pod = 'web-1'): TunnelRequest => ({
  forwardId: 'forward',
  portId: 'port',
  label: 'web',
  namespace: 'default',
  target: { kind: 'pod', name: pod, uid: `uid of ${pod}` },
  remote: 8080,
  connection: () => someConnection,
})

/** A server on loopback that hands each connection to `serve`, with its half open until it closes it. */
export class TestServer implements AsyncDisposable {
  readonly #server: Server
  readonly sockets: Socket[] = []

  constructor(serve: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket)
      socket.on('error', () => undefined)
      serve(socket)
    })
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A tunnel whose pod is a port of this machine, and which does what a test tells it. */
export class LocalTunnel implements Tunnel {
  readonly request: TunnelRequest
  state: Tunnel['state'] = 'ready'
  /** What `open` fails with, and what a stream's end is said to mean. */
  failure: TunnelFailure | null = null
  verdict: StreamVerdict = { kind: 'pod-ended' }
  opened = 0
  readonly #port: number
  readonly #streams = new Set<Socket>()

  constructor(port: number, pod = 'web-1') {
    this.#port = port
    this.request = someRequest(pod)
  }

  get connections(): number {
    return this.#streams.size
  }

  async open(): Promise<Result<TunnelStream, TunnelFailure>> {
    this.opened += 1
    if (this.failure !== null) return fail(this.failure)
    const socket = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    this.#streams.add(socket)
    socket.once('close', () => this.#streams.delete(socket))
    return ok(Object.assign(socket, { verdict: () => Promise.resolve(this.verdict) }))
  }

  probe(): Promise<ProbeResult> {
    return Promise.resolve({ kind: 'inconclusive', why: 'not a real tunnel' })
  }

  probeBeside(): Promise<void> {
    return Promise.resolve()
  }

  drain(): void {
    this.state = 'draining'
  }

  close(): Promise<void> {
    this.state = 'closed'
    for (const socket of this.#streams) socket.destroy()
    return Promise.resolve()
  }

  usage(): null {
    return null
  }
}

/** Reads to the end; rejects with the socket's error (a reset). */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  await Promise.race([
    once(socket, 'end'),
    once(socket, 'close').then(() => {
      if (!socket.readableEnded) throw new Error('closed without an end')
    }),
  ])
  return Buffer.concat(chunks)
}

/** A client of a local port, half open like the servers. */
export async function client(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return socket
}
