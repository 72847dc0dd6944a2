import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { FakeClock } from '../../clock.testing.ts'
import { holdFinMs, replayBytes, Splice, type SpliceEnd } from './splice.ts'
import { client, LocalTunnel, readAll, TestServer } from '../tunnel/tunnel.testing.ts'

const refused = { code: 'container-not-listening', detail: 'refused-in-pod', message: 'refused' } as const

/** One splice between a client of a port and a local server, with a clock that stands still. */
class Pair implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly tunnel: LocalTunnel
  readonly #door: Server
  end: SpliceEnd | null = null
  received = 0
  sent = 0
  gone = false
  accepted: Socket | null = null
  splice: Splice | null = null

  constructor(server: TestServer) {
    this.tunnel = new LocalTunnel(server.port)
    this.#door = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.accepted = socket
      void this.tunnel.open().then((opened) => {
        if (!opened.ok) throw new Error('the test server is not there')
        this.splice = new Splice({
          client: socket,
          stream: opened.value,
          prefix: [],
          clock: this.clock,
          clientIsGone: () => Promise.resolve(this.gone),
          onBytes: (received, sent) => {
            this.received += received
            this.sent += sent
          },
          onEnd: (end) => (this.end = end),
        })
      })
    })
  }

  async client(): Promise<Socket> {
    this.#door.listen(0, '127.0.0.1')
    await once(this.#door, 'listening')
    const socket = await client((this.#door.address() as AddressInfo).port)
    await eventually(() => expect(this.splice).not.toBeNull())
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.accepted?.destroy()
    await this.tunnel.close()
    await new Promise((resolve) => this.#door.close(resolve))
  }
}

let server: TestServer
const serving = async (serve: (socket: Socket) => void): Promise<Pair> => {
  server = await new TestServer(serve).listen()
  return new Pair(server)
}
beforeEach(() => vi.useRealTimers())
afterEach(async () => server[Symbol.asyncDispose]())

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const ended = (pair: Pair, kind: SpliceEnd['kind']): Promise<void> =>
  eventually(() => expect(pair.end?.kind).toBe(kind))

describe('bytes', () => {
  it('go both ways unchanged and are counted', async () => {
    await using pair = await serving((socket) => void socket.pipe(socket))
    const socket = await pair.client()
    const bytes = randomBytes(20 << 20)
    const answer = readAll(socket)
    socket.end(bytes)
    await eventually(() => expect(pair.received).toBe(bytes.length))
    await eventually(() => expect(pair.accepted!.readableEnded).toBe(true))
    pair.clock.advance(holdFinMs)
    expect(sha256(await answer)).toBe(sha256(bytes))
    expect([pair.received, pair.sent]).toEqual([bytes.length, bytes.length])
    await ended(pair, 'ended')
  })

  it('from a server that speaks first arrive before the client said a word', async () => {
    await using pair = await serving((socket) => socket.write('220 ready\r\n'))
    const socket = await pair.client()
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toBe('220 ready\r\n')
    socket.destroy()
  })

  it('wait in the kernels while the client does not read', async () => {
    let written = 0
    await using pair = await serving((socket) => {
      const chunk = Buffer.alloc(1 << 20)
      const more = (): void => {
        do written += chunk.length
        while (written < 512 << 20 && socket.write(chunk))
        if (written < 512 << 20) socket.once('drain', more)
      }
      more()
    })
    const socket = await pair.client()
    socket.pause()
    let before = -1
    await eventually(
      () => {
        const now = pair.received
        const stands = now === before && now > 0
        before = now
        expect(stands).toBe(true)
      },
      { interval: 200 },
    )
    expect(written).toBeLessThan(64 << 20)
    expect(pair.accepted!.writableLength).toBeLessThan(1 << 20)
    socket.destroy()
    await ended(pair, 'client-left')
  })

  it('that the client had not read yet when the pod ended still arrive, however late', async () => {
    const bytes = randomBytes(3 << 20)
    await using pair = await serving((socket) => socket.end(bytes))
    const socket = await pair.client()
    socket.pause()
    await eventually(() => expect(pair.received).toBeGreaterThan(0))
    pair.clock.advance(60_000)
    expect(sha256(await readAll(socket))).toBe(sha256(bytes))
    socket.end()
  })
})

describe('ends', () => {
  it('of the client are held back until the pod has answered', async () => {
    let podSawEnd = false
    await using pair = await serving((socket) => {
      socket.once('end', () => (podSawEnd = true))
      socket.once('data', () => undefined)
    })
    const socket = await pair.client()
    const answer = readAll(socket)
    socket.end('question')
    await eventually(() => expect(server.sockets[0]?.bytesRead).toBe(8))
    await eventually(() => expect(pair.accepted!.readableEnded).toBe(true))
    pair.clock.advance(holdFinMs - 1000)
    server.sockets[0]!.write('late ')
    await eventually(() => expect(pair.received).toBe(5))
    pair.clock.advance(holdFinMs - 1000)
    expect(podSawEnd).toBe(false)
    server.sockets[0]!.end('answer')
    expect((await answer).toString()).toBe('late answer')
    await ended(pair, 'ended')
    await eventually(() => expect(podSawEnd).toBe(true))
  })

  it('of the client reach a pod that stays silent 5 s after the last byte', async () => {
    await using pair = await serving((socket) => {
      socket.resume()
      socket.once('end', () => socket.end('counted'))
    })
    const socket = await pair.client()
    const answer = readAll(socket)
    socket.end('words')
    await eventually(() => expect(pair.accepted!.readableEnded).toBe(true))
    expect(server.sockets[0]!.readableEnded).toBe(false)
    pair.clock.advance(holdFinMs)
    expect((await answer).toString()).toBe('counted')
    await ended(pair, 'ended')
  })

  it('of a client that is gone are told at once', async () => {
    await using pair = await serving((socket) => {
      socket.resume()
      socket.once('end', () => socket.end())
    })
    pair.gone = true
    const socket = await pair.client()
    socket.end('last words')
    await eventually(() => expect(server.sockets[0]!.readableEnded).toBe(true))
    expect(server.sockets[0]!.bytesRead).toBe(10)
    await ended(pair, 'ended')
  })

  it('of the pod end the client, whose later bytes nobody reads', async () => {
    await using pair = await serving((socket) => socket.end('bye'))
    const socket = await pair.client()
    expect((await readAll(socket)).toString()).toBe('bye')
    socket.write('too late')
    await eventually(() => expect(pair.accepted!.bytesRead).toBe(8))
    pair.clock.advance(5_000)
    await ended(pair, 'ended')
    expect(pair.sent).toBe(0)
  })

  it('never come by themselves: an idle pair lives on', async () => {
    await using pair = await serving((socket) => void socket.pipe(socket))
    const socket = await pair.client()
    pair.clock.advance(24 * 3600_000)
    socket.write('still here')
    const [echo] = (await once(socket, 'data')) as [Buffer]
    expect(echo.toString()).toBe('still here')
    socket.destroy()
  })
})

describe('resets', () => {
  it('of the client reach the pod', async () => {
    await using pair = await serving((socket) => void socket.resume())
    const socket = await pair.client()
    socket.write('x')
    await eventually(() => expect(server.sockets[0]?.bytesRead).toBe(1))
    const failed = once(server.sockets[0]!, 'error')
    socket.resetAndDestroy()
    await expect(failed).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await ended(pair, 'client-left')
  })

  it('of the pod reach the client', async () => {
    await using pair = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const socket = await pair.client()
    const failed = once(socket, 'error')
    socket.write('x')
    await expect(failed).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await ended(pair, 'pod-reset')
  })

  it('stand for an end that only the tunnel caused: half an answer never looks whole', async () => {
    await using pair = await serving((socket) => socket.once('data', () => socket.end('half')))
    pair.tunnel.verdict = {
      kind: 'tunnel-failed',
      failure: { code: 'tunnel-lost', detail: null, message: 'kubectl ended' },
      neverReachedPod: false,
    }
    const socket = await pair.client()
    socket.on('data', () => undefined)
    const failed = once(socket, 'error')
    socket.write('question')
    await expect(failed).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await ended(pair, 'lost')
  })
})

describe('a stream that never reached the pod', () => {
  it('leaves the client open and gives back what it had sent', async () => {
    await using pair = await serving((socket) => {
      socket.once('data', () => socket.end())
    })
    pair.tunnel.verdict = { kind: 'tunnel-failed', failure: refused, neverReachedPod: true }
    const socket = await pair.client()
    socket.write('GET / HTTP/1.1\r\n')
    await ended(pair, 'unreached')
    expect(pair.end?.kind === 'unreached' && Buffer.concat(pair.end.replay).toString()).toBe('GET / HTTP/1.1\r\n')
    expect(pair.accepted!.destroyed).toBe(false)
    expect(socket.destroyed).toBe(false)
    pair.accepted!.destroy()
  })

  it('is lost when the client had sent more than is kept', async () => {
    await using pair = await serving((socket) => {
      socket.resume()
      socket.on('data', () => {
        if (socket.bytesRead > replayBytes) socket.end()
      })
    })
    pair.tunnel.verdict = { kind: 'tunnel-failed', failure: refused, neverReachedPod: true }
    const socket = await pair.client()
    socket.on('error', () => undefined)
    socket.write(randomBytes(replayBytes + 1))
    await ended(pair, 'lost')
  })
})
