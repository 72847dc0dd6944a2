import fs from 'node:fs/promises'
import { statFields } from '../../electron/core/platform/linux-proc.ts'
import { connectApi } from './api-client.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { isApiReady, signalComponent, startComponent, waitForComponentEnd } from './cluster.ts'
import type { ComponentName } from './components.ts'
import type { TestCluster } from './testbed.ts'
import { mustRun, runCommand } from './run-command.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Something made to go wrong. `undo` puts it right and waits until it is; a second `undo` does nothing. */
export type Fault = AsyncDisposable & { undo: () => Promise<void> }

/** Makes the two ways to end a fault out of one. */
export function fault(repair: () => Promise<void>): Fault {
  let repaired: Promise<void> | null = null
  const undo = (): Promise<void> => (repaired ??= repair())
  return { undo, [Symbol.asyncDispose]: undo }
}

/** Waits until the API server serves again. After a minute without etcd it may take half a minute more. */
export async function waitForApi(layout: ClusterLayout, seconds = 90): Promise<void> {
  const api = await connectApi(layout)
  try {
    await waitUntil(`the API of cluster ${layout.name}`, seconds, () => isApiReady(api))
  } finally {
    api.close()
  }
}

/** Waits until a component answers again, as far as that can be seen from outside. */
async function waitForService(layout: ClusterLayout, name: ComponentName): Promise<void> {
  if (name === 'apiserver' || name === 'etcd') return waitForApi(layout)
  if (name === 'containerd') {
    const words = ['-a', `${layout.folder}/containerd.sock`, 'version']
    await waitUntil(
      'containerd',
      30,
      async () => (await runCommand(`${layout.built.containerd}/ctr`, words)).code === 0,
    )
  }
  if (name === 'kubelet') {
    const dial = ['-c', 'exec 3<>/dev/tcp/127.0.0.1/10250']
    const words = ['-t', String(layout.initPid), '-n', '--', 'bash', ...dial]
    await waitUntil('kubelet', 30, async () => (await runCommand('nsenter', words)).code === 0)
  }
}

/**
 * Ends a component. The API server given SIGTERM serves open tunnels for up to 60 s more, and refuses new requests at
 * once; SIGKILL (the default) cuts everything. Undo starts it again with its data.
 */
export async function stopComponent(
  cluster: TestCluster,
  name: ComponentName,
  signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL',
): Promise<Fault> {
  const { layout } = cluster
  signalComponent(layout, name, signal)
  if (signal === 'SIGKILL') await waitForComponentEnd(layout, name)
  return fault(async () => {
    await waitForComponentEnd(layout, name, 90)
    await startComponent(layout, name)
    await waitForService(layout, name)
  })
}

/** Resolves when every thread of a process stands still: on a busy machine one may go on for a while after SIGSTOP. */
export async function waitForStandstill(pid: number): Promise<void> {
  const stands = async (thread: string): Promise<boolean> => {
    const stat = await fs.readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => null)
    // What is not there any more does nothing either.
    return stat === null || /^[TtZX]/.test(statFields(stat)[0] ?? '')
  }
  await waitUntil(
    `a standstill of ${pid}`,
    10,
    async () => (await Promise.all((await fs.readdir(`/proc/${pid}/task`)).map(stands))).every(Boolean),
    5,
  )
}

/** Freezes a component (SIGSTOP): its connections stay, nothing is answered. */
export async function pauseComponent(cluster: TestCluster, name: ComponentName): Promise<Fault> {
  await waitForStandstill(signalComponent(cluster.layout, name, 'SIGSTOP'))
  return fault(async () => {
    signalComponent(cluster.layout, name, 'SIGCONT')
    await waitForService(cluster.layout, name)
  })
}

/** Ends the component and starts it again at once; resolves when it serves. */
export async function restartComponent(cluster: TestCluster, name: ComponentName): Promise<void> {
  const stopped = await stopComponent(cluster, name)
  await stopped.undo()
}

function requireNetwork(layout: ClusterLayout): void {
  if (!layout.namespaced) throw new Error('network faults take a bed with namespaces (root)')
}

async function insideNetwork(layout: ClusterLayout, ...words: string[]): Promise<void> {
  requireNetwork(layout)
  await mustRun('nsenter', ['-t', String(layout.initPid), '-n', '--', ...words])
}

