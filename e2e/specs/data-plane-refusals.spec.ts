import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { provenMs } from '../../electron/core/forwards/tunnel/kubectl-tunnel.ts'
import { Conversation, get, isFoundAlive, useDataPlane } from '../support/data-plane.ts'
import { refuseNewConnections } from '../support/pod-firewall.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'

const ports = WORKLOAD_PORTS

// Without containers (no root) these specs are listed by name as not run.
const { containers } = sharedBed()

describe.runIf(containers)('a port that refuses connections', () => {
  const plane = useDataPlane()

  it('parks a client whose connection the pod refused, and hands what it had sent to the next pod', async () => {
    const way = await plane.lane()
    const { lost } = await way.serve(plane.pod, 9)
    const answer = get(way.port, '/hello')
    await waitUntil('the refusal', 5, () => lost.length === 1)
    expect(lost[0]?.code).toBe('container-not-listening')
    await waitUntil('the client to be parked', 2, () => way.listener.totals().parked === 1)
    await way.serve(plane.pod, ports.http)
    expect(JSON.parse((await answer).body)).toMatchObject({ path: '/hello', method: 'GET' })
  })

  it('loses none of many clients that meet a refused port at the same time', async () => {
    const way = await plane.lane()
    const answers = Array.from({ length: 30 }, (_, index) => get(way.port, `/${index}`))
    await waitUntil('thirty parked clients', 5, () => way.listener.totals().parked === 30)
    const { lost } = await way.serve(plane.pod, 9)
    await waitUntil('the refusal', 5, () => lost.length === 1)
    await way.serve(plane.pod, ports.http)
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
  })

  it('keeps open connections when the pod stops listening and refuses a new one', async () => {
    const stopping = await plane.newPod('stopping')
    const way = await plane.lane()
    const first = await way.serve(stopping, ports.echo)
    const old = await Conversation.with(way.port)
    old.say('a')
    await old.hears('a')
    await isFoundAlive(first.tunnel, 5)
    await refuseNewConnections(stopping, ports.echo)
    // No earlier connection vouches for the port any more, and none was made since.
    await sleep(provenMs + 10)
    const young = await Conversation.with(way.port)
    young.say('b')
    await waitUntil('the tunnel to say so', 5, () => first.lost.length === 1)
    expect(first.lost[0]?.code).toBe('container-not-listening')
    old.say('c')
    await old.hears('c')
    await way.serve(plane.pod, ports.echo)
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
    await waitUntil('the old tunnel to end by itself', 10, () => first.tunnel.state === 'closed')
  })
})
