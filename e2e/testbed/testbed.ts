import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { randomBytes } from 'node:crypto'
import { stringify } from 'yaml'
import { connectApi, type ApiClient } from './api-client.ts'
import { startBed, type BedOptions } from './bed.ts'
import type { ClusterLayout, ClusterName } from './cluster-layout.ts'
import type { BedDescription, ClusterDescription } from './description.ts'
import { readPods, type PodRow } from './pods.ts'
import { mustRun, runCommand, type CommandOptions, type CommandResult } from './run-command.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Manifest } from './workloads.ts'

/** One cluster of a bed, for specs. Everything here is done as administrator unless it says otherwise. */
export type TestCluster = ClusterDescription & {
  name: ClusterName
  layout: ClusterLayout
  api: ApiClient
  /** Runs the bed's kubectl to its end; any exit code is an answer. `user`: as that user in place of the administrator. */
  kubectl: (args: readonly string[], options?: CommandOptions & { user?: string }) => Promise<CommandResult>
  /** A copy of a user's kubeconfig, for a client that may write to it, as kubectl does when it refreshes a token. */
  copyKubeconfig: (user: string) => Promise<string>
  /** Applies objects or YAML text, one after the other; throws what kubectl said when one is refused. */
  apply: (...manifests: readonly (Manifest | string)[]) => Promise<void>
  /** A namespace of its own, pods allowed in it; at the latest it goes with the cluster. */
  createNamespace: (prefix?: string) => Promise<string>
  /** Starts the removal of a namespace with all that is in it. */
  deleteNamespace: (namespace: string) => Promise<void>
  /** Pods of a namespace, oldest first. `selector` as in `app=web`. */
  pods: (namespace: string, selector?: string) => Promise<PodRow[]>
  /** Waits until `count` pods of the selector are ready and none is going away; returns them. Default limit 60 s. */
  waitForPods: (namespace: string, selector: string, count: number, seconds?: number) => Promise<PodRow[]>
}

/** A running bed. Close it, or let `await using` do so; one that was only attached to goes on. */
export type Testbed = AsyncDisposable & {
  description: BedDescription
  a: TestCluster
  b: TestCluster
  /** Path of a kubectl of the clusters' version. */
  kubectl: string
  /** False without root: see `BedDescription`. */
  containers: boolean
  close: () => Promise<void>
}

async function connectCluster(
  name: ClusterName,
  description: ClusterDescription,
  kubectlPath: string,
): Promise<TestCluster> {
  const layout = JSON.parse(readFileSync(path.join(description.folder, 'cluster.json'), 'utf8')) as ClusterLayout
  const api = await connectApi(layout)
  const home = path.join(description.folder, 'home')

  const copyKubeconfig: TestCluster['copyKubeconfig'] = async (user) => {
    const file = description.users[user]
    if (file === undefined) throw new Error(`the test bed has no user ${user}`)
    const copy = path.join(home, `${user}-${randomBytes(4).toString('hex')}.kubeconfig`)
    await fs.copyFile(file, copy)
    return copy
  }
  const kubectl: TestCluster['kubectl'] = async (args, options = {}) => {
    const { user, ...rest } = options
    const file = user === undefined ? description.kubeconfig : await copyKubeconfig(user)
    // A bare environment: neither a proxy nor a kubeconfig nor a kuberc of the caller may change what is seen.
    const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: file, KUBERC: 'off' }
    return runCommand(kubectlPath, args, { env, ...rest })
  }
  const pods: TestCluster['pods'] = (namespace, selector = '') => readPods(api, namespace, selector)
  return {
    ...description,
    name,
    layout,
    api,
    copyKubeconfig,
    kubectl,
    pods,
    apply: async (...manifests) => {
      const input = manifests.map((manifest) => (typeof manifest === 'string' ? manifest : stringify(manifest)))
      const words = ['apply', '--server-side', '--force-conflicts', '-f', '-']
      const result = await kubectl(words, { input: input.join('\n---\n') })
      if (result.code !== 0) throw new Error(`apply: ${result.stderr.trim()}`)
    },
    createNamespace: async (prefix = 'spec') => {
      const namespace = `${prefix}-${randomBytes(4).toString('hex')}`
      const made = await api.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
      if (made.status !== 201) throw new Error(`namespace ${namespace}: ${JSON.stringify(made.body)}`)
      await waitUntil(`the service account of ${namespace}`, 30, async () => {
        const account = await api.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)
        return account.status === 200
      })
      return namespace
    },
    deleteNamespace: async (namespace) => {
      await api.request('DELETE', `/api/v1/namespaces/${namespace}`)
    },
    waitForPods: (namespace, selector, count, seconds = 60) =>
      waitUntil(`${count} ready pods of ${selector} in ${namespace}`, seconds, async () => {
        const rows = await pods(namespace, selector)
        return rows.length === count && rows.every((row) => row.ready && !row.deleting) ? rows : null
      }),
  }
}

async function connectTestbed(description: BedDescription, end: () => Promise<void>): Promise<Testbed> {
  const [a, b] = await Promise.all([
    connectCluster('a', description.a, description.kubectl),
    connectCluster('b', description.b, description.kubectl),
  ])
  const close = async (): Promise<void> => {
    a.api.close()
    b.api.close()
    await end()
  }
  const { kubectl, containers } = description
  return { description, a, b, kubectl, containers, close, [Symbol.asyncDispose]: close }
}

/** Uses a bed that somebody else owns; closing it leaves the bed alone. Faults work from here as well. */
export function attachTestbed(description: BedDescription): Promise<Testbed> {
  return connectTestbed(description, () => Promise.resolve())
}

/** Starts a bed of its own, about 7 s when everything is built. It ends with this process at the latest. */
export async function startTestbed(options: BedOptions = {}): Promise<Testbed> {
  const bed = await startBed(options)
  return connectTestbed(bed.description, bed.close)
}

/** The description of a bed that runs already: the value is the JSON of `up --json`, or a file that holds it. */
export async function readDescription(value: string): Promise<BedDescription> {
  const text = value.trimStart().startsWith('{') ? value : await fs.readFile(value, 'utf8')
  return JSON.parse(text) as BedDescription
}

/** Kills the main process of a pod's first container, as a crash would; the kubelet starts it again in the same pod. */
export async function crashContainer(cluster: TestCluster, pod: PodRow): Promise<void> {
  const id = pod.containerIds[0]
  if (id === undefined) throw new Error(`pod ${pod.name} has no container yet`)
  const ctr = path.join(cluster.layout.built.containerd, 'ctr')
  const socket = path.join(cluster.folder, 'containerd.sock')
  await mustRun(ctr, ['-a', socket, '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id])
}
