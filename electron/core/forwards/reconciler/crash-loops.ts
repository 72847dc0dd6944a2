import type { CauseCode } from '../../../../contract/causes.ts'
import type { TargetPod } from '../../../../contract/sidecar.ts'
import { policyOf } from '../causes.ts'
import { failureOf, type Evidence, type Failure, type PortEvidence } from '../evidence.ts'

/** A pod that crashed again and again is believed when it has stayed up for so long, ms. */
export const steadyPodMs = 10_000

/** `upSince`: it is up for once; `seenAt`: when anything was known of it last. Monotonic ms. */
type CrashLoop = { readonly name: string; readonly upSince: number | null; readonly seenAt: number }

/** Pods that crash again and again, by uid. */
export type CrashLoops = Readonly<Record<string, CrashLoop>>

const isCrashing = ({ reason }: TargetPod): boolean => reason === 'CrashLoopBackOff'

/**
 * A pod counts from its first wait for a restart until it has stayed up, or is gone. While nobody sees the pods only what
 * comes through a tunnel can show that one has stayed up.
 */
export function followCrashLoops(before: CrashLoops, { watch, ports }: Evidence, now: number): CrashLoops {
  if (watch.state !== 'seen' || watch.view === null || watch.view.failure !== null)
    return Object.fromEntries(
      Object.entries(before).filter(([uid, { seenAt }]) => !ports.some((port) => hasHeld(port, uid, seenAt))),
    )
  const loops: Record<string, CrashLoop> = {}
  for (const pod of watch.view.pods) {
    const known = before[pod.uid]
    if (known === undefined && !isCrashing(pod)) continue
    const upSince = pod.usable ? (known?.upSince ?? now) : null
    if (upSince === null || now - upSince < steadyPodMs) loops[pod.uid] = { name: pod.name, upSince, seenAt: now }
  }
  return loops
}

/** The pod answered through this tunnel, for as long as it takes to be believed, and without a break. */
function hasHeld({ current }: PortEvidence, uid: string, since: number): boolean {
  if (current?.target.kind !== 'pod' || current.target.uid !== uid || current.trouble !== null) return false
  const { evidenceAt, provenSince } = current
  return evidenceAt !== null && evidenceAt - Math.max(since, provenSince ?? evidenceAt) >= steadyPodMs
}

/** What no crash of a pod looks like: the way to the cluster, or this machine, is what holds the forward up. */
const elsewhere = new Set<CauseCode>([
  'cluster-unreachable',
  'api-unavailable',
  'upgrade-refused',
  'limit-reached',
  'storage-failed',
])

/** Whether a failure may be what the crashes of a pod look like from here. */
export const mayBeCrash = ({ code }: Failure): boolean => policyOf(code) === 'retry' && !elsewhere.has(code)

/** Why a forward that leads to such a pod, or waits for it, is not called live. */
export const failureOfCrashLoop = (pod: string): Failure => ({
  ...failureOf('no-ready-pod', 'CrashLoopBackOff', `${pod}: CrashLoopBackOff`),
  pod,
})
