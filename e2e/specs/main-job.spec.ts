import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { descendantsOf, stillAlive } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { startHost } from '../support/host.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startSteadyClient } from '../support/steady-client.ts'
import { waitUntil } from '../support/wait-until.ts'
import { restartRollout } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { gracefulDeployment, service } from '../testbed/workloads.ts'

let bed: Testbed
let namespace: string
const passphrase = 'correct horse battery staple'

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('main')
  await bed.a.apply(gracefulDeployment(namespace, 'web'), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 2)
})
afterAll(async () => {
  if (bed.containers) await bed.a.deleteNamespace(namespace)
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

const get = async (host: string, port: number, path = '/'): Promise<{ pod: string }> => {
  const response = await fetch(`http://${host}:${port}${path}`)
  if (!response.ok) throw new Error(`status ${response.status}`)
  return (await response.json()) as { pod: string }
}

describe('the main job', () => {
  it('keeps a forward to a service alive and on its port through a rollout, nobody refused', async () => {
    await using host = await startHost({ environment: withKubectl(bed) })
    const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    const forward = await liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 'http' }, { remote: 7000 }],
    })
    const { host: address, port } = localAddress(forward)
    const before = await get(address, port)
    expect(before.pod).toMatch(/^web-/)

    const client = startSteadyClient({ host: address, port, path: '/' })
    await restartRollout(bed.a, namespace, 'deployment/web')
    await waitUntil('only new pods are left', 60, async () => {
      const pods = await bed.a.pods(namespace, 'app=web')
      return pods.length === 2 && pods.every((pod) => pod.ready && !pod.deleting && pod.name !== before.pod)
    })
    await waitUntil('a new pod answers', 30, async () => (await get(address, port)).pod !== before.pod)
    const result = await client.stop()
    expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
    expect(result.answered).toBe(result.attempts)
    expect(result.longestWaitMs).toBeLessThan(10_000)
    const after = await waitForState(host.client, forward.id, 'live')
    expect(after.ports).toEqual(forward.ports)
  })

  it('comes back after kill -9 on the same ports, with nothing left over', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mooring-main-'))
    const options = { dataDir, vault: 'passphrase' as const, passphrase, environment: withKubectl(bed) }
    const first = await startHost(options)
    const cluster = await addCluster(first.client, bed.a.kubeconfig, 'bed a')
    const forward = await liveForward(first.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'deployment', name: 'web' },
      ports: [{ remote: 8080 }],
    })
    const children = await descendantsOf(first.pid)
    expect(children.map((child) => child.command).join('\n')).toContain('port-forward')
    await first.kill()
    await waitUntil('the children are gone', 5, async () => (await stillAlive(children)).length === 0)

    await using second = await startHost(options)
    const again = await waitForState(second.client, forward.id, 'live')
    expect(again.ports).toEqual(forward.ports)
    const { host: address, port } = localAddress(again)
    expect((await get(address, port)).pod).toMatch(/^web-/)
    const secondChildren = await descendantsOf(second.pid)
    await second.close()
    expect(await stillAlive(secondChildren)).toEqual([])
    await expect(get(address, port)).rejects.toThrow()
    await rm(dataDir, { recursive: true })
  })

  it('moves to new credentials while bytes flow, and refuses credentials that do not work', async () => {
    await using host = await startHost({ environment: withKubectl(bed) })
    const cluster = await addCluster(host.client, bed.a.users.token ?? '', 'rotated')
    const forward = await liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 8080 }],
    })
    const { host: address, port } = localAddress(forward)
    const download = fetch(`http://${address}:${port}/ticks?n=80&ms=100`).then((response) => response.text())

    const wrong = await readFile(bed.a.users['wrong-token'] ?? '', 'utf8')
    const refused = await expectError(host.client.clusters.rotate({ id: cluster.id, text: wrong }))
    expect(refused.code).toBe('credentials-rejected')

    const text = await readFile(bed.a.kubeconfig, 'utf8')
    await expectOk(host.client.clusters.rotate({ id: cluster.id, text }))
    const client = startSteadyClient({ host: address, port, path: '/' })
    expect((await download).length).toBeGreaterThan(0)
    const result = await client.stop()
    expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
    const after = await waitForState(host.client, forward.id, 'live')
    expect(after.ports).toEqual(forward.ports)
  })

  it('removes a cluster with its forwards only when told so', async () => {
    await using host = await startHost({ environment: withKubectl(bed) })
    const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    const forward = await liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 8080 }],
    })
    const children = (await descendantsOf(host.pid)).filter((child) => child.command.includes('port-forward'))
    const refused = await expectError(host.client.clusters.remove({ id: cluster.id }))
    expect(refused.code).toBe('cluster-in-use')
    const dependents = await expectOk(host.client.clusters.dependents({ id: cluster.id }))
    expect(dependents.forwards.map((one) => one.id)).toEqual([forward.id])
    await expectOk(host.client.clusters.remove({ id: cluster.id, removeForwards: 'true' }))
    expect(await expectOk(host.client.forwards.list())).toEqual([])
    const { host: address, port } = localAddress(forward)
    await expect(get(address, port)).rejects.toThrow()
    await waitUntil('its kubectl is gone', 10, async () => (await stillAlive(children)).length === 0)
  })
})
