import type { PortPlan, Resolution } from './target-resolver.ts'

/**
 * Where a port leads, as text: the pod, its port, and how often its containers were restarted. What is not known now does
 * not change what was known (`before`; empty: nothing).
 */
export function wayOf(plan: PortPlan, { pod }: Resolution, before: string): string {
  if (plan.kind === 'none') return plan.failure.code === 'connecting' ? before : `none ${plan.failure.code}`
  if (plan.target.kind === 'pod') return `${plan.target.uid}|${plan.remote}|${pod?.restarts ?? 0}`
  return before === '' || before.startsWith('none ') ? `${plan.target.reference}|${plan.remote}` : before
}

/** It led somewhere, and leads to another pod now. */
export const isAnotherPod = (before: string, after: string): boolean =>
  before !== '' && !before.startsWith('none ') && before.split('|')[0] !== after.split('|')[0]
