import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { useForwardWorld } from '../support/forward-world.ts'
import { liveForward, localAddress, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { exchange } from '../testbed/exchange.ts'
import {
  barePod,
  deployment,
  postgresContainer,
  redisContainer,
  WORKLOAD_PORTS,
  workloadContainer,
} from '../testbed/workloads.ts'

const MiB = 1 << 20
const remotes = ['http', 'source', 'countedSink', 'banner', 'closeAtOnce'] as const

const world = useForwardWorld('protocols', async ({ bed, namespace }) => {
  await bed.a.apply(
    barePod({ namespace, name: 'web' }),
    deployment({ namespace, name: 'pg', container: postgresContainer() }),
    deployment({ namespace, name: 'redis', container: redisContainer() }),
  )
  await Promise.all(['web', 'pg', 'redis'].map((name) => bed.a.waitForPods(namespace, `app=${name}`, 1)))
})
let web: Forward
beforeAll(async () => {
  if (!world.bed.containers) return
  web = await liveForward(world.host.client, {
    clusterId: world.cluster.id,
    namespace: world.namespace,
    target: { kind: 'pod', name: 'web' },
    ports: remotes.map((name) => ({ remote: WORKLOAD_PORTS[name] })),
  })
})

const portOf = (name: (typeof remotes)[number]): number => localAddress(web, remotes.indexOf(name)).port
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const residentMiB = (): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${world.host.pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024

async function deploymentForward(name: string, remote: number): Promise<Forward> {
  return liveForward(world.host.client, {
    clusterId: world.cluster.id,
    namespace: world.namespace,
    target: { kind: 'deployment', name },
    ports: [{ remote }],
  })
}

describe('bytes', () => {
  it('of a server that speaks first come before the client says a word', async () => {
    const { received } = await exchange(portOf('banner'), { until: (bytes) => bytes.includes('\n') })
    expect(received.toString()).toMatch(/^220 web /)
  })

  it('still come after the client has ended its side', async () => {
    const bytes = randomBytes(MiB)
    const send = Buffer.concat([Buffer.from(`${bytes.length} 3000\n`), bytes])
    const { received, ended } = await exchange(portOf('countedSink'), { send, finish: true, limitMs: 20_000 })
    expect(received.toString()).toBe(`${sha256(bytes)} ${bytes.length}\n`)
    expect(ended).toBe('eof')
  })

  it('come down unchanged, 100 MiB of them', async () => {
    const response = await fetch(`http://127.0.0.1:${portOf('http')}/bytes?n=${100 * MiB}`)
    const sum = createHash('sha256')
    let length = 0
    for await (const chunk of response.body ?? []) {
      sum.update(chunk)
      length += chunk.length
    }
    expect(length).toBe(100 * MiB)
    expect(sum.digest('hex')).toBe(response.headers.get('x-sha256'))
  })

  it('go up unchanged, 100 MiB of them, and are counted', async () => {
    const before = (await expectOk(world.host.client.forwards.get({ id: web.id }))).observed.bytesOut
    const bytes = randomBytes(100 * MiB)
    const send = Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes])
    const { received } = await exchange(portOf('countedSink'), {
      send,
      limitMs: 60_000,
      until: (answer) => answer.includes('\n'),
    })
    expect(received.toString()).toBe(`${sha256(bytes)} ${bytes.length}\n`)
    await waitUntil('the bytes are counted', 10, async () => {
      const { observed } = await expectOk(world.host.client.forwards.get({ id: web.id }))
      return observed.bytesOut - before >= send.length
    })
  })

  it('wait in the pod, not in the memory of the host, while a client does not read; none is lost', async () => {
    const total = 300 * MiB
    const bytesIn = async (): Promise<number> =>
      (await expectOk(world.host.client.forwards.get({ id: web.id }))).observed.bytesIn
    const before = { bytesIn: await bytesIn(), memory: residentMiB() }
    const socket = net.connect(portOf('source'), '127.0.0.1')
    socket.pause()
    await once(socket, 'connect')
    socket.write(`${total}\n`)
    let last = { bytes: 0, changedAt: performance.now() }
    await waitUntil('the flow stands still', 30, async () => {
      const bytes = (await bytesIn()) - before.bytesIn
      if (bytes !== last.bytes) last = { bytes, changedAt: performance.now() }
      return bytes > 0 && performance.now() - last.changedAt > 1500
    })
    expect(last.bytes).toBeLessThan(100 * MiB)
    expect(residentMiB() - before.memory).toBeLessThan(64)
    const other = await exchange(portOf('banner'), { until: (bytes) => bytes.includes('\n') })
    expect(other.received.toString()).toMatch(/^220 web /)

    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    socket.resume()
    await once(socket, 'end', { signal: AbortSignal.timeout(60_000) })
    expect(received).toBe(total)
    socket.destroy()
  })

  it('come after ten seconds of silence as well', async () => {
    const { received } = await exchange(portOf('source'), { send: '1000 10000\n', limitMs: 20_000 })
    expect(received.length).toBe(1000)
    expect((await expectOk(world.host.client.forwards.get({ id: web.id }))).state).toBe('live')
  })
})

