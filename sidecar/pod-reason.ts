import type { ContainerStatus, PodObject } from './kubernetes-objects.ts'

/** True when its Ready condition says so; a deleted pod may still be ready for a while. */
export const isReady = (pod: PodObject): boolean =>
  pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

export const isTerminating = (pod: PodObject): boolean => pod.metadata?.deletionTimestamp !== undefined

/** The word `kubectl get pods` shows (kubernetes pkg/printers/internalversion, printPod): Running, CrashLoopBackOff, Init:0/1 ... */
export function podReason(pod: PodObject): string {
  const status = pod.status ?? {}
  if (isTerminating(pod)) return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating'
  const initial = initReason(pod)
  if (initial !== null) return initial
  const containers = status.containerStatuses ?? []
  const stopped = [...containers]
    .reverse()
    .map(stoppedReason)
    .find((reason) => reason !== null)
  const phase = status.reason ?? status.phase ?? 'Unknown'
  if (stopped === undefined) return gateReason(pod) ?? phase
  const running = containers.some((container) => container.ready === true && container.state?.running !== undefined)
  if (stopped === 'Completed' && running) return isReady(pod) ? 'Running' : 'NotReady'
  return stopped
}

/** Why no connection may go to this pod now, in its own words; null while it is usable. */
export function unusableReason(pod: PodObject): string | null {
  if (isTerminating(pod)) return 'Terminating'
  if (isReady(pod)) return null
  const unscheduled = pod.status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
  if (unscheduled !== undefined) return unscheduled.reason ?? 'Unschedulable'
  const word = podReason(pod)
  return word === 'Running' || word === 'NotReady' ? 'not ready' : word
}

function initReason(pod: PodObject): string | null {
  const statuses = pod.status?.initContainerStatuses ?? []
  const specs = pod.spec?.initContainers ?? []
  for (const [index, status] of statuses.entries()) {
    const { waiting, terminated } = status.state ?? {}
    if (terminated?.exitCode === 0) continue
    // A sidecar container (restartPolicy Always) runs on beside the others.
    if (specs[index]?.restartPolicy === 'Always' && status.started === true) continue
    if (terminated !== undefined) return `Init:${stoppedReason(status) ?? 'Error'}`
    const reason = waiting?.reason
    if (reason !== undefined && reason !== '' && reason !== 'PodInitializing') return `Init:${reason}`
    return `Init:${index}/${statuses.length}`
  }
  return null
}

function stoppedReason(container: ContainerStatus): string | null {
  const { waiting, terminated } = container.state ?? {}
  if (waiting?.reason !== undefined && waiting.reason !== '') return waiting.reason
  if (terminated === undefined) return null
  if (terminated.reason !== undefined && terminated.reason !== '') return terminated.reason
  return terminated.signal !== undefined && terminated.signal !== 0
    ? `Signal:${terminated.signal}`
    : `ExitCode:${terminated.exitCode ?? 0}`
}

const gateReason = (pod: PodObject): string | null =>
  pod.status?.conditions?.some((one) => one.type === 'PodScheduled' && one.reason === 'SchedulingGated') === true
    ? 'SchedulingGated'
    : null
