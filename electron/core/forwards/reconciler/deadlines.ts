/** Collects the moments at which something must be looked at again; keeps the first one that lies ahead. */
export class Deadlines {
  readonly #now: number
  #next = Infinity

  constructor(now: number) {
    this.#now = now
  }

  add(at: number): void {
    if (at > this.#now && at < this.#next) this.#next = at
  }

  /** Infinity: none. */
  get next(): number {
    return this.#next
  }
}
