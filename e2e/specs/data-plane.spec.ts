import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { refuseNewConnections } from '../support/pod-firewall.ts'
import { TunnelLane } from '../support/tunnel-lane.ts'
import { deletePod } from '../testbed/faults.ts'
import type { PodRow } from '../testbed/pods.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import { waitFor } from '../testbed/wait-for.ts'
import { barePod, service, WORKLOAD_PORTS } from '../testbed/workloads.ts'

const MiB = 1 << 20
const ports = WORKLOAD_PORTS

let bed: Testbed
let namespace: string
let pod: PodRow
const lanes: TunnelLane[] = []

// Without containers (no root) these specs are listed by name as not run.
const { containers } = inject('testbed')

async function lane(): Promise<TunnelLane> {
  const made = await new TunnelLane(bed.a, bed.kubectl, namespace).listen()
  lanes.push(made)
  return made
}

/** A pod of its own, for specs that break it. */
async function newPod(name: string): Promise<PodRow> {
  await bed.a.apply(barePod({ namespace, name, graceSeconds: 1 }))
  const [row] = await bed.a.waitForPods(namespace, `app=${name}`, 1)
  if (row === undefined) throw new Error('no pod')
  return row
}

async function dial(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

/** Everything until the end of the stream; rejects on a reset. */
async function readToEnd(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Answers with what comes next, or came since the last question; everything heard is kept, nothing can be missed. */
class Conversation {
  readonly socket: net.Socket
  #heard = ''

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.#heard += chunk.toString()))
    socket.on('error', (error) => (this.#heard += ` (${error.message})`))
  }

  static async with(port: number): Promise<Conversation> {
    return new Conversation(await dial(port))
  }

  say(words: string | Buffer): void {
    this.socket.write(words)
  }

  async hears(text: string | RegExp): Promise<void> {
    const matches = (): boolean => (typeof text === 'string' ? this.#heard === text : text.test(this.#heard))
    await waitFor(`to hear ${text.toString()}`, 20_000, matches, 5).catch((error: unknown) => {
      throw new Error(`heard ${JSON.stringify(this.#heard)}`, { cause: error })
    })
    this.#heard = ''
  }

  end(): void {
    this.socket.destroy()
  }
}

function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

const residentMiB = (pid: number | 'self'): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

describe.runIf(containers)('the data plane through kubectl', () => {
  beforeAll(async () => {
    bed = await attachTestbed(inject('testbed'))
    namespace = await bed.a.createNamespace('data-plane')
    pod = await newPod('web')
  })
  afterEach(async () => {
    for (const one of lanes.splice(0)) await one[Symbol.asyncDispose]()
  })
  afterAll(async () => {
    await bed.a.deleteNamespace(namespace)
    await bed.close()
  })

  it('serves HTTP from the pod it was told to', async () => {
    const way = await lane()
    const { tunnel } = await way.serve(pod, ports.http)
    const { status, body } = await get(way.port, '/')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ pod: 'web', uid: pod.uid })
    expect(tunnel.usage()?.pids).toHaveLength(1)
  })

  it('parks clients that come before the pod and serves them when it is there', async () => {
    const way = await lane()
    const answers = [get(way.port, '/a'), get(way.port, '/b'), get(way.port, '/c')]
    await waitFor('three parked clients', 5000, () => way.listener.totals().parked === 3)
    await way.serve(pod, ports.http)
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
    expect(way.unserved).toEqual([])
  })

  it('carries a server that speaks first', async () => {
    const way = await lane()
    await way.serve(pod, ports.banner)
    const socket = await Conversation.with(way.port)
    await socket.hears(/^220 web /)
    socket.say('hello')
    await socket.hears('hello')
    socket.end()
  })

  it('carries an answer that takes longer than a runtime waits after the client has ended its side', async () => {
    const way = await lane()
    await way.serve(pod, ports.http)
    const socket = await dial(way.port)
    socket.end('GET /ticks?ms=500&n=6 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect((await readToEnd(socket)).toString()).toContain('5 web')
  })

  it('brings 100 MiB down and up unchanged', async () => {
    const way = await lane()
    await way.serve(pod, ports.http)
    const sum = createHash('sha256')
    const told = await new Promise<string>((resolve, reject) => {
      http
        .get({ port: way.port, host: '127.0.0.1', path: `/bytes?n=${100 * MiB}`, agent: false }, (response) => {
          response.on('data', (chunk: Buffer) => sum.update(chunk))
          response.on('end', () => resolve(String(response.headers['x-sha256'])))
          response.on('error', reject)
        })
        .on('error', reject)
    })
    expect(sum.digest('hex')).toBe(told)

    const up = await lane()
    await up.serve(pod, ports.countedSink)
    const bytes = randomBytes(100 * MiB)
    const socket = await Conversation.with(up.port)
    socket.say(`${bytes.length}\n`)
    socket.say(bytes)
    const expected = createHash('sha256').update(bytes).digest('hex')
    await socket.hears(`${expected} ${bytes.length}\n`)
    expect(up.listener.totals().bytesOut).toBe(bytes.length + `${bytes.length}\n`.length)
    socket.end()
  })

  it('holds no more memory for a client that does not read, and loses none of its bytes', async () => {
    const way = await lane()
    const { tunnel } = await way.serve(pod, ports.source)
    const kubectl = tunnel.usage()?.pids[0] ?? 0
    const before = { own: residentMiB('self'), kubectl: residentMiB(kubectl) }
    const socket = await dial(way.port)
    socket.write(`${300 * MiB}\n`)
    socket.pause()
    let seen = -1
    await waitFor(
      'the flow to stand still',
      15_000,
      () => {
        const { bytesIn } = way.listener.totals()
        const stands = bytesIn > 0 && bytesIn === seen
        seen = bytesIn
        return stands
      },
      700,
    )
    expect(seen).toBeLessThan(100 * MiB)
    expect(residentMiB('self') - before.own).toBeLessThan(48)
    expect(residentMiB(kubectl) - before.kubectl).toBeLessThan(48)
    let bytes = 0
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    socket.resume()
    await once(socket, 'end')
    expect(bytes).toBe(300 * MiB)
    socket.destroy()
  })

  it('serves other clients while one does not read', async () => {
    const way = await lane()
    const { tunnel } = await way.serve(pod, ports.source)
    const slow = await dial(way.port)
    slow.write(`${300 * MiB}\n`)
    slow.pause()
    await waitFor('the flow to begin', 5000, () => way.listener.totals().bytesIn > 0)
    await waitFor('a free kubectl', 10_000, async () => (await tunnel.probe()).kind === 'live')
    const quick = await dial(way.port)
    quick.write(`${MiB}\n`)
    expect((await readToEnd(quick)).length).toBe(MiB)
    slow.destroy()
  })

  it('serves other clients while the pod does not read what one sends', async () => {
    const way = await lane()
    const { tunnel } = await way.serve(pod, ports.source)
    const flood = await dial(way.port)
    // The source reads one line and then only writes; nobody takes this client's bytes, in either direction.
    flood.write(`${300 * MiB}\n`)
    flood.write(Buffer.alloc(64 * MiB))
    flood.pause()
    await waitFor('the flow to begin', 5000, () => way.listener.totals().bytesIn > 0)
    await waitFor('a free kubectl', 10_000, async () => (await tunnel.probe()).kind === 'live')
    const quick = await dial(way.port)
    quick.write(`${MiB}\n`)
    expect((await readToEnd(quick)).length).toBe(MiB)
    flood.destroy()
  })

  it('goes through kubectl alone where the pod may not be looked up', async () => {
    await bed.a.apply(service({ namespace, name: 'web' }))
    const way = await lane()
    const made = await way.open({ reference: 'svc/web' }, 'http')
    way.route({ kind: 'tunnel', tunnel: made.tunnel })
    expect(JSON.parse((await get(way.port, '/')).body)).toMatchObject({ pod: 'web' })
    expect(way.listener.totals().closedUnserved).toBe(0)
  })

  describe('probing', () => {
    it.each([
      ['a server that speaks first', ports.banner],
      ['a server that waits', ports.silent],
      ['a server that closes at once', ports.closeAtOnce],
      ['HTTP', ports.http],
    ])('finds %s alive and harms nothing', async (_what, port) => {
      const way = await lane()
      const { tunnel, lost } = await way.serve(pod, port)
      expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
      expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
      expect(lost).toEqual([])
      expect(tunnel.state).toBe('ready')
    })

    it('finds a port on which nothing listens, with the reason', async () => {
      const way = await lane()
      const { tunnel, lost } = await way.serve(pod, 9)
      const failure = { code: 'container-not-listening', detail: 'refused-in-pod' }
      expect(await tunnel.probe()).toMatchObject({ kind: 'refused', failure })
      expect(lost).toMatchObject([failure])
      await waitFor('the tunnel to end', 5000, () => tunnel.state === 'closed')
    })

    it('finds a pod that was deleted although kubectl lives on', async () => {
      const gone = await newPod('gone')
      const way = await lane()
      const { tunnel, lost } = await way.serve(gone, ports.http)
      await deletePod(bed.a, namespace, gone.name, true)
      await waitFor('the pod to be gone', 30_000, async () => (await bed.a.pods(namespace, 'app=gone')).length === 0)
      const result = await waitFor('a refusal', 20_000, async () => {
        const answer = await tunnel.probe()
        return answer.kind === 'refused' ? answer : null
      })
      // While the node still clears it away the port is already closed and the pod's network not yet gone.
      expect(['pod-replaced', 'container-not-listening']).toContain(result.failure.code)
      expect(lost).toHaveLength(1)
    })

    it('finds a stopped kubectl at once, and one stream cannot be opened through it', async () => {
      const way = await lane()
      const { tunnel } = await way.serve(pod, ports.http)
      const pid = tunnel.usage()?.pids[0] ?? 0
      process.kill(pid, 'SIGSTOP')
      await waitFor('kubectl to stand still', 5000, () => / T \d/.test(readFileSync(`/proc/${pid}/stat`, 'latin1')))
      expect(await tunnel.probe()).toEqual({ kind: 'stalled', ms: 0 })
      expect(await tunnel.open()).toMatchObject({ ok: false, error: { code: 'tunnel-stalled' } })
      process.kill(pid, 'SIGCONT')
      expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
    })

    it('goes on beside an open, idle connection', async () => {
      const way = await lane()
      const { tunnel, lost } = await way.serve(pod, ports.echo)
      const socket = await Conversation.with(way.port)
      socket.say('x')
      await socket.hears('x')
      await waitFor('a live probe', 10_000, async () => (await tunnel.probe()).kind === 'live')
      expect(tunnel.usage()?.pids).toHaveLength(2)
      socket.say('y')
      await socket.hears('y')
      expect(lost).toEqual([])
      socket.end()
    })
  })

  it('parks a client whose connection the pod refused, and hands what it had sent to the next pod', async () => {
    const way = await lane()
    const { lost } = await way.serve(pod, 9)
    const answer = get(way.port, '/hello')
    await waitFor('the refusal', 5000, () => lost.length === 1)
    expect(lost[0]?.code).toBe('container-not-listening')
    await waitFor('the client to be parked', 2000, () => way.listener.totals().parked === 1)
    await way.serve(pod, ports.http)
    expect(JSON.parse((await answer).body)).toMatchObject({ path: '/hello', method: 'GET' })
  })

  it('loses none of many clients that meet a refused port at the same time', async () => {
    const way = await lane()
    const answers = Array.from({ length: 30 }, (_, index) => get(way.port, `/${index}`))
    await waitFor('thirty parked clients', 5000, () => way.listener.totals().parked === 30)
    const { lost } = await way.serve(pod, 9)
    await waitFor('the refusal', 5000, () => lost.length === 1)
    await way.serve(pod, ports.http)
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
  })

  it('keeps open connections when the pod stops listening and refuses a new one', async () => {
    const stopping = await newPod('stopping')
    const way = await lane()
    const first = await way.serve(stopping, ports.echo)
    const old = await Conversation.with(way.port)
    old.say('a')
    await old.hears('a')
    await waitFor('the spare kubectl', 5000, async () => (await first.tunnel.probe()).kind === 'live')
    await refuseNewConnections(stopping, ports.echo)
    // Longer than an earlier connection vouches for the port.
    await new Promise((resolve) => setTimeout(resolve, 6_500))
    const young = await Conversation.with(way.port)
    young.say('b')
    await waitFor('the tunnel to say so', 5000, () => first.lost.length === 1)
    expect(first.lost[0]?.code).toBe('container-not-listening')
    old.say('c')
    await old.hears('c')
    await way.serve(pod, ports.echo)
    await young.hears('b')
    old.say('d')
    await old.hears('d')
    expect(first.connectionsLost).toEqual([])
    expect(way.listener.connections().map(({ pod, state }) => [pod, state])).toEqual([
      ['stopping', 'draining'],
      ['web', 'open'],
    ])
    old.end()
    young.end()
    await waitFor('the old tunnel to end by itself', 10_000, () => first.tunnel.state === 'closed')
  })

  it('resets what kubectl carried when it is killed, counts it, and goes on through the spare', async () => {
    const way = await lane()
    const { tunnel, connectionsLost, lost } = await way.serve(pod, ports.echo)
    const socket = await Conversation.with(way.port)
    socket.say('x')
    await socket.hears('x')
    await waitFor('the spare kubectl', 10_000, async () => (await tunnel.probe()).kind === 'live')
    const reset = once(socket.socket, 'error')
    process.kill(tunnel.usage()?.pids[0] ?? 0, 'SIGKILL')
    await expect(reset).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await waitFor('the count', 2000, () => connectionsLost.length === 1)
    expect(connectionsLost).toMatchObject([{ count: 1, failure: { code: 'tunnel-lost', detail: 'killed' } }])
    const again = await Conversation.with(way.port)
    again.say('y')
    await again.hears('y')
    expect(lost).toEqual([])
    again.end()
  })

  it('is lost when its only kubectl is killed, and clients wait for the next tunnel', async () => {
    const way = await lane()
    const { tunnel, lost } = await way.serve(pod, ports.http)
    const [pid = 0] = tunnel.usage()?.pids ?? []
    process.kill(pid, 'SIGKILL')
    // What a kubectl in its last breath took may have reached the pod; from its end on nothing can have.
    await waitFor('its end', 5000, () => !existsSync(`/proc/${pid}/fd/0`), 1)
    const answer = get(way.port, '/')
    await waitFor('the loss', 2000, () => lost.length === 1)
    expect(lost).toMatchObject([{ code: 'tunnel-lost', detail: 'killed' }])
    await way.serve(pod, ports.http)
    expect((await answer).status).toBe(200)
  })

  it('moves new clients to a new pod while old ones keep theirs', async () => {
    const other = await newPod('other')
    const way = await lane()
    const first = await way.serve(pod, ports.banner)
    const old = await Conversation.with(way.port)
    await old.hears(/^220 web /)
    await way.serve(other, ports.banner)
    first.tunnel.drain()
    const young = await Conversation.with(way.port)
    await young.hears(/^220 other /)
    old.say('still')
    await old.hears('still')
    old.end()
    await waitFor('the drained tunnel to end', 10_000, () => first.tunnel.state === 'closed')
    expect(first.lost).toEqual([])
    young.end()
  })

  it.each([
    ['pod', { name: 'no-such-pod', uid: '' }, 'target-missing'],
    ['port', null, 'container-not-listening'],
  ])('says what is wrong with the %s', async (_what, target, code) => {
    const way = await lane()
    const { lost, tunnel } = target === null ? await way.serve(pod, 10) : way.start(target, ports.http)
    if (target === null) await tunnel.probe()
    await waitFor('the cause', 10_000, () => lost.length === 1)
    expect(lost[0]?.code).toBe(code)
  })

  it('takes its pod with it when closed: nothing is left', async () => {
    const way = await lane()
    const { tunnel } = await way.serve(pod, ports.echo)
    const socket = await Conversation.with(way.port)
    const over = new Promise((resolve) => socket.socket.once('close', resolve))
    socket.socket.on('error', () => undefined)
    socket.say('x')
    await socket.hears('x')
    const pids = tunnel.usage()?.pids ?? []
    await tunnel.close()
    await over
    expect(tunnel.usage()).toBeNull()
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
