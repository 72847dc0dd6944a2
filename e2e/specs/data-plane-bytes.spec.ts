import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'
import { describe, expect, it } from 'vitest'
import { Conversation, dial, readToEnd, get, MiB, useDataPlane } from '../support/data-plane.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { service, WORKLOAD_PORTS } from '../testbed/workloads.ts'

const ports = WORKLOAD_PORTS

// Without containers (no root) these specs are listed by name as not run.
const { containers } = sharedBed()

describe.runIf(containers)('bytes through kubectl', () => {
  const plane = useDataPlane()

  it('serves HTTP from the pod it was told to', async () => {
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.http)
    const { status, body } = await get(way.port, '/')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ pod: 'web', uid: plane.pod.uid })
    // One, and a spare where the answer took its time.
    expect([1, 2]).toContain(tunnel.usage()?.pids.length)
  })

  it('parks clients that come before the pod and serves them when it is there', async () => {
    const way = await plane.lane()
    const answers = [get(way.port, '/a'), get(way.port, '/b'), get(way.port, '/c')]
    await waitUntil('three parked clients', 5, () => way.listener.totals().parked === 3)
    await way.serve(plane.pod, ports.http)
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
    expect(way.unserved).toEqual([])
  })

  it('carries a server that speaks first', async () => {
    const way = await plane.lane()
    await way.serve(plane.pod, ports.banner)
    const socket = await Conversation.with(way.port)
    await socket.hears(/^220 web /)
    socket.say('hello')
    await socket.hears('hello')
    socket.end()
  })

  it('carries an answer that takes longer than a runtime waits after the client has ended its side', async () => {
    const way = await plane.lane()
    await way.serve(plane.pod, ports.http)
    const socket = await dial(way.port)
    socket.end('GET /ticks?ms=500&n=6 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect((await readToEnd(socket)).toString()).toContain('5 web')
  })

  it('brings 100 MiB down and up unchanged', async () => {
    const way = await plane.lane()
    await way.serve(plane.pod, ports.http)
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

    const up = await plane.lane()
    await up.serve(plane.pod, ports.countedSink)
    const bytes = randomBytes(100 * MiB)
    const socket = await Conversation.with(up.port)
    socket.say(`${bytes.length}\n`)
    socket.say(bytes)
    const expected = createHash('sha256').update(bytes).digest('hex')
    await socket.hears(`${expected} ${bytes.length}\n`)
    expect(up.listener.totals().bytesOut).toBe(bytes.length + `${bytes.length}\n`.length)
    socket.end()
  })

  it('goes through kubectl alone where the pod may not be looked up', async () => {
    await plane.bed.a.apply(service({ namespace: plane.namespace, name: 'web' }))
    const way = await plane.lane()
    const made = await way.open({ reference: 'svc/web' }, 'http')
    way.route({ kind: 'tunnel', tunnel: made.tunnel })
    expect(JSON.parse((await get(way.port, '/')).body)).toMatchObject({ pod: 'web' })
    expect(way.listener.totals().closedUnserved).toBe(0)
  })
})