describe('a server that ends its connections', () => {
  it('in an orderly way does not cost the forward a thing', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { ended } = await exchange(portOf('closeAtOnce'), { limitMs: 20_000 })
      expect(ended).toBe('eof')
    }
    const answer = await fetch(`http://127.0.0.1:${portOf('http')}/`)
    expect(answer.status).toBe(200)
    expect((await waitForState(world.host.client, web.id, 'live')).ports).toEqual(web.ports)
  })

  it('with a reset is named, is never called live, and does not harm the port beside it', async () => {
    const created = await expectOk(
      world.host.client.forwards.create({
        clusterId: world.cluster.id,
        namespace: world.namespace,
        target: { kind: 'pod', name: 'web' },
        ports: [{ remote: WORKLOAD_PORTS.resetAtOnce }, { remote: WORKLOAD_PORTS.http }],
      }),
    )
    const named = await waitUntil('the cause', 20, async () => {
      const now = await expectOk(world.host.client.forwards.get({ id: created.id }))
      return now.cause?.code === 'reset-by-pod' ? now : null
    })
    expect(named.state).not.toBe('live')
    expect(named.cause?.message).toContain(String(WORKLOAD_PORTS.resetAtOnce))
    const { host: address, port } = localAddress(named, 1)
    for (let round = 0; round < 5; round += 1) expect((await fetch(`http://${address}:${port}/`)).status).toBe(200)
    await expectOk(world.host.client.forwards.remove({ id: created.id }))
  })
})

describe('databases', () => {
  it('Postgres: many clients, a transaction, a large answer, a notification', async () => {
    const forward = await deploymentForward('pg', 5432)
    const pool = new pg.Pool({ ...localAddress(forward), user: 'postgres', database: 'postgres', max: 8 })
    try {
      await pool.query('create table numbers (value int)')
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => pool.query('insert into numbers values ($1)', [index])),
      )
      const client = await pool.connect()
      await client.query('begin')
      await client.query('delete from numbers')
      await client.query('rollback')
      const { rows } = await client.query<{ sum: string }>('select sum(value) from numbers')
      expect(rows).toEqual([{ sum: '780' }])
      const large = await client.query<{ text: string }>(
        "select repeat('x', 1000000) as text from generate_series(1, 20)",
      )
      expect(large.rows.map((row) => row.text.length)).toEqual(Array.from({ length: 20 }, () => 1_000_000))
      await client.query('listen news')
      const heard = once(client, 'notification', { signal: AbortSignal.timeout(10_000) })
      await pool.query("notify news, 'hello'")
      expect(await heard).toMatchObject([{ payload: 'hello' }])
      client.release()
    } finally {
      await pool.end()
    }
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })

  it('Redis: PING, a megabyte there and back, a thousand questions at once', async () => {
    const forward = await deploymentForward('redis', 6379)
    const { port } = localAddress(forward)
    const ping = await exchange(port, { send: 'PING\r\n', until: (bytes) => bytes.includes('\r\n') })
    expect(ping.received.toString()).toBe('+PONG\r\n')
    const value = randomBytes(MiB / 2).toString('hex')
    const stored = `+OK\r\n$${value.length}\r\n${value}\r\n`
    const there = await exchange(port, {
      send: `*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${value.length}\r\n${value}\r\nGET key\r\n`,
      until: (bytes) => bytes.length >= stored.length,
    })
    expect(there.received.equals(Buffer.from(stored))).toBe(true)
    const many = await exchange(port, {
      send: 'PING\r\n'.repeat(1000),
      until: (bytes) => bytes.length >= 7000,
    })
    expect(many.received.toString()).toBe('+PONG\r\n'.repeat(1000))
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })
})

describe('a crash-looping server', () => {
  it('is not called live while it is away, holds its clients meanwhile, and serves them when it is back', async () => {
    // So long it is away each time, that whoever looks now and then sees it.
    const container = workloadContainer({ READY_MS: 3000 })
    await world.bed.a.apply(barePod({ namespace: world.namespace, name: 'crashing', container }))
    await world.bed.a.waitForPods(world.namespace, 'app=crashing', 1)
    const forward = await liveForward(world.host.client, {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'pod', name: 'crashing' },
      ports: [{ remote: 8080 }],
      parkSeconds: 60,
    })
    const { port } = localAddress(forward)
    // The kubelet starts it again at once after the first crash, and some seconds after the second.
    for (let crash = 1; crash <= 2; crash += 1) {
      await waitForState(world.host.client, forward.id, 'live', 40)
      await exchange(port, { send: 'GET /exit?code=1 HTTP/1.0\r\n\r\n', limitMs: 5000 })
      const down = await waitUntil('it is not live', 8, async () => {
        const now = await expectOk(world.host.client.forwards.get({ id: forward.id }))
        return now.state === 'live' ? null : now
      })
      expect(down.cause?.message).toMatch(/\S{3}/)
      expect(down.cause?.next).toMatch(/\S{3}/)
      const { received } = await exchange(port, { send: 'GET / HTTP/1.0\r\n\r\n', limitMs: 50_000 })
      expect(received.toString()).toMatch(/^HTTP\/1\.[01] 200/)
    }
    const after = await waitForState(world.host.client, forward.id, 'live')
    expect(after.ports).toEqual(forward.ports)
    const [pod] = await world.bed.a.pods(world.namespace, 'app=crashing')
    expect(pod?.restarts).toBe(2)
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })
})
