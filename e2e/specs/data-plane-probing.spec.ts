import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Conversation, isFoundAlive, useDataPlane } from '../support/data-plane.ts'
import { deletePod } from '../testbed/faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'

const ports = WORKLOAD_PORTS

// Without containers (no root) these specs are listed by name as not run.
const { containers } = sharedBed()

describe.runIf(containers)('probing through kubectl', () => {
  const plane = useDataPlane()

  it.each([
    ['a server that speaks first', ports.banner],
    ['a server that waits', ports.silent],
    ['a server that closes at once', ports.closeAtOnce],
    ['HTTP', ports.http],
  ])('finds %s alive and harms nothing', async (_what, port) => {
    const way = await plane.lane()
    const { tunnel, lost } = await way.serve(plane.pod, port)
    await isFoundAlive(tunnel)
    await isFoundAlive(tunnel)
    expect(lost).toEqual([])
    expect(tunnel.state).toBe('ready')
  })

  it('finds a port on which nothing listens, with the reason', async () => {
    const way = await plane.lane()
    const { tunnel, lost } = await way.serve(plane.pod, 9)
    const failure = { code: 'container-not-listening', detail: 'refused-in-pod' }
    expect(await tunnel.probe()).toMatchObject({ kind: 'refused', failure })
    expect(lost).toMatchObject([failure])
    await waitUntil('the tunnel to end', 5, () => tunnel.state === 'closed')
  })

  it('finds a pod that was deleted although kubectl lives on', async () => {
    const gone = await plane.newPod('gone')
    const way = await plane.lane()
    const { tunnel, lost } = await way.serve(gone, ports.http)
    await deletePod(plane.bed.a, plane.namespace, gone.name, true)
    await waitUntil(
      'the pod to be gone',
      30,
      async () => (await plane.bed.a.pods(plane.namespace, 'app=gone')).length === 0,
    )
    const result = await waitUntil('a refusal', 20, async () => {
      const answer = await tunnel.probe()
      return answer.kind === 'refused' ? answer : null
    })
    // While the node still clears it away the port is closed, or its program ends just now, and the network is not yet gone.
    expect(['pod-replaced', 'container-not-listening', 'reset-by-pod']).toContain(result.failure.code)
    // A reset alone is no proof that the pod is gone: what is asked next tells.
    await waitUntil('the loss', 20, async () => {
      if (lost.length === 0) await tunnel.probe()
      return lost.length > 0
    })
    expect(lost).toHaveLength(1)
  })

  it('finds a stopped kubectl at once, and one stream cannot be opened through it', async () => {
    const way = await plane.lane()
    const { tunnel } = await way.serve(plane.pod, ports.http)
    const pid = tunnel.usage()?.pids[0] ?? 0
    process.kill(pid, 'SIGSTOP')
    await waitUntil('kubectl to stand still', 5, () => / T \d/.test(readFileSync(`/proc/${pid}/stat`, 'latin1')))
    expect(await tunnel.probe()).toEqual({ kind: 'stalled', ms: 0 })
    expect(await tunnel.open()).toMatchObject({ ok: false, error: { code: 'tunnel-stalled' } })
    process.kill(pid, 'SIGCONT')
    await isFoundAlive(tunnel)
  })

  it('goes on beside an open, idle connection', async () => {
    const way = await plane.lane()
    const { tunnel, lost } = await way.serve(plane.pod, ports.echo)
    const socket = await Conversation.with(way.port)
    socket.say('x')
    await socket.hears('x')
    await isFoundAlive(tunnel, 10)
    expect(tunnel.usage()?.pids).toHaveLength(2)
    socket.say('y')
    await socket.hears('y')
    expect(lost).toEqual([])
    socket.end()
  })

  it.each([
    ['pod', { name: 'no-such-pod', uid: '' }, 'pod-replaced'],
    ['port', null, 'container-not-listening'],
  ])('says what is wrong with the %s', async (_what, target, code) => {
    const way = await plane.lane()
    const { lost, tunnel } = target === null ? await way.serve(plane.pod, 10) : way.start(target, ports.http)
    if (target === null) await tunnel.probe()
    await waitUntil('the cause', 10, () => lost.length === 1)
    expect(lost[0]?.code).toBe(code)
  })
})
