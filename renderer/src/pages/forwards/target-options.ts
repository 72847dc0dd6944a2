import type { PodRow, PortRow, ServiceRow, WorkloadRow } from '../../../../contract/clusters.ts'
import { type Target, targetWord } from '../../../../contract/forwards.ts'
import { counted } from '../clusters/words.ts'

/** Something a forward could lead to, as the list of targets shows it. */
export type TargetOption = {
  readonly text: string
  readonly target: Target
  /** `3 ready`, `1 of 3 ready`, `CrashLoopBackOff`. */
  readonly aside: string
  readonly ports: readonly PortRow[]
}
export type TargetGroup = { readonly value: string; readonly items: readonly TargetOption[] }

const option = (target: Target, aside: string, ports: readonly PortRow[]): TargetOption => ({
  text: targetWord(target),
  target,
  aside,
  ports: ports.filter(({ protocol }) => protocol === 'TCP'),
})

/** Pods shown: those that run, or all with their reason. */
export type PodFilter = 'Running' | 'Pending' | 'all'

const groupNames: Readonly<Record<WorkloadRow['kind'], string>> = {
  deployment: 'Deployments',
  statefulset: 'Stateful sets',
  daemonset: 'Daemon sets',
  replicaset: 'Replica sets',
  job: 'Jobs',
}

const readyWords = (ready: number, wanted: number): string =>
  ready === wanted ? `${ready} ready` : `${ready} of ${wanted} ready`

/** What can be forwarded to, by kind: services first, since they outlive pods. */
export function targetGroups(
  services: readonly ServiceRow[],
  workloads: readonly WorkloadRow[],
  pods: readonly PodRow[],
  podFilter: PodFilter,
): readonly TargetGroup[] {
  const byName = (a: TargetOption, b: TargetOption): number => a.text.localeCompare(b.text)
  const groups: TargetGroup[] = [
    {
      value: 'Services',
      items: services
        .filter(({ type }) => type !== 'ExternalName')
        .map((service) =>
          option(
            { kind: 'service', name: service.name },
            service.readyPods === null ? '' : counted(service.readyPods, 'pod ready', 'pods ready'),
            service.ports,
          ),
        )
        .sort(byName),
    },
    ...Object.entries(groupNames).map(([kind, value]) => ({
      value,
      items: workloads
        .filter((workload) => workload.kind === kind)
        .map((workload) =>
          option(
            { kind: workload.kind, name: workload.name },
            readyWords(workload.ready, workload.wanted),
            workload.ports,
          ),
        )
        .sort(byName),
    })),
    {
      value: 'Pods',
      items: pods
        .filter(({ phase }) => podFilter === 'all' || phase === podFilter)
        .map((pod) => option({ kind: 'pod', name: pod.name }, pod.ready ? 'ready' : pod.reason, pod.ports))
        .sort(byName),
    },
  ]
  return groups.filter(({ items }) => items.length > 0)
}

/** The offered ports of a target, or none when it is not in the list. */
export const portsOf = (groups: readonly TargetGroup[], text: string): readonly PortRow[] =>
  groups.flatMap(({ items }) => items).find((item) => item.text === text.trim())?.ports ?? []
