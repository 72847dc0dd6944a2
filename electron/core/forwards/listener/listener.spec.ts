import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { FakeClock } from '../../clock.testing.ts'
import { createClientPresence, nobodyIsGone, type ClientPresence } from '../../platform/client-presence.ts'
import { PortListener, type UnservedReason } from './listener.ts'
import { Parking } from './parking.ts'
import { client, LocalTunnel, readAll, TestServer } from '../tunnel/tunnel.testing.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

const clock = new FakeClock()

class Door implements AsyncDisposable {
  readonly listener: PortListener
  readonly unserved: UnservedReason[] = []

  constructor(parking = new Parking(), presence: ClientPresence = createClientPresence()) {
    this.listener = new PortListener({
      bind: '127.0.0.1',
      port: 0,
      forwardId: 'forward',
      parking,
      clock,
      presence,
      unserved: (reason) => this.unserved.push(reason),
    })
    open.push(this)
  }

  async listen(): Promise<this> {
    expect(await this.listener.listen()).toMatchObject({ ok: true })
    return this
  }

  async parked(count: number): Promise<void> {
    await eventually(() => expect(this.listener.totals().parked).toBe(count))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.listener.close()
  }
}

async function pod(serve: (socket: Socket) => void = (socket) => void socket.pipe(socket)): Promise<TestServer> {
  const server = await new TestServer(serve).listen()
  open.push(server)
  return server
}

const greeter = (name: string) => (socket: Socket) => {
  socket.on('data', (chunk: Buffer) => socket.write(`${name}:${chunk.toString()}`))
  socket.on('end', () => socket.end())
}

async function answer(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}

describe('binding', () => {
  it('keeps the port it was given, and says which one was chosen for 0', async () => {
    const door = await new Door().listen()
    expect(door.listener.port).toBeGreaterThan(0)
    expect(door.listener.listening).toBe(true)
  })

  it('names a port that is taken, and can try again later', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const door = new Door()
    const listener = new PortListener({
      bind: '127.0.0.1',
      port,
      forwardId: 'f',
      parking: new Parking(),
      clock,
      unserved: () => undefined,
    })
    open.push({ [Symbol.asyncDispose]: () => listener.close() })
    expect(await listener.listen()).toMatchObject({ ok: false, error: { code: 'local-port-taken' } })
    expect(listener.listening).toBe(false)
    await new Promise((resolve) => other.close(resolve))
    expect(await listener.listen()).toEqual({ ok: true, value: port })
    expect(door.listener.listening).toBe(false)
  })

  it('names an address that this machine does not have', async () => {
    const listener = new PortListener({
      bind: '203.0.113.7',
      port: 0,
      forwardId: 'f',
      parking: new Parking(),
      clock,
      unserved: () => undefined,
    })
    expect(await listener.listen()).toMatchObject({ ok: false, error: { code: 'bind-address-unusable' } })
  })
})

