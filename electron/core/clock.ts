/** A timer that can be taken back; cancelling twice, or after it ran, does nothing. */
export type Timer = { cancel(): void }

/** Time as the core sees it, so that schedules can be tested without waiting. */
export type Clock = {
  /** Wall clock, ms since the epoch: for what is stored and shown. It may jump. */
  now(): number
  /** Never goes back, ms from an arbitrary start: for durations and deadlines. */
  monotonic(): number
  /** Runs `run` once after `ms` milliseconds. */
  after(ms: number, run: () => void): Timer
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const handle = setTimeout(run, ms)
    return { cancel: () => clearTimeout(handle) }
  },
}
