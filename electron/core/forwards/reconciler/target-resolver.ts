import { kubectlKinds, type PodPolicy, type RemotePort, type Target } from '../../../../contract/forwards.ts'
import type { TargetPod, TargetView } from '../../../../contract/sidecar.ts'
import { causeOfApiFailure } from '../causes.ts'
import { failureOf, type Failure, type WatchEvidence } from '../evidence.ts'
import type { TunnelTarget } from '../tunnel/tunnel.ts'

/** What one port of the forward leads to now. */
export type PortPlan = Way | { readonly kind: 'none'; readonly failure: Failure }
export type Way = { readonly kind: 'way'; readonly target: TunnelTarget; readonly remote: number | string }

/** Where the forward leads to now, as far as can be known. */
export type Resolution = {
  /** `kubectl`: it is asked to resolve the name itself; null: not known yet. */
  readonly by: 'endpoint-slices' | 'pods' | 'kubectl' | null
  readonly pod: TargetPod | null
  /** True while what is said about pods is seen, not remembered. */
  readonly watching: boolean
  readonly planOf: (remote: RemotePort) => PortPlan
  /** The way to the pod that is about to take the place of this one, or to be the first; it takes no clients yet. */
  readonly comingOf?: (remote: RemotePort) => Way | null
}

export type Question = {
  readonly target: Target
  readonly policy: PodPolicy
  readonly watch: WatchEvidence
  /** The pod that is used now; it is kept while the policy lets it. */
  readonly current: { readonly name: string; readonly uid: string } | null
  /** Uids of pods that crash again and again: up at this moment, and used when there is no other. */
  readonly shaky: ReadonlySet<string>
  /** Monotonic ms. */
  readonly now: number
}

/** The first answer of the watch is waited for so long before kubectl is asked to find the pod itself, ms. */
export const firstViewMs = 4_000
/** A watch that broke is trusted for so long before kubectl is asked, ms: a sidecar is back within a second or two. */
export const unwatchedMs = 2_500

/** Decides which pod, and which port in it; or says why there is none. Pure. */
export function resolveTarget(question: Question): Resolution {
  const { watch, now } = question
  const { view } = watch
  switch (watch.state) {
    case 'off':
      return notKnownYet
    case 'waiting':
      return now - watch.since < firstViewMs ? notKnownYet : byReference(question)
    case 'unwatched': {
      const remembered = view === null ? null : byView(question, view, false)
      if (now - watch.since < unwatchedMs) return remembered ?? notKnownYet
      return question.target.kind === 'selector' && remembered !== null ? remembered : byReference(question)
    }
    case 'seen':
      if (view === null) return notKnownYet
      if (view.failure === null) return byView(question, view, true)
      return view.pods.length > 0 ? byView(question, view, false) : byFailure(question, view.failure)
  }
}

const connecting = failureOf('connecting')
const notKnownYet: Resolution = {
  by: null,
  pod: null,
  watching: false,
  planOf: () => ({ kind: 'none', failure: connecting }),
}

const nowhere = (by: Resolution['by'], watching: boolean, failure: Failure): Resolution => ({
  by,
  pod: null,
  watching,
  planOf: () => ({ kind: 'none', failure }),
})

/** The watch failed before it saw a pod. Where rights are missing, kubectl may still be allowed to. */
const byFailure = (question: Question, failure: NonNullable<TargetView['failure']>): Resolution =>
  question.target.kind === 'selector' ? nowhere(null, false, causeOfApiFailure(failure)) : byReference(question)

function byReference({ target }: Question): Resolution {
  if (target.kind === 'selector') return nowhere(null, false, failureOf('no-ready-pod', 'unwatched'))
  const reference = `${kubectlKinds[target.kind]}/${target.name}`
  return {
    by: 'kubectl',
    pod: null,
    watching: false,
    planOf: (remote) => ({ kind: 'way', target: { kind: 'reference', reference }, remote }),
  }
}

function byView(question: Question, view: TargetView, watching: boolean): Resolution {
  const { target } = question
  const { by } = view
  if (watching && !view.namespaceExists) return nowhere(by, watching, failureOf('namespace-missing'))
  if (watching && !view.targetExists && target.kind !== 'selector')
    return nowhere(by, watching, failureOf('target-missing'))
  const pod = choosePod(question, view.pods)
  const coming = question.policy === 'any-ready' && watching ? comingPod(pod, view.pods) : null
  const comingOf: Resolution['comingOf'] = (remote) => (coming === null ? null : wayTo(coming, target, remote))
  if (pod === null) return { ...nowhere(by, watching, noReadyPod(view.pods)), comingOf }
  return {
    by,
    pod,
    watching,
    comingOf,
    planOf: (remote) => {
      const way = wayTo(pod, target, remote)
      if (way !== null) return way
      // The service itself may not be read: only kubectl could say where its ports lead.
      if (target.kind === 'service' && view.declaredPorts.length === 0) return byReference(question).planOf(remote)
      return { kind: 'none', failure: noSuchPort(pod, view, target) }
    },
  }
}