describe('parking', () => {
  it('lets clients wait unread and joins them in the order in which they came', async () => {
    const door = await new Door().listen()
    const order: string[] = []
    const server = await pod((socket) => socket.once('data', (chunk: Buffer) => order.push(chunk.toString())))
    const clients: Socket[] = []
    for (const name of ['first', 'second', 'third']) {
      const socket = await client(door.listener.port)
      socket.write(name)
      clients.push(socket)
      await door.parked(clients.length)
    }
    expect(door.listener.connections().map((row) => row.state)).toEqual(['parked', 'parked', 'parked'])
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(server.port) })
    await eventually(() => expect(order).toEqual(['first', 'second', 'third']))
    expect(door.listener.totals()).toMatchObject({ parked: 0, open: 3, accepted: 3 })
    expect(door.listener.connections()[0]).toMatchObject({ state: 'open', pod: 'web-1', bytesOut: 5 })
    for (const socket of clients) socket.destroy()
  })

  it('closes a client that waited as long as the user said', async () => {
    const door = await new Door().listen()
    door.listener.route({ kind: 'park', seconds: 10 })
    const socket = await client(door.listener.port)
    await door.parked(1)
    clock.advance(9_999)
    expect(door.listener.totals().parked).toBe(1)
    clock.advance(1)
    expect((await readAll(socket)).length).toBe(0)
    expect(door.unserved).toEqual(['waited-too-long'])
    socket.destroy()
  })

  it('accepts and closes after a second where only a person can help', async () => {
    const door = await new Door().listen()
    const early = await client(door.listener.port)
    await door.parked(1)
    door.listener.route({ kind: 'close', afterMs: 1000 })
    const late = await client(door.listener.port)
    await door.parked(2)
    clock.advance(999)
    expect(door.listener.totals().parked).toBe(2)
    clock.advance(1)
    await Promise.all([readAll(early), readAll(late)])
    expect(door.unserved).toEqual(['holding', 'holding'])
    early.destroy()
    late.destroy()
  })

  it('has 128 places and closes the rest, counted', async () => {
    const door = await new Door().listen()
    const clients = await Promise.all(Array.from({ length: 140 }, () => client(door.listener.port)))
    await eventually(() => expect(door.listener.totals().closedUnserved).toBe(12))
    expect(door.listener.totals().parked).toBe(128)
    expect(new Set(door.unserved)).toEqual(new Set(['limit']))
    for (const socket of clients) socket.destroy()
  })

  it('gives its places back', async () => {
    const parking = new Parking({ perForward: 1 })
    const door = await new Door(parking).listen()
    const server = await pod()
    const tunnel = new LocalTunnel(server.port)
    for (let round = 0; round < 3; round += 1) {
      door.listener.route({ kind: 'park', seconds: 30 })
      const socket = await client(door.listener.port)
      await door.parked(1)
      door.listener.route({ kind: 'tunnel', tunnel })
      socket.write('x')
      expect(await answer(socket)).toBe('x')
      expect(parking.total).toBe(0)
      socket.destroy()
    }
    expect(door.unserved).toEqual([])
  })

  it('hands nobody to another target', async () => {
    const door = await new Door().listen()
    const server = await pod()
    const socket = await client(door.listener.port)
    socket.write('for the old one')
    await door.parked(1)
    door.listener.dropParked()
    const tunnel = new LocalTunnel(server.port)
    door.listener.route({ kind: 'tunnel', tunnel })
    // There were unread bytes, so the client learns by a reset.
    await expect(readAll(socket)).rejects.toThrow('ECONNRESET')
    expect(door.unserved).toEqual(['target-changed'])
    expect(tunnel.opened).toBe(0)
  })
})

describe.each([
  ['asking the system', createClientPresence()],
  ['reading for a moment', nobodyIsGone],
])('clients that left while they waited, found by %s', (_how, presence) => {
  it.each(['end', 'resetAndDestroy'] as const)('(%s) cost the pod nothing', async (way) => {
    const door = await new Door(new Parking(), presence).listen()
    const server = await pod()
    const tunnel = new LocalTunnel(server.port)
    const socket = await client(door.listener.port)
    await door.parked(1)
    socket[way]()
    if (way === 'end') socket.destroy()
    await once(socket, 'close')
    door.listener.route({ kind: 'tunnel', tunnel })
    await eventually(() => expect(door.listener.connections()).toEqual([]))
    expect(tunnel.opened).toBe(0)
    expect(door.unserved).toEqual([])
  })

  it('are told from those that only ended their side and wait for the answer', async () => {
    const door = await new Door(new Parking(), presence).listen()
    const server = await pod((socket) => socket.once('data', () => socket.end('answer')))
    const socket = await client(door.listener.port)
    socket.end('question')
    await door.parked(1)
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(server.port) })
    expect((await readAll(socket)).toString()).toBe('answer')
  })
})

describe.runIf(process.platform === 'linux')('on Linux, where the system tells', () => {
  it('a client that asked and gave up is not served', async () => {
    const door = await new Door().listen()
    const server = await pod()
    const tunnel = new LocalTunnel(server.port)
    const socket = await client(door.listener.port)
    socket.end('POST /pay HTTP/1.1\r\n\r\n')
    await door.parked(1)
    socket.destroy()
    await once(socket, 'close')
    door.listener.route({ kind: 'tunnel', tunnel })
    await eventually(() => expect(door.listener.connections()).toEqual([]))
    expect(tunnel.opened).toBe(0)
  })

  it('those who left free their places while the others go on waiting', async () => {
    const door = await new Door().listen()
    const stays = await client(door.listener.port)
    const leaves = await client(door.listener.port)
    await door.parked(2)
    leaves.destroy()
    await once(leaves, 'close')
    clock.advance(1_000)
    await door.parked(1)
    expect(door.listener.connections()[0]!.peerPort).toBe(stays.localPort)
    stays.destroy()
  })
})

