import type { Target } from '../contract/forwards.ts'
import type { ApiFailure, TargetPod, TargetView } from '../contract/sidecar.ts'
import type { Watched } from './resource-watch.ts'
import type { KeptPod, KeptService, KeptSlice, KeptWorkload } from './target-objects.ts'

/** All that the watches of one target know; null: not watched (not needed, or not known yet what to watch). */
export type TargetKnowledge = {
  readonly target: Target
  readonly service: Watched<KeptService> | null
  readonly workload: Watched<KeptWorkload> | null
  readonly slices: Watched<KeptSlice> | null
  readonly pods: Watched<KeptPod> | null
  readonly namespaceExists: boolean
}

/** Makes the view of a target; null while something that may be known in a moment is not known yet. */
export function buildView(known: TargetKnowledge): TargetView | null {
  const sources = [known.service, known.workload, known.slices, known.pods]
  if (sources.some((source) => source !== null && !isSettled(source))) return null
  switch (known.target.kind) {
    case 'pod':
      return viewOf(known, { exists: (known.pods?.items.length ?? 0) > 0 })
    case 'selector':
      return viewOf(known, { exists: true })
    case 'service':
      return serviceView(known)
    case 'deployment':
    case 'statefulset':
    case 'daemonset':
    case 'replicaset':
    case 'job':
      return workloadView(known)
  }
}

/** True when it was listed, or is known not to be listable now. */
const isSettled = (source: Watched<unknown>): boolean => source.synced || source.failure !== null

/** Not allowed, or no such API: what it would tell must come from elsewhere. */
const isRefused = (failure: ApiFailure | null): boolean =>
  failure?.class === 'forbidden' || failure?.class === 'not-found'

type Found = {
  exists: boolean
  by?: TargetView['by']
  pods?: TargetPod[]
  ports?: TargetView['declaredPorts']
  failure?: ApiFailure | null
}

