import { withoutHintMs } from '../support/bounds.ts'
import type { Answer } from '../support/chaos-client.ts'
import type { Line } from './mixed-actions.ts'

/** While it lasted, what was established on these lines could break: a process, a pod or the way between them went. */
export type Break = { what: string; from: number; to: number; touches: (line: Line) => boolean }

/** What was done to which lines and when, `performance.now()`: what a client may have met. */
export class Breaks {
  readonly #all: Break[] = []

  /** Begins one; it lasts until the answer is called. */
  begin(what: string, touches: Break['touches']): () => void {
    const one = { what, from: performance.now(), to: Infinity, touches }
    this.#all.push(one)
    return () => (one.to = performance.now())
  }

  /** As long as `act` takes. */
  async during<T>(what: string, touches: Break['touches'], act: () => Promise<T>): Promise<T> {
    const end = this.begin(what, touches)
    try {
      return await act()
    } finally {
      end()
    }
  }

  /**
   * Whether a conversation of that line was open when something broke its way, or began before the row must say so: who
   * comes meanwhile is led to a way that is broken.
   */
  excuses(line: Line, { at, ms }: Answer): boolean {
    return this.#all.some(({ from, to, touches }) => at + ms >= from && at < to + withoutHintMs && touches(line))
  }

  /** What came last before it, in words: for who must understand it. */
  before(line: Line, { at, ms }: Answer): string {
    const last = this.#all
      .filter(({ from, touches }) => from <= at + ms && touches(line))
      .toSorted((a, b) => b.to - a.to)[0]
    return last === undefined
      ? 'nothing broke it before'
      : `${Math.round(at - last.to)} ms after the end of: ${last.what}`
  }
}
