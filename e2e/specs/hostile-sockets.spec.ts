import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { noHangMs } from '../../electron/core/fuzz.testing.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { waitUntil } from '../support/wait-until.ts'

const mebibyte = 1024 * 1024
let host: RunningHost
const open: { terminate(): void }[] = []

beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host.close())
afterEach(() => {
  for (const one of open.splice(0)) one.terminate()
})

/** A WebSocket that is signed in. */
async function connectEvents(): Promise<WebSocket> {
  const socket = new WebSocket(`${host.url.replace('http', 'ws')}/api/v1/events`, {
    headers: { authorization: `Bearer ${host.token}` },
    maxPayload: 256 * mebibyte,
  })
  open.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'open')
  return socket
}

/** A connection without WebSocket manners; signed in when it should be. */
async function connectRaw(signedIn: boolean): Promise<Socket> {
  const { hostname, port, host: name } = new URL(host.url)
  const socket = connect(Number(port), hostname)
  open.push({ terminate: () => socket.destroy() })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (signedIn) {
    socket.write(
      `GET /api/v1/events HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${host.token}\r\n\r\n`,
    )
    await once(socket, 'data')
  }
  return socket
}

/** A text frame as a client sends it, with a mask of zeros. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${host.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** How long the owner takes for a question of somebody else, ms. */
async function answerMs(): Promise<number> {
  const start = performance.now()
  await expectOk(host.client.forwards.list())
  return performance.now() - start
}

describe('a hostile WebSocket', () => {
  it('that sends garbage is closed each time, whatever the bytes', async () => {
    const random = seededRandom()
    for (let round = 0; round < 200; round++) {
      const socket = await connectRaw(true)
      const closed = once(socket.resume(), 'close')
      const bytes = Buffer.from(Array.from({ length: 64 }, () => random.below(256)))
      // No mask, which a server must not take (RFC 6455, section 5.1); the rest is anything.
      bytes[1] = (bytes[1] ?? 0) & 0x7f
      socket.write(bytes)
      await closed
    }
    expect(await answerMs()).toBeLessThan(noHangMs)
  })

  it('that sends garbage in frames as they must be is told so or closed each time, and nobody waits', async () => {
    const random = seededRandom()
    const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)))
    const outcomes = { told: 0, closed: 0 }
    let worst = 0
    for (let round = 0; round < 200; round++) {
      const socket = await connectRaw(true)
      const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')))
      const told = new Promise<'told'>((resolve) => socket.once('data', () => resolve('told')))
      // A whole text every other time, else any kind of frame.
      const length = random.below(126)
      const kind = round % 2 === 0 ? 0x81 : random.below(256)
      socket.write(Buffer.concat([Buffer.from([kind, 0x80 | length]), bytes(4 + length)]))
      // Whoever has only begun a message by then, or sent what is to be ignored, is told with this one.
      socket.write(frame('no JSON'))
      outcomes[await Promise.race([closed, told])] += 1
      // Ends the handshake of a close that a browser would have answered.
      socket.write(Buffer.from([0x81, 0x01, 0x41]))
      await closed
      worst = Math.max(worst, await answerMs())
    }
    console.log(`garbage in frames: ${JSON.stringify(outcomes)}, worst answer ${Math.round(worst)} ms`)
    expect(worst).toBeLessThan(noHangMs)
  })

  it('that announces a huge frame, or sends endless fragments, is closed before it costs anything', async () => {
    const before = await residentBytes()
    const huge = await connectRaw(true)
    const closed = once(huge.resume(), 'close')
    huge.write(Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]))
    await closed
    const endless = await connectEvents()
    const over = once(endless, 'close')
    const piece = 'x'.repeat(16 * 1024)
    for (let count = 0; count < 1000 && endless.readyState === WebSocket.OPEN; count++)
      endless.send(piece, { fin: false })
    await over
    expect((await residentBytes()) - before).toBeLessThan(100 * mebibyte)
  })

  it('with thousands of subscriptions gets no more than its share', async () => {
    const before = await residentBytes()
    const sockets = await Promise.all(Array.from({ length: 20 }, connectEvents))
    for (const socket of sockets) for (let count = 0; count < 5000; count++) socket.send('{"subscribe":"forwards"}')
    const slow = await answerMs()
    expect(slow).toBeLessThan(noHangMs)
    for (const socket of sockets) {
      for (let count = 0; count < 600; count++) {
        const id = `7f2b1c1e-9d3a-4c55-8a56-${String(count).padStart(12, '0')}`
        if (socket.readyState === WebSocket.OPEN) socket.send(`{"subscribe":"forward-output:${id}"}`)
      }
    }
    await waitUntil('all of them closed', 30, () => sockets.every(({ readyState }) => readyState === WebSocket.CLOSED))
    expect((await residentBytes()) - before).toBeLessThan(200 * mebibyte)
  })

  it('that never reads costs a bounded queue, and slows nobody', async () => {
    const readers = await Promise.all(Array.from({ length: 50 }, () => connectRaw(true)))
    for (const reader of readers) {
      reader.pause()
      for (const stream of ['settings', 'app', 'clusters', 'forwards', 'vault'])
        reader.write(frame(`{"subscribe":"${stream}"}`))
    }
    const before = await residentBytes()
    let worst = 0
    for (let count = 0; count < 500; count++) {
      await expectOk(host.client.settings.update({ theme: count % 2 === 0 ? 'dark' : 'light' }))
      if (count % 100 === 0) worst = Math.max(worst, await answerMs())
    }
    console.log(`worst answer beside 50 clients that never read: ${Math.round(worst)} ms`)
    expect(worst).toBeLessThan(noHangMs)
    expect((await residentBytes()) - before).toBeLessThan(150 * mebibyte)
  })
})

describe('a slow client', () => {
  it('that sends a header a minute keeps nobody waiting, and is let go', async () => {
    const slow = await Promise.all(Array.from({ length: 300 }, () => connectRaw(false)))
    const { host: name } = new URL(host.url)
    const ended = new Set<Socket>()
    for (const socket of slow) {
      socket.resume().once('close', () => ended.add(socket))
      socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\n`)
    }
    const drip = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write('X-A: b\r\n')
    }, 500)
    try {
      expect(await answerMs()).toBeLessThan(noHangMs)
      // 15 s for the header as a whole, looked at every 5 s.
      await waitUntil('all of them let go', 75, () => ended.size === slow.length)
    } finally {
      clearInterval(drip)
    }
    expect(await answerMs()).toBeLessThan(noHangMs)
  })
})
