import { describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { useForwardWorld } from '../support/forward-world.ts'
import { addCluster, liveForward, localAddress, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import {
  barePod,
  daemonSet,
  deployment,
  httpContainer,
  job,
  replicaSet,
  service,
  statefulSet,
} from '../testbed/workloads.ts'

const world = useForwardWorld('targets', async ({ bed, namespace }) => {
  const http = { namespace, container: httpContainer() }
  const ports = [{ name: 'http', port: 80, targetPort: 'http' }]
  await bed.a.apply(
    deployment({ ...http, name: 'deploy' }),
    service({ namespace, name: 'deploy', ports }),
    statefulSet({ ...http, name: 'sts', replicas: 2 }),
    service({ namespace, name: 'sts', headless: true, ports }),
    daemonSet({ ...http, name: 'ds', nodeName: bed.a.node }),
    replicaSet({ ...http, name: 'rs' }),
    job({ ...http, name: 'job' }),
    barePod({ ...http, name: 'pod' }),
  )
  const counts = { deploy: 1, sts: 2, ds: 1, rs: 1, job: 1, pod: 1 }
  await Promise.all(Object.entries(counts).map(([name, count]) => bed.a.waitForPods(namespace, `app=${name}`, count)))
})

async function podBehind(forward: Forward, index = 0): Promise<string> {
  const { host: address, port } = localAddress(forward, index)
  return ((await (await fetch(`http://${address}:${port}/`)).json()) as { pod: string }).pod
}

describe('a forward leads to', () => {
  it.each<[string, Forward['target'], number | string, RegExp]>([
    ['a pod', { kind: 'pod', name: 'pod' }, 8080, /^pod$/],
    ['a service, by its port number', { kind: 'service', name: 'deploy' }, 80, /^deploy-/],
    ['a service, by its port name', { kind: 'service', name: 'deploy' }, 'http', /^deploy-/],
    ['a headless service', { kind: 'service', name: 'sts' }, 80, /^sts-/],
    ['a deployment', { kind: 'deployment', name: 'deploy' }, 8080, /^deploy-/],
    ['a deployment, by the port name in its pods', { kind: 'deployment', name: 'deploy' }, 'http', /^deploy-/],
    ['a stateful set', { kind: 'statefulset', name: 'sts' }, 8080, /^sts-/],
    ['a daemon set', { kind: 'daemonset', name: 'ds' }, 8080, /^ds-/],
    ['a replica set', { kind: 'replicaset', name: 'rs' }, 8080, /^rs-/],
    ['a job', { kind: 'job', name: 'job' }, 8080, /^job-/],
    ['the pods of a label selector', { kind: 'selector', selector: 'app in (rs)' }, 8080, /^rs-/],
  ])('%s', async (_what, target, remote, pod) => {
    const forward = await liveForward(world.host.client, {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target,
      ports: [{ remote }],
    })
    expect(await podBehind(forward)).toMatch(pod)
    await waitUntil('the row to name the pod', 20, async () => {
      const { observed } = await expectOk(world.host.client.forwards.get({ id: forward.id }))
      return observed.watching && pod.test(observed.pod ?? '')
    })
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })

  it('the lowest ordinal of a stateful set when that is asked for', async () => {
    const forward = await liveForward(world.host.client, {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'statefulset', name: 'sts' },
      ports: [{ remote: 'http' }],
      podPolicy: 'ordinal',
    })
    expect(await podBehind(forward)).toBe('sts-0')
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })
})

describe('the local port', () => {
  it('is chosen once and kept over stop and start', async () => {
    const forward = await liveForward(world.host.client, {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'service', name: 'deploy' },
      ports: [{ remote: 80 }, { remote: 'http' }],
    })
    expect(new Set(forward.ports.map((port) => port.local)).size).toBe(2)
    expect([await podBehind(forward, 0), await podBehind(forward, 1)]).toEqual([
      expect.stringMatching(/^deploy-/),
      expect.stringMatching(/^deploy-/),
    ])
    await expectOk(world.host.client.forwards.stop({ id: forward.id }))
    await waitForState(world.host.client, forward.id, 'off')
    await expect(podBehind(forward)).rejects.toThrow()
    await expectOk(world.host.client.forwards.start({ id: forward.id }))
    const again = await waitForState(world.host.client, forward.id, 'live')
    expect(again.ports).toEqual(forward.ports)
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })

  it('belongs to one wanted forward at a time; another may have it when that one is off', async () => {
    const input = {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'service' as const, name: 'deploy' },
    }
    const first = await liveForward(world.host.client, { ...input, ports: [{ remote: 80 }], name: 'first' })
    const local = localAddress(first).port
    const refused = await expectError(world.host.client.forwards.create({ ...input, ports: [{ remote: 80, local }] }))
    expect(refused).toMatchObject({ code: 'local-port-taken', details: { forward: { name: 'first' } } })
    const check = await expectOk(world.host.client.forwards.check({ ports: [{ remote: 80, local }] }))
    expect(check.ports[0]).toMatchObject({ status: 'taken', owner: { forward: { name: 'first' } } })
    const second = await expectOk(
      world.host.client.forwards.create({ ...input, ports: [{ remote: 80, local }], desired: 'off' }),
    )
    await expectOk(world.host.client.forwards.stop({ id: first.id }))
    await expectOk(world.host.client.forwards.start({ id: second.id }))
    await waitForState(world.host.client, second.id, 'live')
    for (const id of [first.id, second.id]) await expectOk(world.host.client.forwards.remove({ id }))
  })

  it('moves when the forward is edited, and what waited is not handed to another target', async () => {
    const forward = await liveForward(world.host.client, {
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'service', name: 'deploy' },
      ports: [{ remote: 80 }],
    })
    await expectOk(
      world.host.client.forwards.update({
        id: forward.id,
        target: { kind: 'pod', name: 'pod' },
        ports: [{ remote: 8080 }],
      }),
    )
    const edited = await waitForState(world.host.client, forward.id, 'live')
    expect(await podBehind(edited)).toBe('pod')
    await expectOk(world.host.client.forwards.remove({ id: forward.id }))
  })

  it('says before anything is saved whether forwarding is allowed there', async () => {
    const allowed = await expectOk(
      world.host.client.forwards.check({ clusterId: world.cluster.id, namespace: world.namespace, ports: [] }),
    )
    expect(allowed.access).toMatchObject({ allowed: true })
    const restricted = await addCluster(world.host.client, world.bed.a.users.restricted ?? '', 'restricted')
    const refused = await expectOk(
      world.host.client.forwards.check({ clusterId: restricted.id, namespace: 'team', ports: [] }),
    )
    expect(refused.access?.allowed).toBe(false)
    expect(refused.access?.reason).toContain('get and create pods/portforward')
  })
})
