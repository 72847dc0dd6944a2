import { createServer, type Server } from 'node:net'
import type { Client } from '../../contract/client.ts'
import type { TestCluster, Testbed } from '../testbed/testbed.ts'
import {
  deployment,
  httpContainer,
  postgresContainer,
  redisContainer,
  service,
  statefulSet,
} from '../testbed/workloads.ts'
import { expectOk } from './expect-ok.ts'
import type { RunningHost } from './host.ts'
import { waitUntil } from './wait-until.ts'
import { mergeKubeconfigs } from './merged-kubeconfig.ts'

const http = (port: number) => [{ name: 'http', port, targetPort: 8080 }]
const names = ['payments', 'shop']

/** A namespace of exactly this name: the pictures show it. */
const makeNamespace = (cluster: TestCluster, name: string): Promise<void> =>
  cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

/** What the pictures show, really running: workloads that are well, and one that is not. */
export async function applyWorkloads(bed: Testbed): Promise<void> {
  for (const name of names) await makeNamespace(bed.a, name)
  await bed.a.apply(
    deployment({ namespace: 'payments', name: 'checkout', replicas: 2 }),
    service({ namespace: 'payments', name: 'checkout' }),
    deployment({
      namespace: 'payments',
      name: 'ledger',
      container: { ...httpContainer(), image: 'shop.example/ledger:1' },
    }),
    service({ namespace: 'payments', name: 'ledger', ports: http(80) }),
    statefulSet({ namespace: 'payments', name: 'postgres', container: postgresContainer() }),
    service({ namespace: 'payments', name: 'postgres', headless: true, ports: [{ name: 'postgres', port: 5432, targetPort: 5432 }] }), // prettier-ignore
    deployment({ namespace: 'shop', name: 'redis', container: redisContainer() }),
    deployment({ namespace: 'shop', name: 'catalog', container: httpContainer() }),
    service({ namespace: 'shop', name: 'catalog', ports: http(80) }),
  )
  await bed.a.waitForPods('payments', 'app=checkout', 2)
  await bed.a.waitForPods('payments', 'app=postgres', 1)
  await bed.a.waitForPods('shop', 'app=redis', 1)
  await bed.a.waitForPods('shop', 'app=catalog', 1)
}

export async function removeWorkloads(bed: Testbed): Promise<void> {
  for (const name of names) await bed.a.deleteNamespace(name)
}

/** The kubeconfig that the pictures paste. Production and staging are two ways into the cluster with real containers. */
export const pictureKubeconfig = (bed: Testbed): Promise<string> =>
  mergeKubeconfigs({
    'shop-prod': bed.description.a.users.exec,
    'shop-staging': bed.description.a.users.token,
    'edge-berlin': bed.description.a.users.unreachable,
    retired: bed.description.a.users['expired-certificate'],
  })

type Input = Parameters<Client['forwards']['create']>[0]

/** Clusters and forwards in all states, made as a user makes them. Returns the forward that stands for all. */
export async function fillHost(host: RunningHost, bed: Testbed): Promise<{ checkout: string; close(): void }> {
  const { client } = host
  const text = await pictureKubeconfig(bed)
  const preview = await expectOk(client.kubeconfigs.preview({ text }))
  const environments: Record<string, string> = { 'shop-prod': 'production', 'shop-staging': 'staging', 'edge-berlin': 'production' } // prettier-ignore
  const clusters = await expectOk(
    client.clusters.add({
      text,
      contexts: preview.contexts.map(({ context }) => {
        const environment = environments[context]
        return { context, name: context, ...(environment === undefined ? {} : { environment }) }
      }),
      allowCommands: preview.contexts.flatMap(({ command }) =>
        command === null ? [] : [{ command: command.command, args: command.args }],
      ),
    }),
  )
  const id = (name: string): string => clusters.find((cluster) => cluster.name === name)?.id ?? ''
  for (const { id } of clusters) await client.clusters.health({ id })
  const create = async (input: Partial<Input> & Pick<Input, 'target' | 'ports'>) =>
    (await expectOk(client.forwards.create({ clusterId: id('shop-prod'), namespace: 'payments', ...input }))).id

  const blocker = await holdPort(6379)
  const checkout = await create({ name: 'checkout', target: { kind: 'service', name: 'checkout' }, ports: [{ remote: 'http', local: 8080 }, { remote: 'echo', local: 7000 }] }) // prettier-ignore
  const live = [
    checkout,
    await create({ name: 'orders database', target: { kind: 'statefulset', name: 'postgres' }, ports: [{ remote: 5432, local: 5432 }] }), // prettier-ignore
    await create({ name: 'catalog (production)', namespace: 'shop', target: { kind: 'deployment', name: 'catalog' }, ports: [{ remote: 8080 }] }), // prettier-ignore
    await create({ name: 'catalog (staging)', clusterId: id('shop-staging'), namespace: 'shop', target: { kind: 'service', name: 'catalog' }, ports: [{ remote: 'http', local: 8081 }] }), // prettier-ignore
    await create({ name: 'any catalog pod', clusterId: id('shop-staging'), namespace: 'shop', target: { kind: 'selector', selector: 'app=catalog' }, ports: [{ remote: 8080 }] }), // prettier-ignore
  ]
  await create({
    name: 'ledger',
    target: { kind: 'service', name: 'ledger' },
    ports: [{ remote: 'http', local: 8090 }],
  })
  await create({ name: 'redis', namespace: 'shop', target: { kind: 'deployment', name: 'redis' }, ports: [{ remote: 6379, local: 6379 }] }) // prettier-ignore
  await create({ name: 'till 4', clusterId: id('edge-berlin'), namespace: 'till', target: { kind: 'service', name: 'till' }, ports: [{ remote: 80, local: 8084 }] }) // prettier-ignore
  await create({ name: 'checkout metrics', target: { kind: 'deployment', name: 'checkout' }, ports: [{ remote: 8080, local: 9090 }], desired: 'off' }) // prettier-ignore
  await waitUntil('the good forwards are live', 60, async () => {
    const forwards = await expectOk(client.forwards.list())
    const notYet = forwards.filter(({ id, state }) => live.includes(id) && state !== 'live')
    if (notYet.length === 0) return true
    throw new Error(notYet.map(({ name, state, cause }) => `${name} ${state} ${cause?.message ?? ''}`).join('; '))
  })
  return { checkout, close: () => blocker.close() }
}

function holdPort(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
