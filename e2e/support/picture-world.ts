import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
    service({
      namespace: 'payments',
      name: 'postgres',
      headless: true,
      ports: [{ name: 'postgres', port: 5432, targetPort: 5432 }],
    }),
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
export async function pictureKubeconfig(bed: Testbed): Promise<string> {
  const text = await mergeKubeconfigs({
    'shop-prod': bed.description.a.users.exec,
    'shop-staging': bed.description.a.users.token,
    'edge-berlin': bed.description.a.users.unreachable,
    retired: bed.description.a.users['expired-certificate'],
  })
  return text
    .replaceAll(/command: .*testbed-login/g, 'command: company-login')
    .replace(/\n *installHint: .*/, '\n        installHint: company-login comes with your computer.')
}

/** Somebody's computer: the host sees these folders where a user has them, and no path of the machine it runs on. */
export type PictureComputer = {
  readonly dataDir: string
  /** Words before the host's own command. */
  readonly through: readonly string[]
  remove(): Promise<void>
}

/** Needs the right to mount, in a name space of its own (root, or user name spaces). */
export async function makePictureComputer(bed: Testbed): Promise<PictureComputer> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-pictures-'))
  const [home, programs] = [join(folder, 'home'), join(folder, 'programs')]
  await mkdir(home)
  await mkdir(programs)
  await copyFile(bed.kubectl, join(programs, 'kubectl'))
  const plugin = /command: (.*testbed-login)/.exec(await readFile(bed.description.a.users.exec ?? '', 'utf8'))?.[1]
  await writeFile(join(programs, 'company-login'), `#!/bin/sh\nexec '${plugin ?? ''}' "$@"\n`, { mode: 0o755 })
  const arrange =
    'mount -t tmpfs -o mode=755 home /home && mkdir /home/sam && mount --bind "$1" /home/sam && mount --bind "$2" /usr/local/bin && shift 2 && exec "$@"'
  const environment = [
    'HOME=/home/sam',
    'USER=sam',
    'SHELL=/bin/bash',
    'LANG=C.UTF-8',
    'TERM=xterm',
    'PATH=/usr/local/bin:/usr/bin:/bin',
  ]
  return {
    dataDir: '/home/sam/.local/share/mooring',
    through: [
      'unshare',
      process.getuid?.() === 0 ? '-m' : '-rm',
      'sh',
      '-c',
      arrange,
      'sh',
      home,
      programs,
      'env',
      '-i',
      ...environment,
    ],
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

type Input = Parameters<Client['forwards']['create']>[0]

/** Clusters and forwards in all states, made as a user makes them. Returns the forward that stands for all. */
export async function fillHost(host: RunningHost, bed: Testbed): Promise<{ checkout: string; close(): void }> {
  const { client } = host
  const text = await pictureKubeconfig(bed)
  const preview = await expectOk(client.kubeconfigs.preview({ text }))
  const environments: Record<string, string> = {
    'shop-prod': 'production',
    'shop-staging': 'staging',
    'edge-berlin': 'production',
  }
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
  for (const cluster of clusters) await client.clusters.health({ id: cluster.id })
  await client.clusters.setActive({ id: id('shop-prod') })
  const create = async (input: Partial<Input> & Pick<Input, 'target' | 'ports'>) =>
    (await expectOk(client.forwards.create({ clusterId: id('shop-prod'), namespace: 'payments', ...input }))).id

  const blocker = await holdPort(6379)
  const checkout = await create({
    name: 'checkout',
    target: { kind: 'service', name: 'checkout' },
    ports: [
      { remote: 'http', local: 8080 },
      { remote: 'echo', local: 7000 },
    ],
  })
  const live = [
    checkout,
    await create({
      name: 'orders database',
      target: { kind: 'statefulset', name: 'postgres' },
      ports: [{ remote: 5432, local: 5432 }],
    }),
    await create({
      name: 'catalog (production)',
      namespace: 'shop',
      target: { kind: 'deployment', name: 'catalog' },
      ports: [{ remote: 8080 }],
    }),
    await create({
      name: 'catalog (staging)',
      clusterId: id('shop-staging'),
      namespace: 'shop',
      target: { kind: 'service', name: 'catalog' },
      ports: [{ remote: 'http', local: 8081 }],
    }),
    await create({
      name: 'any catalog pod',
      clusterId: id('shop-staging'),
      namespace: 'shop',
      target: { kind: 'selector', selector: 'app=catalog' },
      ports: [{ remote: 8080 }],
    }),
  ]
  await create({
    name: 'ledger',
    target: { kind: 'service', name: 'ledger' },
    ports: [{ remote: 'http', local: 8090 }],
  })
  await create({
    name: 'redis',
    namespace: 'shop',
    target: { kind: 'deployment', name: 'redis' },
    ports: [{ remote: 6379, local: 6379 }],
  })
  await create({
    name: 'till 4',
    clusterId: id('edge-berlin'),
    namespace: 'till',
    target: { kind: 'service', name: 'till' },
    ports: [{ remote: 80, local: 8084 }],
  })
  await create({
    name: 'checkout metrics',
    target: { kind: 'deployment', name: 'checkout' },
    ports: [{ remote: 8080, local: 9090 }],
    desired: 'off',
  })
  await waitUntil('the good forwards are live', 60, async () => {
    const forwards = await expectOk(client.forwards.list())
    const notYet = forwards.filter(({ id, state }) => live.includes(id) && state !== 'live')
    if (notYet.length === 0) return true
    throw new Error(notYet.map(({ name, state, cause }) => `${name} ${state} ${cause?.message ?? ''}`).join('; '))
  })
  return { checkout, close: () => blocker.close() }
}

/** Another program that listens on a port, called as one of the same trade would be. */
async function holdPort(port: number): Promise<{ close(): void }> {
  const program = `process.title = 'redis-server'; require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return { close: () => child.kill() }
}
