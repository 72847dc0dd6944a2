import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import { freePorts } from '../../network/free-ports.testing.ts'
import { createObject } from './api-client.ts'
import { ALL_RECIPES, buildAll, type BuiltFolders, type RecipeName } from './build.ts'
import { CLUSTER_NAMES, inCluster, type ClusterLayout, type ClusterName } from './cluster-layout.ts'
import { startCluster, type RunningCluster } from './cluster.ts'
import { installNodePackages } from './debian-packages.ts'
import { buildImages, type ImageName } from './images.ts'
import { issueClusterCertificates, issueIssuerCertificates } from './pki.ts'
import {
  canRunContainers,
  claimBedFolder,
  clusterAddresses,
  identifyProcess,
  linkName,
  type BedFolder,
} from './state-folder.ts'
import { prepareIssuer } from './issuer.ts'
import { startProxies } from './proxies.ts'
import { prepareUsers } from './users.ts'
import type { BedDescription } from './description.ts'
import { httpContainer } from './workloads.ts'
import { waitUntil } from '../support/wait-until.ts'
import { writeLoginPlugin } from './login-plugin.ts'

export type BedOptions = {
  /** Images of the real node beside pause and workload; default redis and postgres. */
  images?: readonly ImageName[]
}

async function draftLayout(bed: BedFolder, name: ClusterName, built: BuiltFolders): Promise<ClusterLayout> {
  const namespaced = canRunContainers()
  const loopback = { host: '127.0.0.1', main: '127.0.0.1', alias: 'localhost', nobody: '192.0.2.1' }
  const [api = 0, etcd = 0, etcdPeer = 0, controllerManager = 0, scheduler = 0, kwok = 0, web = 0] = namespaced
    ? [6443, 2379, 2380, 10257, 10259, 10247, 8080]
    : await freePorts(7)
  return {
    name,
    folder: path.join(bed.folder, name),
    nodes: namespaced && name === 'a' ? 'real' : 'fake',
    namespaced,
    addresses: namespaced ? clusterAddresses(bed.number, CLUSTER_NAMES.indexOf(name)) : loopback,
    ports: { api, etcd, etcdPeer, controllerManager, scheduler, kwok, web },
    nodeName: namespaced && name === 'a' ? 'real-1' : 'fake-1',
    link: namespaced ? linkName(bed.number, name, 'h') : '',
    innerLink: namespaced ? linkName(bed.number, name, 'c') : '',
    initPid: 0,
    starterPid: 0,
    built,
    issuer: { url: '', authority: '' },
  }
}

/** Removes everything when our end of its stdin closes: by `close`, or by the death of this process. */
function startSweeper(bed: BedFolder): ChildProcess {
  return spawn('bash', [path.join(import.meta.dirname, 'sweep.sh'), bed.folder, String(bed.number)], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
}

async function endSweeper(sweeper: ChildProcess): Promise<void> {
  if (sweeper.exitCode !== null) return
  const ended = new Promise((resolve) => sweeper.once('exit', resolve))
  sweeper.stdin?.end()
  await ended
}

async function createFakeNodes(cluster: RunningCluster): Promise<void> {
  const path = '/api/v1/nodes'
  for (const name of ['fake-1', 'fake-2', 'fake-3']) {
    const metrics = `/metrics/nodes/${name}/metrics/resource`
    const annotations = { 'kwok.x-k8s.io/node': 'fake', 'metrics.k8s.io/resource-metrics-path': metrics }
    const labels = { type: 'kwok', 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' }
    const capacity = { cpu: '64', memory: '256Gi', pods: '4000' }
    const status = { capacity, allocatable: capacity }
    await createObject(cluster.api, path, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations, labels },
      status,
    })
  }
}

type Conditions = { status?: { conditions?: { type: string; status: string }[] } }

