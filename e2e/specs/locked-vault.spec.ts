import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, httpContainer, service } from '../testbed/workloads.ts'

const passphrase = 'correct horse battery staple'
let bed: Testbed
let host: RunningHost
let namespace: string

beforeAll(async () => {
  bed = await sharedTestbed()
  namespace = await bed.a.createNamespace('locked')
  host = await startHost({ vault: 'passphrase', passphrase, environment: withKubectl(bed) })
})
afterAll(async () => {
  await host.close()
  await bed.a.deleteNamespace(namespace)
  await bed.close()
})

describe('a vault that is locked while a forward is live', () => {
  it('leaves the open tunnel, takes the credentials from the sidecar, and hands them over again', async (context) => {
    if (!bed.containers) context.skip('needs real containers')
    const { client } = host
    const ports = [{ name: 'http', port: 80, targetPort: 'http' }]
    await bed.a.apply(
      deployment({ namespace, name: 'web', container: httpContainer() }),
      service({ namespace, name: 'web', ports }),
    )
    await bed.a.waitForPods(namespace, 'app=web', 1)
    const cluster = await addCluster(client, bed.a.kubeconfig, 'a')
    const target = { kind: 'service', name: 'web' } as const
    const wanted = { clusterId: cluster.id, namespace, target, ports: [{ remote: 80 }] }
    const forward = await liveForward(client, wanted)
    const get = () => expectOk(client.forwards.get({ id: forward.id }))
    await waitUntil('somebody watches', 10, async () => (await get()).observed.watching)
    const { host: address, port } = localAddress(forward)
    const answers = async (): Promise<boolean> => (await fetch(`http://${address}:${port}/`)).ok

    await expectOk(client.vault.lock())
    await waitUntil('nobody watches', 5, async () => !(await get()).observed.watching)
    expect(await answers()).toBe(true)
    expect((await get()).state).toBe('live')
    expect((await expectError(client.clusters.pods({ id: cluster.id, namespace }))).code).toBe('vault-locked')
    // A forward that is started now waits for the vault; nothing is obtained for it.
    const second = await expectOk(client.forwards.create(wanted))
    const waiting = await waitForState(client, second.id, 'holding')
    expect(waiting.cause).toMatchObject({ code: 'vault-locked' })

    await expectOk(client.vault.unlock({ passphrase }))
    await waitForState(client, second.id, 'live')
    const after = await waitUntil('somebody watches again', 10, async () => {
      const now = await get()
      return now.observed.watching ? now : null
    })
    expect(after).toMatchObject({ state: 'live', observed: { reconnects: 0 } })
    expect(await answers()).toBe(true)
  })
})
