import type { Client } from '../../contract/client.ts'
import type { CauseCode } from '../../contract/causes.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from './expect-ok.ts'

/** Evidence counts for one probe interval and 3 s; another 1.5 s are for a busy machine. */
const freshMs = ({ probe }: Forward): number => probe.seconds * 1000 + 3000 + 1500
/** The longest wait between two attempts, and half a second for rounding and a busy machine. */
const longestWaitMs = 15_000 + 500

export type Truth = {
  /** What must never be seen, in words; empty when all was well. */
  violations: string[]
  looks: number
  /** The causes that were shown, by forward. */
  causes: Map<string, Set<CauseCode>>
}

/** Looks at all forwards ten times a second, and notes when one says what must never be said. */
export function watchTruth(client: Client): { stop(): Promise<Truth> } {
  const truth: Truth = { violations: [], looks: 0, causes: new Map() }
  const stopping = new AbortController()
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const askedAt = Date.now()
      for (const forward of await expectOk(client.forwards.list())) {
        truth.violations.push(...violationsOf(forward, askedAt).map((words) => `${forward.name}: ${words}`))
        if (forward.cause === null) continue
        const causes = truth.causes.get(forward.id) ?? new Set()
        truth.causes.set(forward.id, causes.add(forward.cause.code))
      }
      truth.looks += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await watching
      return truth
    },
  }
}

/** For a forward that is wanted all the time and probed. `askedAt`: just before it was asked for, ms since the epoch. */
function violationsOf(forward: Forward, askedAt: number): string[] {
  const { state, cause, observed } = forward
  const found: string[] = []
  if (forward.desired !== 'on') found.push('nobody turned it off')
  if (state === 'live') {
    const age = observed.lastEvidenceAt === null ? Infinity : askedAt - observed.lastEvidenceAt
    if (age > freshMs(forward)) found.push(`live, and its evidence is ${age} ms old`)
  } else {
    if (cause === null || cause.message === '' || cause.next === '')
      found.push(`${state} without a cause and a next step`)
    const wait = observed.nextAttemptAt === null ? 0 : observed.nextAttemptAt - askedAt
    if (wait > longestWaitMs) found.push(`${state}, and the next attempt is ${wait} ms away`)
  }
  return found
}
