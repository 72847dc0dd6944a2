import type { Clock, Timer } from './clock.ts'

/** A clock that moves only when told; timers run in order of their time. */
export class FakeClock implements Clock {
  #now: number
  readonly #timers = new Set<{ at: number; run: () => void }>()

  constructor(start = 1_700_000_000_000) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), run }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** Moves time on and runs what is due, also timers set meanwhile. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = until
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }
}
