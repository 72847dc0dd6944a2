import { networkInterfaces } from 'node:os'
import type { Clock, Timer } from '../clock.ts'

/** What changed around us and makes a waiting forward worth another try. */
export type EnvironmentChange = 'wake' | 'network'

export type ChangeWatchOptions = {
  clock: Clock
  /** `since`: when things were last seen as before, ms since the epoch; for a wake the begin of the sleep. */
  onChange: (change: EnvironmentChange, since: number) => void
  /** A text that differs when the network does; the addresses of this machine unless said. */
  network?: () => string
}

const lookEveryMs = 2000
/** The wall clock ran on while we did not: the machine slept (or stood still) at least this long. */
const sleptMs = 10_000

/** Addresses that lead nowhere beyond their link. Each container that starts brings such ones, and no new way. */
const linkLocal = /^(?:fe80:|169\.254\.)/i

/** This machine's addresses by which others can be reached, as one text. */
export const outwardAddresses = (interfaces = networkInterfaces()): string =>
  Object.entries(interfaces)
    .flatMap(([name, list]) =>
      (list ?? [])
        .filter(({ internal, address }) => !internal && !linkLocal.test(address))
        .map(({ address }) => `${name} ${address}`),
    )
    .sort()
    .join('\n')

/**
 * Notices sleep and network changes without help of a desktop: by a clock that jumped and by this machine's addresses.
 * A VPN that comes or goes changes the addresses. Cheap: one look every 2 s.
 */
export class ChangeWatch {
  readonly #options: Required<ChangeWatchOptions>
  #timer: Timer | null = null
  #seen: { wall: number; network: string }

  constructor(options: ChangeWatchOptions) {
    this.#options = { network: outwardAddresses, ...options }
    this.#seen = this.#look()
    this.#schedule()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /**
   * Looks at the clock alone, and at once. For who is about to write down what it noticed: after a sleep a broken
   * connection is noticed before our next look, and what it was before would be told to have lasted until then.
   */
  lookForSleep(): void {
    const { wall } = this.#seen
    const now = this.#options.clock.now()
    if (now - wall <= lookEveryMs + sleptMs) return
    this.#seen = { ...this.#seen, wall: now }
    this.#options.onChange('wake', wall)
  }

  #look(): { wall: number; network: string } {
    return { wall: this.#options.clock.now(), network: this.#options.network() }
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      const before = this.#seen
      this.lookForSleep()
      const woke = this.#seen !== before
      this.#seen = this.#look()
      if (!woke && this.#seen.network !== before.network) this.#options.onChange('network', before.wall)
      this.#schedule()
    })
  }
}
