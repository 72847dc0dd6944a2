import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dial, isFoundAlive, MiB, readToEnd, useDataPlane } from '../support/data-plane.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'

const ports = WORKLOAD_PORTS

const residentMiB = (pid: number | 'self'): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

// Without containers (no root) these specs are listed by name as not run.
const { containers } = sharedBed()

describe.runIf(containers)('who does not read or is not read', () => {
  const plane = useDataPlane()

  it('holds no more memory for a client that does not read, and loses none of its bytes', async () => {
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.source)
    const kubectl = tunnel.usage()?.pids[0] ?? 0
    const before = { own: residentMiB('self'), kubectl: residentMiB(kubectl) }
    const socket = await dial(way.port)
    socket.write(`${300 * MiB}\n`)
    socket.pause()
    let seen = -1
    await waitUntil(
      'the flow to stand still',
      15,
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
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.source)
    const slow = await dial(way.port)
    slow.write(`${300 * MiB}\n`)
    slow.pause()
    await waitUntil('the flow to begin', 5, () => way.listener.totals().bytesIn > 0)
    await isFoundAlive(tunnel, 10)
    const quick = await dial(way.port)
    quick.write(`${MiB}\n`)
    expect((await readToEnd(quick)).length).toBe(MiB)
    slow.destroy()
  })

  it('serves other clients while the pod does not read what one sends', async () => {
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.source)
    const flood = await dial(way.port)
    // The source reads one line and then only writes; nobody takes this client's bytes, in either direction.
    flood.write(`${300 * MiB}\n`)
    flood.write(Buffer.alloc(64 * MiB))
    flood.pause()
    await waitUntil('the flow to begin', 5, () => way.listener.totals().bytesIn > 0)
    await isFoundAlive(tunnel, 10)
    const quick = await dial(way.port)
    quick.write(`${MiB}\n`)
    expect((await readToEnd(quick)).length).toBe(MiB)
    flood.destroy()
  })
})
