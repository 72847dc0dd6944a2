import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { descendantsOf } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { watchTruth } from '../support/truth-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { pauseComponent } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { barePod } from '../testbed/workloads.ts'

/** Cluster B's pods are kwok's: their port-forwards carry bytes and never come to an end. */
let bed: Testbed
let host: RunningHost
let cluster: Cluster
let namespace: string

beforeAll(async () => {
  bed = await sharedTestbed()
  namespace = await bed.b.createNamespace('endless')
  await bed.b.apply(barePod({ namespace, name: 'fake', nodeName: 'fake-1' }))
  await bed.b.waitForPods(namespace, 'app=fake', 1)
  host = await startHost({ environment: withKubectl(bed) })
  cluster = await addCluster(host.client, bed.b.kubeconfig, 'bed b')
})
afterAll(async () => {
  await host.close()
  await bed.b.deleteNamespace(namespace)
  await bed.close()
})

const create = (remote = 8080): Promise<Forward> =>
  liveForward(host.client, {
    clusterId: cluster.id,
    namespace,
    target: { kind: 'pod', name: 'fake' },
    ports: [{ remote }],
  })

async function entries(id: string): Promise<string[]> {
  const history = await expectOk(host.client.forwards.history({ id, limit: 50 }))
  return history.entries.map(({ state, causeCode }) => `${state} ${causeCode ?? ''}`.trim()).reverse()
}

async function fetchedPod(forward: Forward): Promise<unknown> {
  const { host: address, port } = localAddress(forward)
  return ((await (await fetch(`http://${address}:${port}/`)).json()) as { pod: unknown }).pod
}

describe('a forward to a pod whose runtime never ends a stream', () => {
  it('is live, serves, and stays so over many probes without a word in its output', async () => {
    const forward = await create()
    expect(await fetchedPod(forward)).toBe('fake')
    const truth = watchTruth(host.client, { silently: true })
    const observed = forward.observed.lastEvidenceAt ?? 0
    // The time is what is tested: no traffic, several probes.
    await passed(12_000)
    const { violations } = await truth.stop()
    expect(violations).toEqual([])
    // Its first probe takes most of the time there is, so a busy machine may need a second one; from then on it is live.
    const told = await entries(forward.id)
    expect(told.slice(told.indexOf('live'))).toEqual(['live'])
    const now = await expectOk(host.client.forwards.get({ id: forward.id }))
    expect(now.observed.lastEvidenceAt).toBeGreaterThan(observed + 5_000)
    expect(now.observed.reconnects).toBe(0)
    const output = await expectOk(host.client.forwards.output({ id: forward.id, limit: 100 }))
    expect(output.map(({ text }) => text).filter((text) => /reset by peer|lost connection/.test(text))).toEqual([])
    await expectOk(host.client.forwards.remove({ id: forward.id }))
  })

  it('is not live when its port leads nowhere', async () => {
    const created = await expectOk(
      host.client.forwards.create({
        clusterId: cluster.id,
        namespace,
        target: { kind: 'pod', name: 'fake' },
        ports: [{ remote: 9999 }],
      }),
    )
    await waitForState(host.client, created.id, 'recovering')
    await passed(4_000)
    expect(await entries(created.id)).not.toContain('live')
    await expectOk(host.client.forwards.remove({ id: created.id }))
  })

  describe('is found out within a probe interval and 3 s', () => {
    let forward: Forward
    beforeEach(async () => {
      forward = await create()
      return async () => {
        await expectOk(host.client.forwards.remove({ id: forward.id }))
      }
    })

    const isFoundOut = async (since: number): Promise<void> => {
      await waitUntil('the stall to be said', 45, async () => {
        const { state, cause } = await expectOk(host.client.forwards.get({ id: forward.id }))
        if (state !== 'live') return true
        throw new Error(`${state} ${cause?.code ?? ''}`)
      })
      const seconds = (performance.now() - since) / 1000
      console.log(`found out after ${seconds.toFixed(1)} s`)
      expect(seconds).toBeLessThan((forward.probe.seconds + 3) * 5)
    }

    it('when its kubectl stands still', async () => {
      const [child] = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
      process.kill(child?.pid ?? 0, 'SIGSTOP')
      await isFoundOut(performance.now())
      await waitForState(host.client, forward.id, 'live')
    })

    it('when the API server stands still', async () => {
      const truth = watchTruth(host.client)
      const paused = await pauseComponent(bed.b, 'apiserver')
      try {
        await isFoundOut(performance.now())
      } finally {
        await paused.undo()
      }
      await waitForState(host.client, forward.id, 'live')
      expect((await truth.stop()).violations).toEqual([])
      expect(await fetchedPod(forward)).toBe('fake')
    })
  })
})
