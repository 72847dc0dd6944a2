import { once } from 'node:events'
import net from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BusyMachine } from '../support/busy-machine.ts'
import { isFoundAlive } from '../support/data-plane.ts'
import { TunnelLane } from '../support/tunnel-lane.ts'
import * as faults from '../testbed/faults.ts'
import type { PodRow } from '../testbed/pods.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { barePod, WORKLOAD_PORTS } from '../testbed/workloads.ts'

const { containers } = sharedBed()
const ports = WORKLOAD_PORTS

// A bed of its own: these faults would be the other specs' failures.
let bed: Testbed
let namespace: string
let pod: PodRow
const lanes: TunnelLane[] = []
const undone: faults.Fault[] = []

async function lane(): Promise<TunnelLane> {
  const made = await new TunnelLane(bed.a, bed.kubectl, namespace).listen()
  lanes.push(made)
  return made
}

/** A client of the echo port that has been answered once. */
async function talking(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  socket.write('hello')
  await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })
  return socket
}

async function echoed(socket: net.Socket, word: string): Promise<void> {
  const heard = once(socket, 'data', { signal: AbortSignal.timeout(30_000) })
  socket.write(word)
  expect(String((await heard)[0])).toBe(word)
}

describe.runIf(containers)('the data plane when the cluster fails', () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    namespace = await bed.a.createNamespace('data-plane')
    await bed.a.apply(barePod({ namespace, name: 'web' }))
    const [row] = await bed.a.waitForPods(namespace, 'app=web', 1)
    if (row === undefined) throw new Error('no pod')
    pod = row
  })
  afterEach(async () => {
    for (const one of lanes.splice(0)) await one[Symbol.asyncDispose]()
    for (const fault of undone.splice(0)) await fault.undo()
  })
  afterAll(() => bed.close())

  it('is lost at once when the API server is killed, and resets what it carried', async () => {
    const way = await lane()
    const { lost, connectionsLost } = await way.serve(pod, ports.echo)
    const sockets = await Promise.all(Array.from({ length: 5 }, () => talking(way.port)))
    const resets = sockets.map((socket) => once(socket, 'error'))
    // kubectl closes its connections first and ends when it gets the time: nobody must take that for the pod's end.
    await using _busy = new BusyMachine()
    undone.push(await faults.stopComponent(bed.a, 'apiserver'))
    for (const reset of resets) await expect(reset).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    const counted = (): number => connectionsLost.reduce((sum, { count }) => sum + count, 0)
    await waitUntil('the loss', 5, () => lost.length === 1 && counted() >= sockets.length)
    expect(lost[0]?.code).toBe('tunnel-lost')
    expect(counted()).toBe(sockets.length)
    const next = way.start(pod, ports.echo)
    await waitUntil('the next to fail', 10, () => next.lost.length === 1)
    expect(next.lost[0]).toMatchObject({ code: 'cluster-unreachable', detail: 'api-refused' })
  })

  it('says stalled while the link is down, and open connections go on when it is back', async () => {
    const way = await lane()
    const { tunnel, lost } = await way.serve(pod, ports.echo)
    const socket = await talking(way.port)
    await isFoundAlive(tunnel, 10)
    const fault = await faults.linkDown(bed.a)
    undone.push(fault)
    const before = performance.now()
    expect(await tunnel.probe()).toMatchObject({ kind: 'stalled' })
    // 3 s; five times that on a busy machine.
    expect(performance.now() - before).toBeLessThan(15_000)
    await fault.undo()
    await echoed(socket, 'again')
    expect(lost).toEqual([])
    socket.destroy()
  })

  it('says stalled while the node does not move, and live again', async () => {
    const way = await lane()
    const { tunnel, lost } = await way.serve(pod, ports.echo)
    await isFoundAlive(tunnel)
    const fault = await faults.pauseComponent(bed.a, 'containerd')
    undone.push(fault)
    expect(await tunnel.probe()).toMatchObject({ kind: 'stalled' })
    await fault.undo()
    await isFoundAlive(tunnel)
    expect(lost).toEqual([])
  })
})
