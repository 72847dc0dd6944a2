import type { Cluster, ConnectionTest } from '../../../../contract/clusters.ts'
import { stepWord } from './words.ts'

/** The test as a text to hand to somebody. It holds only what the owner sent, and that holds no secrets. */
export function connectionReport(cluster: Pick<Cluster, 'name' | 'server' | 'context'>, test: ConnectionTest): string {
  const steps = test.steps.map((step) => {
    const time = step.ms === null ? '' : ` (${Math.round(step.ms)} ms)`
    const next = step.next === null ? '' : `\n    next: ${step.next}`
    return `- ${stepWord(step.id).name}: ${step.status}${time} ${step.detail}${next}`
  })
  return [
    `Connection of ${cluster.name}`,
    `server: ${cluster.server}`,
    `context: ${cluster.context}`,
    `tested: ${new Date(test.startedAt).toISOString()}`,
    `result: ${test.status}${test.serverVersion === null ? '' : `, Kubernetes ${test.serverVersion}`}`,
    ...(test.cause === null ? [] : [`cause: ${test.cause.code} ${test.cause.message}`]),
    '',
    ...steps,
  ].join('\n')
}
