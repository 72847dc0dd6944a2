import type { NamespaceRow, PodRow, PortRow, ServiceRow, WorkloadKind, WorkloadRow } from '../contract/clusters.ts'
import type {
  EndpointSliceObject,
  NamespaceObject,
  PodObject,
  PodTemplateSpec,
  ServiceObject,
  WorkloadObject,
} from './kubernetes-objects.ts'
import { isReady, isTerminating, podReason } from './pod-reason.ts'

/** Time of an RFC 3339 text in ms since the epoch; 0 where there is none. */
export const timeOf = (text: string | undefined): number => {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? 0 : time
}

/** Ports that the containers declare; a pod may listen on others. Sidecar containers count, ordinary init containers do not. */
export const declaredPorts = (spec: PodTemplateSpec | undefined): PortRow[] =>
  [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'),
  ].flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.containerPort === undefined
        ? []
        : [{ name: port.name ?? null, port: port.containerPort, protocol: port.protocol ?? 'TCP' }],
    ),
  )

export const restartsOf = (pod: PodObject): number =>
  (pod.status?.containerStatuses ?? []).reduce((sum, container) => sum + (container.restartCount ?? 0), 0)

export const namespaceRow = (namespace: NamespaceObject): NamespaceRow => ({
  name: namespace.metadata?.name ?? '',
  phase: namespace.status?.phase ?? 'Active',
})

export const podRow = (pod: PodObject): PodRow => ({
  namespace: pod.metadata?.namespace ?? '',
  name: pod.metadata?.name ?? '',
  uid: pod.metadata?.uid ?? '',
  phase: pod.status?.phase ?? 'Unknown',
  reason: podReason(pod),
  ready: isReady(pod),
  terminating: isTerminating(pod),
  restarts: restartsOf(pod),
  node: pod.spec?.nodeName ?? null,
  labels: pod.metadata?.labels ?? {},
  ports: declaredPorts(pod.spec),
  createdAt: timeOf(pod.metadata?.creationTimestamp),
})

export const isHeadless = (service: ServiceObject): boolean => service.spec?.clusterIP === 'None'

/** `readyPods`: null where endpoint slices may not be read. */
export const serviceRow = (service: ServiceObject, readyPods: number | null): ServiceRow => ({
  namespace: service.metadata?.namespace ?? '',
  name: service.metadata?.name ?? '',
  type: service.spec?.type ?? 'ClusterIP',
  headless: isHeadless(service),
  selector: service.spec?.selector ?? {},
  ports: (service.spec?.ports ?? []).map((port) => ({
    name: port.name ?? null,
    port: port.port ?? 0,
    protocol: port.protocol ?? 'TCP',
    targetPort: port.targetPort ?? port.port ?? 0,
  })),
  readyPods,
})

/** Ready endpoints by `namespace/service`; an endpoint that stands in several slices (one per port set) counts once. */
export function readyEndpoints(slices: readonly EndpointSliceObject[]): Map<string, number> {
  const seen = new Map<string, Set<string>>()
  for (const slice of slices) {
    const service = slice.metadata?.labels?.['kubernetes.io/service-name']
    if (service === undefined) continue
    const key = `${slice.metadata?.namespace ?? ''}/${service}`
    const names = seen.get(key) ?? new Set()
    seen.set(key, names)
    for (const endpoint of slice.endpoints ?? []) {
      // Missing means ready (discovery/v1 EndpointConditions).
      if (endpoint.conditions?.ready !== false)
        names.add(endpoint.targetRef?.name ?? `${slice.metadata?.name}/${names.size}`)
    }
  }
  return new Map([...seen].map(([key, names]) => [key, names.size]))
}

/** Null for what nobody forwards to: the old, empty replica sets that a deployment keeps for rolling back. */
export function workloadRow(kind: WorkloadKind, workload: WorkloadObject): WorkloadRow | null {
  const { ready, wanted } = replicasOf(kind, workload)
  const owned = workload.metadata?.ownerReferences?.some((owner) => owner.controller === true) ?? false
  if (kind === 'replicaset' && owned && wanted === 0 && ready === 0) return null
  return {
    kind,
    namespace: workload.metadata?.namespace ?? '',
    name: workload.metadata?.name ?? '',
    ready,
    wanted,
    ports: declaredPorts(workload.spec?.template?.spec),
  }
}

function replicasOf(kind: WorkloadKind, { spec, status }: WorkloadObject): { ready: number; wanted: number } {
  switch (kind) {
    case 'daemonset':
      return { ready: status?.numberReady ?? 0, wanted: status?.desiredNumberScheduled ?? 0 }
    case 'job':
      return { ready: status?.ready ?? 0, wanted: status?.active ?? 0 }
    case 'deployment':
    case 'statefulset':
    case 'replicaset':
      return { ready: status?.readyReplicas ?? 0, wanted: spec?.replicas ?? 1 }
  }
}
