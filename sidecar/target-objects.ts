import type { TargetPod } from '../contract/sidecar.ts'
import type {
  EndpointSliceObject,
  PodObject,
  ServiceObject,
  ServicePort,
  WorkloadObject,
} from './kubernetes-objects.ts'
import { selectorText } from './label-selector.ts'
import { isReady, isTerminating, unusableReason } from './pod-reason.ts'
import { declaredPorts, isHeadless, restartsOf, timeOf } from './slim-rows.ts'

type Port = { readonly name: string | null; readonly port: number }

/** What is kept of a pod that a forward may lead to. */
export type KeptPod = Omit<TargetPod, 'servicePorts'> & {
  readonly ready: boolean
  readonly controller: { readonly kind: string; readonly name: string; readonly uid: string } | null
}

export type KeptService = {
  readonly selector: string | null
  readonly headless: boolean
  readonly publishNotReady: boolean
  readonly ports: readonly {
    readonly name: string | null
    readonly port: number
    readonly targetPort: number | string
  }[]
}

export type KeptSlice = {
  readonly ports: readonly Port[]
  readonly endpoints: readonly {
    readonly name: string
    readonly uid: string
    readonly ready: boolean
    readonly terminating: boolean
  }[]
}

export type KeptWorkload = { readonly uid: string; readonly name: string; readonly selector: string | null }

const isTcp = (port: { protocol?: string }): boolean => (port.protocol ?? 'TCP') === 'TCP'

export function keepPod(pod: PodObject): KeptPod {
  const name = pod.metadata?.name ?? ''
  const owner = pod.metadata?.ownerReferences?.find((one) => one.controller === true)
  const ready = isReady(pod)
  const terminating = isTerminating(pod)
  const madeBy = makerOf(pod, owner)
  return {
    name,
    uid: pod.metadata?.uid ?? '',
    ready,
    usable: ready && !terminating,
    terminating,
    phase: pod.status?.phase ?? 'Unknown',
    reason: unusableReason(pod),
    ordinal: owner?.kind === 'StatefulSet' ? ordinalOf(name) : null,
    restarts: restartsOf(pod),
    createdAt: timeOf(pod.metadata?.creationTimestamp),
    ...(madeBy === null ? {} : { madeBy }),
    ports: declaredPorts(pod.spec)
      .filter(isTcp)
      .map(({ name: portName, port }) => ({ name: portName, port })),
    controller: owner === undefined ? null : { kind: owner.kind ?? '', name: owner.name ?? '', uid: owner.uid ?? '' },
  }
}

/** A deployment has a replica set for each version, named after it; other workloads label their pods with the version. */
function makerOf(
  pod: PodObject,
  owner: { kind?: string; name?: string; uid?: string } | undefined,
): KeptPod['madeBy'] | null {
  if (owner?.name === undefined || owner.uid === undefined) return null
  if (owner.kind === 'ReplicaSet') return { workload: owner.name.replace(/-[^-]*$/, ''), version: owner.uid }
  const version = pod.metadata?.labels?.['controller-revision-hash']
  return version === undefined ? null : { workload: owner.uid, version }
}

/** Pods of a stateful set are called NAME-0, NAME-1 ... */
function ordinalOf(name: string): number | null {
  const digits = /-(\d{1,9})$/.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}

export function keepService(service: ServiceObject): KeptService {
  return {
    selector: selectorText({ matchLabels: service.spec?.selector ?? {} }),
    headless: isHeadless(service),
    publishNotReady: service.spec?.publishNotReadyAddresses ?? false,
    ports: (service.spec?.ports ?? []).filter(isTcp).flatMap(keepServicePort),
  }
}

const keepServicePort = ({ name, port, targetPort }: ServicePort): KeptService['ports'][number][] =>
  port === undefined ? [] : [{ name: name ?? null, port, targetPort: targetPort ?? port }]

export const keepSlice = (slice: EndpointSliceObject): KeptSlice => ({
  ports: (slice.ports ?? [])
    .filter(isTcp)
    .flatMap(({ name, port }) => (port === undefined ? [] : [{ name: name ?? null, port }])),
  endpoints: (slice.endpoints ?? []).flatMap(({ conditions, targetRef }) =>
    targetRef?.kind === 'Pod' && targetRef.name !== undefined
      ? [
          {
            name: targetRef.name,
            uid: targetRef.uid ?? '',
            // Missing means ready (discovery/v1 EndpointConditions).
            ready: conditions?.ready !== false,
            terminating: conditions?.terminating === true,
          },
        ]
      : [],
  ),
})

export const keepWorkload = (workload: WorkloadObject): KeptWorkload => ({
  uid: workload.metadata?.uid ?? '',
  name: workload.metadata?.name ?? '',
  selector: selectorText(workload.spec?.selector),
})
