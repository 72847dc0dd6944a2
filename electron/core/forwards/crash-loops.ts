import type { TargetPod } from '../../../contract/sidecar.ts'
import { failureOf, type Failure, type WatchEvidence } from './evidence.ts'

/** A pod that crashed again and again is believed when it has stayed up for so long, ms. */
export const steadyPodMs = 10_000

/** Pods that crash again and again, by uid. `upSince`: it is up for once, monotonic ms. */
export type CrashLoops = Readonly<Record<string, { readonly name: string; readonly upSince: number | null }>>

const isCrashing = ({ reason }: TargetPod): boolean => reason === 'CrashLoopBackOff'

/** A pod counts from its first wait for a restart until it has stayed up, or is gone. What is not seen does not change. */
export function followCrashLoops(before: CrashLoops, watch: WatchEvidence, now: number): CrashLoops {
  if (watch.state !== 'seen' || watch.view === null || watch.view.failure !== null) return before
  const loops: Record<string, { name: string; upSince: number | null }> = {}
  for (const pod of watch.view.pods) {
    const known = before[pod.uid]
    if (known === undefined && !isCrashing(pod)) continue
    const upSince = pod.usable ? (known?.upSince ?? now) : null
    if (upSince === null || now - upSince < steadyPodMs) loops[pod.uid] = { name: pod.name, upSince }
  }
  return loops
}

/** Why a forward that leads to such a pod, or waits for it, is not called live. */
export const failureOfCrashLoop = (pod: string): Failure => ({
  ...failureOf('no-ready-pod', 'CrashLoopBackOff', `${pod}: CrashLoopBackOff`),
  pod,
})