/** The cable is pulled: nothing is answered, and soon the system says `no route to host`. */
export async function linkDown(cluster: TestCluster): Promise<Fault> {
  const { layout } = cluster
  // The inner end: with the outer one down, packets to the cluster would leave by the default route.
  await insideNetwork(layout, 'ip', 'link', 'set', layout.innerLink, 'down')
  return fault(async () => {
    await insideNetwork(layout, 'ip', 'link', 'set', layout.innerLink, 'up')
    await insideNetwork(layout, 'ip', 'route', 'replace', 'default', 'via', layout.addresses.host)
    await waitForApi(layout)
  })
}

/** Direction as seen from the client. */
export type Direction = 'both' | 'to-server' | 'from-server'

async function firewall(
  layout: ClusterLayout,
  verb: '-I' | '-D',
  direction: Direction,
  target: string[],
): Promise<void> {
  const words = (chain: string[]): Promise<void> => insideNetwork(layout, 'iptables', '-w', verb, ...chain, ...target)
  if (direction !== 'from-server') await words(['INPUT', '-i', layout.innerLink])
  if (direction !== 'to-server') await words(['OUTPUT', '-o', layout.innerLink])
}

/** Packets vanish without a word: connections hang, new ones time out. */
export async function dropPackets(cluster: TestCluster, direction: Direction = 'both'): Promise<Fault> {
  const { layout } = cluster
  await firewall(layout, '-I', direction, ['-j', 'DROP'])
  return fault(async () => {
    await firewall(layout, '-D', direction, ['-j', 'DROP'])
    await waitForApi(layout)
  })
}

/** A firewall refuses every packet for the API with a reset: open connections break, new ones are refused. */
export async function rejectConnections(cluster: TestCluster): Promise<Fault> {
  const { layout } = cluster
  const target = ['-p', 'tcp', '--dport', String(layout.ports.api), '-j', 'REJECT', '--reject-with', 'tcp-reset']
  await firewall(layout, '-I', 'to-server', target)
  return fault(async () => {
    await firewall(layout, '-D', 'to-server', target)
    await waitForApi(layout)
  })
}

/**
 * Breaks every connection to the API server that is open now, of all clients on this host; new ones work.
 * @returns how many were broken
 */
export async function resetConnections(cluster: TestCluster): Promise<number> {
  const { layout } = cluster
  requireNetwork(layout)
  const filter = ['dst', layout.addresses.main, 'dport', '=', String(layout.ports.api)]
  const killed = await mustRun('ss', ['-K', '-t', '-H', ...filter])
  return killed.split('\n').filter(Boolean).length
}

/** Deletes a pod; `force` skips its graceful end. Nothing to undo: what it belonged to makes another. */
export async function deletePod(cluster: TestCluster, namespace: string, name: string, force = false): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}${force ? '?gracePeriodSeconds=0' : ''}`
  const answer = await cluster.api.request('DELETE', path)
  if (answer.status >= 300) throw new Error(`delete pod ${name}: ${JSON.stringify(answer.body)}`)
}

/** Evicts a pod, as a drain of its node would: disruption budgets count. Returns the API's status code (429: refused). */
export async function evictPod(cluster: TestCluster, namespace: string, name: string): Promise<number> {
  const answer = await cluster.api.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
  })
  return answer.status
}

/** Replaces every pod of a `deployment/web`, `statefulset/db` or `daemonset/log`, as `kubectl rollout restart` does. */
export async function restartRollout(cluster: TestCluster, namespace: string, workload: string): Promise<void> {
  const result = await cluster.kubectl(['-n', namespace, 'rollout', 'restart', workload])
  if (result.code !== 0) throw new Error(result.stderr)
}

/** Sets the replicas of a workload; undo sets them back to `before`. */
export async function scale(
  cluster: TestCluster,
  namespace: string,
  workload: string,
  replicas: number,
  before: number,
): Promise<Fault> {
  const set = async (count: number): Promise<void> => {
    const result = await cluster.kubectl(['-n', namespace, 'scale', workload, `--replicas=${count}`])
    if (result.code !== 0) throw new Error(result.stderr)
  }
  await set(replicas)
  return fault(() => set(before))
}

/** Changes a settings file that the bed's helpers read each time; undo puts the old text back. */
export async function changeSettings<T extends object>(file: string, settings: Partial<T>): Promise<Fault> {
  const before = await fs.readFile(file, 'utf8')
  const write = async (text: string): Promise<void> => {
    // Renamed into place: a reader sees the old or the new settings, never half of them.
    await fs.writeFile(`${file}.new`, text)
    await fs.rename(`${file}.new`, file)
  }
  await write(JSON.stringify({ ...(JSON.parse(before) as T), ...settings }))
  return fault(() => write(before))
}
