import type { RunningHost } from '../e2e/support/host.ts'
import { openInspector, type CpuProfile } from '../e2e/support/inspector.ts'

/** Functions that took this share of the work at least. */
const leastShare = 0.01

/** Runs it under V8's profiler in the owner, and prints which functions the owner's work was in. */
export async function printOwnerProfile<T>(host: RunningHost, connections: number, run: () => Promise<T>): Promise<T> {
  await using inspector = await openInspector(host)
  const { profile, result } = await inspector.cpuProfile(run)
  const { workMs, functions } = workOf(profile)
  console.log(`the owner worked ${(workMs / connections).toFixed(2)} ms for each of ${connections} connections; in:`)
  for (const { name, share } of functions) {
    if (share >= leastShare) console.log(`${(share * 100).toFixed(1).padStart(6)} % ${name}`)
  }
  return result
}

/** The functions that were at work themselves, by their share of all work, the largest first. Pure. */
export function workOf({ nodes, samples, timeDeltas }: CpuProfile): {
  workMs: number
  functions: { name: string; share: number }[]
} {
  const names = new Map(nodes.map(({ id, callFrame: { functionName, url } }) => [id, nameOf(functionName, url)]))
  const times = new Map<string, number>()
  let all = 0
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    if (name === '(idle)') continue
    const time = timeDeltas[index] ?? 0
    all += time
    times.set(name, (times.get(name) ?? 0) + time)
  }
  const functions = [...times].map(([name, time]) => ({ name, share: time / all }))
  return { workMs: all / 1000, functions: functions.toSorted((one, other) => other.share - one.share) }
}

const nameOf = (name: string, url: string): string => {
  const file = url.slice(url.lastIndexOf('/') + 1)
  return `${name === '' ? '(anonymous)' : name}${file === '' ? '' : ` in ${file}`}`
}
