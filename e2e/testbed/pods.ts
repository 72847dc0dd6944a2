import type { ApiClient } from './api-client.ts'

/** What specs ask about a pod. */
export type PodRow = {
  name: string
  uid: string
  phase: string
  ready: boolean
  /** It has been told to go. */
  deleting: boolean
  /** Restarts of all its containers together. */
  restarts: number
  /** Reason why a container waits, such as CrashLoopBackOff; empty when none waits. */
  waiting: string
  ip: string
  node: string
  /** Ids in the container runtime, of containers that have been started. */
  containerIds: string[]
  createdAt: string
}

type ContainerStatus = {
  restartCount: number
  containerID?: string
  state?: { waiting?: { reason?: string } }
}

type Pod = {
  metadata: { name: string; uid: string; creationTimestamp: string; deletionTimestamp?: string }
  spec: { nodeName?: string }
  status: {
    phase?: string
    podIP?: string
    conditions?: { type: string; status: string }[]
    containerStatuses?: ContainerStatus[]
  }
}

function podRow(pod: Pod): PodRow {
  const containers = pod.status.containerStatuses ?? []
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    phase: pod.status.phase ?? '',
    ready: (pod.status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
    deleting: pod.metadata.deletionTimestamp !== undefined,
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    waiting: containers.map((container) => container.state?.waiting?.reason ?? '').find(Boolean) ?? '',
    ip: pod.status.podIP ?? '',
    node: pod.spec.nodeName ?? '',
    containerIds: containers.flatMap(({ containerID }) => containerID?.replace('containerd://', '') ?? []),
    createdAt: pod.metadata.creationTimestamp,
  }
}

/** Pods of a namespace, oldest first; an empty selector takes all. */
export async function readPods(api: ApiClient, namespace: string, selector: string): Promise<PodRow[]> {
  const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`
  const answer = await api.request('GET', `/api/v1/namespaces/${namespace}/pods${query}`)
  if (answer.status !== 200) throw new Error(`pods of ${namespace}: ${JSON.stringify(answer.body)}`)
  const rows = (answer.body as { items: Pod[] }).items.map(podRow)
  return rows.sort((one, other) => one.createdAt.localeCompare(other.createdAt) || one.name.localeCompare(other.name))
}
