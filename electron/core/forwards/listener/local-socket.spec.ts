import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connectLocally, nextBufferSize, takeOver, type LocalSocket } from './local-socket.ts'
import { TestServer } from '../tunnel/tunnel.testing.ts'

let server: TestServer
afterEach(async () => server[Symbol.asyncDispose]())

it('takes larger buffers while reads fill them, and smaller ones again', async () => {
  server = await new TestServer(() => undefined).listen()
  expect(nextBufferSize(16_384, 16_384)).toBe(65_536)
  expect(nextBufferSize(262_144, 262_144)).toBe(262_144)
  expect(nextBufferSize(262_144, 100_000)).toBe(262_144)
  expect(nextBufferSize(262_144, 10)).toBe(65_536)
  expect(nextBufferSize(4_096, 10)).toBe(4_096)
})

it('keeps what came before there was a sink', async () => {
  server = await new TestServer((socket) => socket.write('hello')).listen()
  const socket = connectLocally(server.port)
  await once(socket, 'connect')
  await eventually(() => expect(socket.bytesRead).toBe(5))
  let heard = ''
  socket.receive((chunk) => {
    heard += chunk.toString()
    return true
  })
  socket.resume()
  expect(heard).toBe('hello')
  server.sockets[0]!.write(' again')
  await eventually(() => expect(heard).toBe('hello again'))
  socket.destroy()
})

it('never writes into a buffer that the sink kept', async () => {
  const bytes = randomBytes(8 << 20)
  server = await new TestServer((socket) => socket.end(bytes)).listen()
  const socket = connectLocally(server.port)
  const sum = createHash('sha256')
  const kept: Buffer[] = []
  let turn = 0
  socket.receive((chunk) => {
    turn += 1
    kept.push(turn % 2 === 0 ? chunk : Buffer.from(chunk))
    return turn % 2 === 1
  })
  socket.resume()
  await once(socket, 'end')
  for (const chunk of kept) sum.update(chunk)
  expect(sum.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  socket.destroy()
})

it('takes turns with two buffers while the sink keeps one and gives it back', async () => {
  server = await new TestServer((socket) => socket.end(randomBytes(8 << 20))).listen()
  const socket = connectLocally(server.port)
  const full = new Set<ArrayBufferLike>()
  let kept: ArrayBufferLike | null = null
  socket.receive(({ buffer, length }) => {
    expect(buffer).not.toBe(kept)
    if (length === 262_144) full.add(buffer)
    kept = buffer
    socket.pause()
    setImmediate(() => {
      kept = null
      socket.release()
      socket.resume()
    })
    return false
  })
  socket.resume()
  await once(socket, 'end')
  expect(full.size).toBe(2)
  socket.destroy()
})

it('reads nothing while paused', async () => {
  server = await new TestServer((socket) => socket.write(randomBytes(1 << 20))).listen()
  const socket = connectLocally(server.port)
  let bytes = 0
  socket.receive((chunk) => {
    bytes += chunk.length
    if (bytes === chunk.length) socket.pause()
    return true
  })
  await eventually(() => expect(bytes).toBeGreaterThan(0))
  const before = bytes
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(bytes).toBe(before)
  socket.resume()
  await eventually(() => expect(bytes).toBe(1 << 20))
  socket.destroy()
})

it('takes over an accepted socket unread, with its ends and resets', async () => {
  server = await new TestServer(() => undefined).listen()
  const taken: (Socket | LocalSocket)[] = []
  const door = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => taken.push(takeOver(socket)))
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const caller = connectLocally((door.address() as AddressInfo).port)
  caller.write('unread')
  await eventually(() => expect(taken).toHaveLength(1))
  const [socket] = taken
  if (socket === undefined || !('receive' in socket)) throw new Error('it was left as it was')
  expect(socket.remotePort).toBe(caller.localPort)
  // Long enough for a socket that reads to have read.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(socket.bytesRead).toBe(0)
  let heard = ''
  socket.receive((chunk) => {
    heard += chunk.toString()
    return true
  })
  socket.resume()
  await eventually(() => expect(heard).toBe('unread'))
  const ended = once(socket, 'end')
  caller.end()
  await ended
  expect(socket.writable).toBe(true)
  const failed = once(caller, 'error')
  caller.resume()
  socket.resetAndDestroy()
  await expect(failed).resolves.toMatchObject([{ code: 'ECONNRESET' }])
  await new Promise((resolve) => door.close(resolve))
})
