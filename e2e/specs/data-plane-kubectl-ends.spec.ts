import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BusyMachine } from '../support/busy-machine.ts'
import { Conversation, get, isFoundAlive, useDataPlane } from '../support/data-plane.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'

const ports = WORKLOAD_PORTS

// Without containers (no root) these specs are listed by name as not run.
const { containers } = sharedBed()

describe.runIf(containers)('the end of a kubectl', () => {
  const plane = useDataPlane()

  it('resets what kubectl carried when it is killed, counts it, and goes on through the spare', async () => {
    const way = await plane.lane()
    const { tunnel, connectionsLost, lost } = await way.serve(plane.pod, ports.echo)
    const socket = await Conversation.with(way.port)
    socket.say('x')
    await socket.hears('x')
    await isFoundAlive(tunnel, 10)
    const reset = once(socket.socket, 'error')
    process.kill(tunnel.usage()?.pids[0] ?? 0, 'SIGKILL')
    await expect(reset).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await waitUntil('the count', 2, () => connectionsLost.length === 1)
    expect(connectionsLost).toMatchObject([{ count: 1, failure: { code: 'tunnel-lost', detail: 'killed' } }])
    const again = await Conversation.with(way.port)
    again.say('y')
    await again.hears('y')
    expect(lost).toEqual([])
    again.end()
  })

  it('is lost when its only kubectl is killed, and clients wait for the next tunnel', async () => {
    const way = await plane.lane()
    const { tunnel, lost } = await way.serve(plane.pod, ports.http)
    const [pid = 0] = tunnel.usage()?.pids ?? []
    process.kill(pid, 'SIGKILL')
    // What a kubectl in its last breath took may have reached the pod; from its end on nothing can have.
    await waitUntil('its end', 5, () => !existsSync(`/proc/${pid}/fd/0`), 1)
    const answer = get(way.port, '/')
    await waitUntil('the loss', 2, () => lost.length === 1)
    expect(lost).toMatchObject([{ code: 'tunnel-lost', detail: 'killed' }])
    await way.serve(plane.pod, ports.http)
    expect((await answer).status).toBe(200)
  })

  it('takes exactly those with it who were connected, 20 times on a busy machine', async () => {
    await using _busy = new BusyMachine()
    for (let round = 0; round < 20; round += 1) {
      const way = await plane.lane()
      const { tunnel, connectionsLost } = await way.serve(plane.pod, ports.echo)
      const clients = await Promise.all(
        Array.from({ length: 1 + (round % 8) }, async () => {
          const client = await Conversation.with(way.port)
          client.say('x')
          await client.hears('x')
          return client
        }),
      )
      const left = clients.length > 4 ? clients.pop() : undefined
      left?.end()
      await waitUntil('the one who left to be gone', 5, () => way.listener.totals().open === clients.length)
      const resets = clients.map(({ socket }) => once(socket, 'error', { signal: AbortSignal.timeout(20_000) }))
      for (const pid of tunnel.usage()?.pids ?? []) process.kill(pid, 'SIGKILL')
      for (const reset of resets) await expect(reset).resolves.toMatchObject([{ code: 'ECONNRESET' }])
      await tunnel.close()
      expect(connectionsLost.reduce((sum, { count }) => sum + count, 0)).toBe(clients.length)
    }
  })

  it('takes its pod with it when closed: nothing is left', async () => {
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.echo)
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

  it('moves new clients to a new pod while old ones keep theirs', async () => {
    const other = await plane.newPod('other')
    const way = await plane.lane()
    const first = await way.serve(plane.pod, ports.banner)
    const old = await Conversation.with(way.port)
    await old.hears(/^220 web /)
    await way.serve(other, ports.banner)
    first.tunnel.drain()
    const young = await Conversation.with(way.port)
    await young.hears(/^220 other /)
    old.say('still')
    await old.hears('still')
    old.end()
    await waitUntil('the drained tunnel to end', 10, () => first.tunnel.state === 'closed')
    expect(first.lost).toEqual([])
    young.end()
  })
})