describe('a tunnel', () => {
  it('serves clients at once, and its bytes are counted', async () => {
    const door = await new Door().listen()
    const server = await pod()
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(server.port) })
    const socket = await client(door.listener.port)
    socket.write('hello')
    expect(await answer(socket)).toBe('hello')
    expect(door.listener.totals()).toMatchObject({ bytesIn: 5, bytesOut: 5, open: 1 })
    socket.destroy()
    await eventually(() => expect(door.listener.totals().open).toBe(0))
  })

  it('keeps its connections when a new one takes over', async () => {
    const door = await new Door().listen()
    const [old, young] = [await pod(greeter('old')), await pod(greeter('new'))]
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(old.port, 'old') })
    const first = await client(door.listener.port)
    first.write('a')
    expect(await answer(first)).toBe('old:a')
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(young.port, 'new') })
    const second = await client(door.listener.port)
    second.write('b')
    expect(await answer(second)).toBe('new:b')
    first.write('c')
    expect(await answer(first)).toBe('old:c')
    expect(door.listener.connections().map((row) => [row.pod, row.state])).toEqual([
      ['old', 'draining'],
      ['new', 'open'],
    ])
    first.destroy()
    second.destroy()
  })

  it('that gives no stream lets the client wait, and is asked again', async () => {
    const door = await new Door().listen()
    const server = await pod()
    const tunnel = new LocalTunnel(server.port)
    tunnel.failure = { code: 'tunnel-stalled', detail: null, message: 'kubectl is stopped' }
    door.listener.route({ kind: 'tunnel', tunnel })
    const socket = await client(door.listener.port)
    socket.write('patient')
    await eventually(() => expect(tunnel.opened).toBe(1))
    await door.parked(1)
    tunnel.failure = null
    clock.advance(250)
    expect(await answer(socket)).toBe('patient')
    expect(tunnel.opened).toBe(2)
    socket.destroy()
  })

  it('whose stream never reached the pod gives the client back, and the next one gets what it had sent', async () => {
    const door = await new Door().listen()
    const refusing = await pod((socket) => socket.once('data', () => socket.end()))
    const good = await pod(greeter('good'))
    const bad = new LocalTunnel(refusing.port)
    bad.verdict = {
      kind: 'tunnel-failed',
      failure: { code: 'container-not-listening', detail: 'refused-in-pod', message: 'refused' },
      neverReachedPod: true,
    }
    door.listener.route({ kind: 'tunnel', tunnel: bad })
    const socket = await client(door.listener.port)
    socket.write('GET /')
    await door.parked(1)
    expect(door.listener.totals().open).toBe(0)
    door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(good.port) })
    expect(await answer(socket)).toBe('good:GET /')
    socket.write('!')
    expect(await answer(socket)).toBe('good:!')
    socket.destroy()
  })

  it('whose stream never reached the pod does not give the client to a target chosen meanwhile', async () => {
    const door = await new Door().listen()
    const refusing = await pod((socket) => {
      setImmediate(() => socket.resume())
    })
    const bad = new LocalTunnel(refusing.port)
    bad.verdict = {
      kind: 'tunnel-failed',
      failure: { code: 'pod-replaced', detail: 'pod-gone', message: 'gone' },
      neverReachedPod: true,
    }
    door.listener.route({ kind: 'tunnel', tunnel: bad })
    const socket = await client(door.listener.port)
    socket.write('for the old one')
    await eventually(() => expect(refusing.sockets[0]?.bytesRead).toBe(15))
    door.listener.dropParked()
    const other = new LocalTunnel((await pod()).port)
    door.listener.route({ kind: 'tunnel', tunnel: other })
    const over = readAll(socket).catch(() => 'reset')
    refusing.sockets[0]!.end()
    await over
    expect(other.opened).toBe(0)
  })
})

it('close() frees the port and cuts every client', async () => {
  const door = await new Door().listen()
  const server = await pod()
  const { port } = door.listener
  const waiting = await client(port)
  await door.parked(1)
  door.listener.route({ kind: 'tunnel', tunnel: new LocalTunnel(server.port) })
  await eventually(() => expect(door.listener.totals().open).toBe(1))
  const over = readAll(waiting).catch(() => 'reset')
  await door.listener.close()
  await over
  const again = createServer().listen(port, '127.0.0.1')
  await once(again, 'listening')
  await new Promise((resolve) => again.close(resolve))
})
