import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, withKubectl } from '../support/main-job.ts'
import { startSteadyClient, type SteadyResult } from '../support/steady-client.ts'
import { waitUntil } from '../support/wait-until.ts'
import { restartRollout } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, gracefulDeployment, httpContainer, service, type Manifest } from '../testbed/workloads.ts'

const rounds = 3

let bed: Testbed
let host: RunningHost
let cluster: Cluster
let namespace: string

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('rollouts')
  host = await startHost({ environment: withKubectl(bed) })
  cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
})
afterAll(async () => {
  if (bed.containers) {
    await host.close()
    await bed.a.deleteNamespace(namespace)
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

/** Rolls a deployment several times under a client that connects every 50 ms; `lost` is what the history counts. */
async function rollOut(name: string, replicas: number, workload: Manifest): Promise<SteadyResult & { lost: number }> {
  await bed.a.apply(workload, service({ namespace, name, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }))
  await bed.a.waitForPods(namespace, `app=${name}`, replicas)
  const forward = await liveForward(host.client, {
    clusterId: cluster.id,
    namespace,
    target: { kind: 'service', name },
    ports: [{ remote: 'http' }],
    parkSeconds: 60,
  })
  const client = startSteadyClient({ ...localAddress(forward), path: '/' })
  for (let round = 0; round < rounds; round += 1) {
    const before = new Set((await bed.a.pods(namespace, `app=${name}`)).map((pod) => pod.name))
    await restartRollout(bed.a, namespace, `deployment/${name}`)
    await waitUntil('only new pods are left', 90, async () => {
      const pods = await bed.a.pods(namespace, `app=${name}`)
      return pods.length === replicas && pods.every((pod) => pod.ready && !pod.deleting && !before.has(pod.name))
    })
  }
  const result = await client.stop()
  expect(result.pods.length).toBeGreaterThan(rounds)
  const { entries } = await expectOk(host.client.forwards.history({ id: forward.id }))
  await expectOk(host.client.forwards.remove({ id: forward.id }))
  return { ...result, lost: entries.reduce((sum, { connectionsLost }) => sum + connectionsLost, 0) }
}

describe('a client that connects every 50 ms while a deployment is rolled again and again', () => {
  it('is always answered, and nothing counts as lost, where pods end as servers should', async () => {
    const result = await rollOut('graceful', 2, gracefulDeployment(namespace, 'graceful'))
    expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0, lost: 0 })
    expect(result.answered).toBe(result.attempts)
    expect(result.longestWaitMs).toBeLessThan(10_000)
  })

  it.each([2, 1])(
    'meets an end only where a pod that ends at once was just asked, and all of that is counted (%i pods)',
    async (replicas) => {
      const name = `abrupt-${replicas}`
      const container = httpContainer()
      const result = await rollOut(name, replicas, deployment({ namespace, name, replicas, container }))
      const { refused, resetBeforeFirstByte, emptyAnswers, answered, attempts, lost } = result
      expect(refused).toBe(0)
      expect(answered + resetBeforeFirstByte + emptyAnswers).toBe(attempts)
      // What was asked of a pod in its last ms may have been done and is never repeated; docs/data-plane.md.
      expect(resetBeforeFirstByte + emptyAnswers).toBeLessThanOrEqual(2 * rounds)
      expect(lost).toBeLessThanOrEqual(resetBeforeFirstByte)
      expect(result.longestWaitMs).toBeLessThan(10_000)
    },
  )
})
