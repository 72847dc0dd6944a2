import type { Cluster } from '../../contract/clusters.ts'
import type { Client } from '../../contract/client.ts'
import type { Forward } from '../../contract/forwards.ts'
import { deployment, httpContainer, service } from '../testbed/workloads.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { CauseTimes } from './cause-times.ts'
import { expectOk } from './expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from './host.ts'
import { addCluster, withKubectl } from './main-job.ts'
import { RowWatch } from './row-watch.ts'
import { waitUntil } from './wait-until.ts'

export const passphrase = 'a passphrase for this spec'

type Input = Partial<Parameters<Client['forwards']['create']>[0]>

/** A host with the bed's cluster A, a service `web` (port 80) in a namespace of its own, and its rows under watch. */
export type CauseWorld = {
  bed: Testbed
  host: RunningHost
  client: Client
  cluster: Cluster
  namespace: string
  rows: RowWatch
  times: CauseTimes
  /** A forward to the service unless told otherwise; it goes with the world. `at`: just before it was asked for. */
  create(input?: Input): Promise<Forward & { at: number }>
  /** The same, once its row says live. */
  live(input?: Input): Promise<Forward & { at: number }>
  /** The one kubectl of a forward that runs and carries nothing. */
  kubectlOf(id: string): Promise<number>
  close(): Promise<void>
}

export async function startCauseWorld(
  bed: Testbed,
  name: string,
  options: HostOptions & { client?: (host: RunningHost) => Client } = {},
): Promise<CauseWorld> {
  const namespace = await bed.a.createNamespace(name)
  await bed.a.apply(
    deployment({ namespace, name: 'web', container: httpContainer() }),
    service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
  )
  const host = await startHost({ vault: 'passphrase', passphrase, environment: withKubectl(bed), ...options })
  const client = options.client?.(host) ?? host.client
  // A turn of the probe every second: what only it can find out is found out sooner.
  await expectOk(client.settings.update({ probeSeconds: 1 }))
  const cluster = await addCluster(client, bed.a.kubeconfig, 'bed a')
  await bed.a.waitForPods(namespace, 'app=web', 1)
  const rows = await RowWatch.follow(client)
  const create: CauseWorld['create'] = async (input = {}) => {
    const at = performance.now()
    const forward = await expectOk(
      client.forwards.create({
        clusterId: cluster.id,
        namespace,
        target: { kind: 'service', name: 'web' },
        ports: [{ remote: 80 }],
        ...input,
      }),
    )
    return { ...forward, at }
  }
  const live: CauseWorld['live'] = async (input) => {
    const forward = await create(input)
    await rows.until(forward.id, 'live', 40, ({ state }) => state === 'live')
    return forward
  }
  const kubectlOf: CauseWorld['kubectlOf'] = (id) =>
    waitUntil('the kubectl of a forward', 10, async () => {
      const lines = await expectOk(client.forwards.output({ id, limit: 500 }))
      const ready = lines.findLast(({ text }) => text.startsWith('Forwarding from 127.0.0.1'))
      return ready?.pid ?? null
    })
  const close = async (): Promise<void> => {
    rows[Symbol.dispose]()
    await host.close()
    await bed.a.deleteNamespace(namespace)
  }
  return { bed, host, client, cluster, namespace, rows, times: new CauseTimes(rows), create, live, kubectlOf, close }
}