function viewOf(known: TargetKnowledge, found: Found): TargetView {
  const pods = found.pods ?? (known.pods?.items ?? []).map((pod) => targetPod(pod, {}))
  return {
    by: found.by ?? 'pods',
    namespaceExists: found.exists || known.namespaceExists,
    targetExists: found.exists,
    pods: pods.sort(
      (a, b) => Number(b.usable) - Number(a.usable) || a.createdAt - b.createdAt || compare(a.name, b.name),
    ),
    declaredPorts: found.ports ?? [],
    failure: found.failure === undefined ? (known.pods?.failure ?? null) : found.failure,
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function workloadView(known: TargetKnowledge): TargetView {
  const workload = known.workload?.items[0]
  const failure = known.workload?.failure ?? known.pods?.failure ?? null
  if (workload === undefined) return viewOf(known, { exists: known.workload?.synced !== true, pods: [], failure })
  const pods = (known.pods?.items ?? []).filter((pod) => belongsTo(pod, workload, known.target.kind))
  return viewOf(known, { exists: true, pods: pods.map((pod) => targetPod(pod, {})), failure })
}

/** Labels alone may match pods of others (web and web-canary); a deployment owns its pods through its replica sets. */
function belongsTo(pod: KeptPod, workload: KeptWorkload, kind: Target['kind']): boolean {
  if (pod.controller === null) return false
  if (kind !== 'deployment') return pod.controller.uid === workload.uid
  return pod.controller.kind === 'ReplicaSet' && pod.madeBy?.workload === workload.name
}

function serviceView(known: TargetKnowledge): TargetView {
  const service = known.service?.items[0]
  const slicesRefused = isRefused(known.slices?.failure ?? null)
  const podsRefused = isRefused(known.pods?.failure ?? null)
  const slices = slicesRefused ? [] : (known.slices?.items ?? [])
  const pods =
    known.pods !== null && !podsRefused && service !== undefined
      ? known.pods.items.map((pod) => podOfService(pod, service, slices))
      : podsOfSlices(slices, service)
  return viewOf(known, {
    exists: service !== undefined || known.service?.synced !== true,
    by: slicesRefused ? 'pods' : 'endpoint-slices',
    pods,
    ports: service?.ports.map(({ name, port }) => ({ name, port })) ?? [],
    failure: serviceFailure(known),
  })
}

/** Rights that are missing count only where nothing else tells the same; anything else that fails makes the view old. */
function serviceFailure({ service, slices, pods }: TargetKnowledge): ApiFailure | null {
  const failures = [service, slices, pods].map((source) => source?.failure ?? null)
  const serious = failures.find((failure) => failure !== null && !isRefused(failure))
  if (serious !== undefined) return serious
  const slicesUnknown = isRefused(slices?.failure ?? null)
  if (!slicesUnknown) return null
  if (isRefused(service?.failure ?? null)) return service?.failure ?? null
  return isRefused(pods?.failure ?? null) ? (pods?.failure ?? null) : null
}

function podOfService(pod: KeptPod, service: KeptService, slices: readonly KeptSlice[]): TargetPod {
  // The pod's own readiness comes first: slices follow it a moment later. They alone know pods published before they are ready.
  const published = service.publishNotReady && pod.phase === 'Running' && !pod.terminating
  const ports = servicePortsOf(pod, service, slices)
  return targetPod(published ? { ...pod, usable: true, reason: null } : pod, ports)
}

/** Pods as the slices name them, where the pods themselves are not known. */
function podsOfSlices(slices: readonly KeptSlice[], service: KeptService | undefined): TargetPod[] {
  const pods = new Map<string, TargetPod>()
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) {
      const usable = endpoint.ready && !endpoint.terminating
      const before = pods.get(endpoint.uid)
      pods.set(endpoint.uid, {
        name: endpoint.name,
        uid: endpoint.uid,
        usable,
        terminating: endpoint.terminating,
        phase: 'Unknown',
        reason: usable ? null : endpoint.terminating ? 'Terminating' : 'not ready',
        ordinal: null,
        restarts: 0,
        createdAt: 0,
        ports: [...(before?.ports ?? []), ...slice.ports],
        servicePorts: { ...before?.servicePorts, ...portsThroughSlice(slice, service) },
      })
    }
  }
  return [...pods.values()]
}

/** A slice's port carries the service port's name; a single unnamed port needs none (discovery/v1 EndpointPort). */
function portsThroughSlice(slice: KeptSlice, service: KeptService | undefined): Record<string, number> {
  const ports: Record<string, number> = {}
  for (const { name, port } of slice.ports) {
    const declared = service?.ports.find((one) => (one.name ?? '') === (name ?? ''))
    if (declared !== undefined) ports[String(declared.port)] = port
    if (name !== null && name !== '') ports[name] = port
  }
  return ports
}

/** Service port (number and name) to the port in this pod; a named target port may differ from pod to pod. */
function servicePortsOf(pod: KeptPod, service: KeptService, slices: readonly KeptSlice[]): Record<string, number> {
  const ports: Record<string, number> = {}
  for (const slice of slices) {
    if (slice.endpoints.some((endpoint) => endpoint.uid === pod.uid))
      Object.assign(ports, portsThroughSlice(slice, service))
  }
  for (const declared of service.ports) {
    const target =
      typeof declared.targetPort === 'number'
        ? declared.targetPort
        : pod.ports.find((port) => port.name === declared.targetPort)?.port
    if (target === undefined) continue
    if (declared.name !== null) ports[declared.name] = target
    // Clients inside reach a headless service's pods on the port they name themselves; so does kubectl.
    const direct = service.headless && pod.ports.some((port) => port.port === declared.port)
    ports[String(declared.port)] = direct ? declared.port : target
  }
  return ports
}

function targetPod(pod: KeptPod, servicePorts: Record<string, number>): TargetPod {
  const { controller: _controller, ready: _ready, ...rest } = pod
  return { ...rest, servicePorts }
}
