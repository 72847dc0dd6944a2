import { drop } from '../../../contract/drop.ts'
import type { ProcessFacts } from './platform.ts'

const freshMs = 2000
const forgottenMs = 60_000

type Known = { at: number; facts: ProcessFacts | null }

/** Answers at once with what was known last and asks again behind it: for systems where asking starts a program. */
export class FactsCache {
  readonly #ask: (pid: number) => Promise<ProcessFacts | null>
  readonly #known = new Map<number, Known>()

  constructor(ask: (pid: number) => Promise<ProcessFacts | null>) {
    this.#ask = ask
  }

  get(pid: number): ProcessFacts | null {
    const now = performance.now()
    const known = this.#known.get(pid)
    if (known === undefined || now - known.at > freshMs) {
      for (const [other, { at }] of this.#known) if (now - at > forgottenMs) this.#known.delete(other)
      const next: Known = { at: now, facts: known?.facts ?? null }
      this.#known.set(pid, next)
      drop(
        this.#ask(pid).then((facts) => (next.facts = facts)),
        'the next question gets the answer',
      )
    }
    return known?.facts ?? null
  }
}
