import { setTimeout as pause } from 'node:timers/promises'
import type { CauseCode } from '../../contract/causes.ts'
import type { Client } from '../../contract/client.ts'
import type { Forward } from '../../contract/forwards.ts'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'
import { ask } from './chaos-client.ts'
import { expectOk } from './expect-ok.ts'

/** What nobody can serve is called live for one probe interval and 3 s at most; five more are for a busy machine. */
const honestMs = ({ probe }: Forward): number => probe.seconds * 1000 + 3000 + 5000
/** The longest wait between two attempts, and half a second for rounding and a busy machine. */
const longestWaitMs = 15_000 + 500
/** Nobody waits longer for an answer, ms. */
export const exchangeMs = 20_000

export type Truth = {
  /** What must never be seen, in words; empty when all was well. */
  violations: string[]
  looks: number
  /** Exchanges with the pod that were made at a live row and went right. */
  exchanges: number
  /** The longest time a row said live and no client got its answer, ms; also of those who merely waited for it. */
  unservedMs: number
  /** The causes that were shown, by forward. */
  causes: Map<string, Set<CauseCode>>
}

/**
 * Looks at all forwards ten times a second, and notes when one says what must never be said. Whether `live` is true is
 * not asked of Mooring: a client of its own asks the pod behind each live row, again and again. Takes forwards that are
 * wanted, probed, and lead to the workload's HTTP port. `silently`: nobody asks, where traffic would be the proof.
 */
export function watchTruth(client: Client, { silently = false } = {}): { stop(): Promise<Truth> } {
  const truth: Truth = { violations: [], looks: 0, exchanges: 0, unservedMs: 0, causes: new Map() }
  const stopping = new AbortController()
  const exchanges = new Map<string, Exchange>()
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const forwards = await expectOk(client.forwards.list())
      const toldAt = Date.now()
      for (const forward of forwards) {
        const say = (words: string): number => truth.violations.push(`${forward.name}: ${words}`)
        wrongWordsOf(forward, toldAt).forEach(say)
        if (forward.state === 'live' && !silently) {
          const exchange = exchanges.get(forward.id) ?? new Exchange(forward, () => (truth.exchanges += 1))
          exchanges.set(forward.id, exchange)
          const ms = exchange.unservedMs()
          truth.unservedMs = Math.max(truth.unservedMs, ms)
          if (ms > honestMs(forward)) say(`live, and nobody was served for ${ms} ms (${exchange.outcome})`)
        } else {
          exchanges.get(forward.id)?.end()
          exchanges.delete(forward.id)
        }
        if (forward.cause === null) continue
        const causes = truth.causes.get(forward.id) ?? new Set()
        truth.causes.set(forward.id, causes.add(forward.cause.code))
      }
      truth.looks += 1
      await pause(100)
    }
    for (const exchange of exchanges.values()) exchange.end()
  })()
  // A spec that fails before it stops this has a better reason to tell.
  watching.catch(() => undefined)
  return {
    stop: async () => {
      stopping.abort()
      await watching
      return truth
    },
  }
}

/** One client after the other at a live row. */
class Exchange {
  #unservedSince: number | null = null
  #ended = false
  /** How the last client that got no answer went. */
  outcome = ''

  constructor(forward: Forward, served: () => void) {
    const port = forward.ports[0]?.local ?? 0
    void (async () => {
      while (!this.#ended) {
        this.#unservedSince ??= performance.now()
        const { outcome } = await ask(port, WORKLOAD_PORTS.http, exchangeMs)
        if (outcome === 'right') {
          this.#unservedSince = null
          served()
        } else this.outcome = outcome
        await pause(200)
      }
    })()
  }

  /** Since the first client came that has no answer yet, and none after it got one; 0: the last one got it. */
  unservedMs(): number {
    return this.#unservedSince === null ? 0 : Math.round(performance.now() - this.#unservedSince)
  }

  end(): void {
    this.#ended = true
  }
}

function wrongWordsOf({ state, cause, desired, observed }: Forward, toldAt: number): string[] {
  const found: string[] = []
  if (desired !== 'on') found.push('nobody turned it off')
  if (state === 'live') return found
  if (cause === null || cause.message === '' || cause.next === '')
    found.push(`${state} without a cause and a next step`)
  const wait = observed.nextAttemptAt === null ? 0 : observed.nextAttemptAt - toldAt
  if (wait > longestWaitMs) found.push(`${state}, and the next attempt is ${wait} ms away`)
  return found
}