async function waitForNode(cluster: RunningCluster): Promise<void> {
  const name = cluster.layout.nodeName
  await waitUntil(`node ${name}`, 180, async () => {
    const answer = await cluster.api.request('GET', `/api/v1/nodes/${name}`)
    const conditions = (answer.body as Conditions).status?.conditions ?? []
    return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True')
  })
}

/** Pods are refused in a namespace that has no default service account yet. */
async function waitForServiceAccounts(cluster: RunningCluster): Promise<void> {
  for (const namespace of ['default', 'team']) {
    await waitUntil(`the service account of ${namespace}`, 30, async () => {
      const answer = await cluster.api.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)
      return answer.status === 200
    })
  }
}

export type Bed = { description: BedDescription; close: () => Promise<void> }

/** Builds what is missing and brings up a bed of its own, which ends with this process at the latest. */
export async function startBed(options: BedOptions = {}): Promise<Bed> {
  if (process.platform !== 'linux') throw new Error('the test bed runs on Linux')
  const containers = canRunContainers()
  if (containers) await installNodePackages()
  const recipes: RecipeName[] = ALL_RECIPES.filter((name) => containers || name !== 'containerd')
  const built = await buildAll(recipes)
  const images = containers
    ? await buildImages(['pause', 'workload', ...(options.images ?? (['redis', 'postgres'] as const))], built.workload)
    : []

  const bed = await claimBedFolder()
  const sweeper = startSweeper(bed)
  const closers: (() => void)[] = []
  try {
    await fs.writeFile(path.join(bed.folder, 'owner.json'), JSON.stringify(identifyProcess(process.pid)))
    const drafts = await Promise.all(CLUSTER_NAMES.map((name) => draftLayout(bed, name, built)))
    const issuerAddress = drafts[0]?.addresses.host ?? '127.0.0.1'
    const pki = path.join(bed.folder, 'issuer')
    await issueIssuerCertificates(built, pki, issuerAddress)
    // The address is that of the first cluster's link, so the port is free there; loopback is shared.
    const [sharedPort = 0] = containers ? [8443] : await freePorts(1)
    const issuer = await prepareIssuer(pki, issuerAddress, sharedPort)
    closers.push(issuer.close)
    await writeLoginPlugin(bed.folder)
    const clusters = await Promise.all(
      drafts.map(async (draft) => {
        await issueClusterCertificates(built, inCluster(draft, 'pki'), {
          serverAddress: draft.addresses.main,
          nodeName: draft.nodeName,
        })
        const layout = { ...draft, issuer: { url: issuer.url, authority: issuer.authority } }
        const cluster = await startCluster(layout, images, async () => {
          if (draft === drafts[0]) await issuer.listen()
        })
        closers.push(() => cluster.api.close())
        if (layout.nodes === 'fake') await createFakeNodes(cluster)
        return cluster
      }),
    )
    const proxies = await startProxies(
      bed.folder,
      clusters.map(({ layout }) => layout),
    )
    closers.push(proxies.close)
    const described = await Promise.all(
      clusters.map(async (cluster) => {
        const users = await prepareUsers(cluster, { bedFolder: bed.folder, issuer, proxies })
        await Promise.all([waitForNode(cluster), cluster.imagesLoaded, waitForServiceAccounts(cluster)])
        const { layout } = cluster
        const kubeconfig = users['admin'] ?? ''
        return [layout.name, { kubeconfig, node: layout.nodeName, users, folder: layout.folder }] as const
      }),
    )
    const description: BedDescription = {
      ...(Object.fromEntries(described) as Pick<BedDescription, 'a' | 'b'>),
      kubectl: path.join(built.kubernetes, 'kubectl'),
      httpContainer: httpContainer(),
      containers,
      folder: bed.folder,
      number: bed.number,
    }
    return {
      description,
      close: async () => {
        for (const closer of closers) closer()
        await endSweeper(sweeper)
      },
    }
  } catch (error) {
    for (const closer of closers) closer()
    if (process.env['MOORING_TESTBED_KEEP'] === undefined) await endSweeper(sweeper)
    throw error
  }
}
