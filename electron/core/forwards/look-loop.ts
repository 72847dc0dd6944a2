import type { Clock, Timer } from '../clock.ts'

/** So many looks in a row without a pause; then the rest of the app gets its turn. */
const looksInARow = 20
const pauseMs = 20

/** When a forward looks at its evidence again: soon after a change, however many there were, and at times it named. */
export class LookLoop {
  readonly #clock: Clock
  readonly #look: () => void
  #timer: Timer | null = null
  #isPending = false
  #inARow = 0
  #closed = false

  constructor({ clock, look }: { clock: Clock; look: () => void }) {
    this.#clock = clock
    this.#look = look
  }

  /** Looks again as soon as what runs now has ended. */
  readonly wake = (): void => {
    if (this.#isPending || this.#closed) return
    this.#isPending = true
    queueMicrotask(() => {
      this.#isPending = false
      this.#look()
    })
  }

  /**
   * To be called at the end of a look. What was done is new evidence: look again at once, but not for ever.
   * @param acted whether the look led to anything that was done
   * @param wakeAt when to look again in any case, monotonic ms as `now`; null: only when woken
   */
  looked({ acted, wakeAt, now }: { acted: boolean; wakeAt: number | null; now: number }): void {
    this.#timer?.cancel()
    this.#timer = null
    if (acted && this.#inARow < looksInARow) {
      this.#inARow += 1
      this.wake()
      return
    }
    this.#inARow = 0
    const at = acted ? now + pauseMs : wakeAt
    if (at !== null) this.#timer = this.#clock.after(Math.max(1, at - now), this.wake)
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }
}