function choosePod({ policy, current, shaky }: Question, pods: readonly TargetPod[]): TargetPod | null {
  const usable = pods.filter((pod) => pod.usable && !pod.terminating)
  const solid = usable.filter((pod) => !shaky.has(pod.uid))
  const better = solid.length > 0 ? solid : usable
  switch (policy) {
    case 'any-ready':
      return stayOrFollow(better.find((pod) => pod.uid === current?.uid) ?? null, better)
    case 'newest':
      return newest(better)
    case 'sticky':
      // The same name, also when it is another pod by now (a stateful set's), and no other while that one exists.
      if (current !== null && pods.some((pod) => pod.name === current.name))
        return usable.find((pod) => pod.name === current.name) ?? null
      return newest(usable)
    case 'ordinal':
      return lowestOrdinal(usable)
  }
}

/** The newest stays longest. In a rollout the one in use is about to go as soon as its successor is ready. */
const stayOrFollow = (used: TargetPod | null, usable: readonly TargetPod[]): TargetPod | null =>
  used === null ? newest(usable) : (newest(usable.filter((pod) => follows(pod, used))) ?? used)

/** It was made later, by another version of the same. Of two made in the same second neither follows the other. */
const follows = (pod: TargetPod, other: TargetPod): boolean =>
  pod.madeBy !== undefined &&
  pod.madeBy.workload === other.madeBy?.workload &&
  pod.madeBy.version !== other.madeBy.version &&
  pod.createdAt > other.createdAt

/** It runs, is not ready yet, and will be chosen when it is. */
const comingPod = (used: TargetPod | null, pods: readonly TargetPod[]): TargetPod | null =>
  newest(pods.filter((pod) => isStarting(pod) && (used === null || follows(pod, used))))

const isStarting = (pod: TargetPod): boolean =>
  !pod.usable && !pod.terminating && pod.phase === 'Running' && isPassing(pod.reason ?? 'not ready')

function wayTo(pod: TargetPod, target: Target, remote: RemotePort): Way | null {
  const port = portIn(pod, target, remote)
  return port === null ? null : { kind: 'way', target: { kind: 'pod', name: pod.name, uid: pod.uid }, remote: port }
}

const newest = (pods: readonly TargetPod[]): TargetPod | null =>
  [...pods].sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1))[0] ?? null

const lowestOrdinal = (pods: readonly TargetPod[]): TargetPod | null =>
  [...pods].sort((a, b) => (a.ordinal ?? Infinity) - (b.ordinal ?? Infinity) || (a.name < b.name ? -1 : 1))[0] ?? null

/** A service's ports lead where it says; of everything else a number is the pod's own port, declared or not. */
function portIn(pod: TargetPod, target: Target, remote: RemotePort): number | null {
  if (target.kind === 'service') return pod.servicePorts[String(remote)] ?? null
  if (typeof remote === 'number') return remote
  return pod.ports.find((port) => port.name === remote)?.port ?? null
}

function noSuchPort(pod: TargetPod, view: TargetView, target: Target): Failure {
  const ports = target.kind === 'service' ? view.declaredPorts : pod.ports
  const names = ports.map(({ name, port }) => (name === null ? String(port) : `${name} (${port})`))
  return failureOf('port-not-in-target', null, names.length === 0 ? 'it declares none' : `it has ${names.join(', ')}`)
}

/** Reasons that pass by themselves while a pod starts or ends. */
const passing = new Set(['not ready', 'ContainerCreating', 'PodInitializing', 'Pending', 'Terminating', 'Completed'])
export const isPassing = (detail: string | null): boolean =>
  detail !== null && (passing.has(detail) || /^Init:\d+\/\d+$/.test(detail))

/** The pods' own reasons; one that does not pass by itself says more than others. */
function noReadyPod(pods: readonly TargetPod[]): Failure {
  if (pods.length === 0) return failureOf('no-ready-pod', 'no-pods')
  const staying = pods.filter((pod) => !pod.terminating)
  const shown = staying.find((pod) => !isPassing(pod.reason ?? 'not ready')) ?? staying[0] ?? pods[0]
  const reason = shown?.terminating === true ? 'Terminating' : (shown?.reason ?? 'not ready')
  if (shown === undefined) return failureOf('no-ready-pod', reason)
  return { ...failureOf('no-ready-pod', reason, `${shown.name}: ${reason}`), pod: shown.name }
}
