/**
 * How many clients may wait, shared by all listeners: a parked client costs a descriptor and kernel buffers, and a
 * retrying program must not use up those of everyone else.
 */
export class Parking {
  readonly #perForward: number
  readonly #inAll: number
  readonly #parked = new Map<string, number>()
  #total = 0

  constructor(options: { perForward?: number; inAll?: number } = {}) {
    this.#perForward = options.perForward ?? 128
    this.#inAll = options.inAll ?? 1024
  }

  get total(): number {
    return this.#total
  }

  of(forwardId: string): number {
    return this.#parked.get(forwardId) ?? 0
  }

  /** Takes a place; false when all are taken. Each place is given back once with `leave`. */
  enter(forwardId: string): boolean {
    const own = this.of(forwardId)
    if (own >= this.#perForward || this.#total >= this.#inAll) return false
    this.#parked.set(forwardId, own + 1)
    this.#total += 1
    return true
  }

  leave(forwardId: string): void {
    const own = this.of(forwardId)
    if (own === 0) throw new Error('A parking place was given back twice.')
    if (own === 1) this.#parked.delete(forwardId)
    else this.#parked.set(forwardId, own - 1)
    this.#total -= 1
  }
}
