/** Shortest and longest wait between two attempts, in ms. */
export const shortestWait = 250
export const longestWait = 15_000

/**
 * Wait before the next attempt after `failures` failed ones, in ms: exponential with full jitter between the floor and
 * the cap, so that many forwards that lost the same cluster do not come back in step.
 * `random` returns a number from 0 (inclusive) to 1 (exclusive).
 */
export function backoff(failures: number, random: () => number): number {
  const ceiling = Math.min(longestWait, shortestWait * 2 ** Math.min(Math.max(failures, 1), 20))
  return Math.round(shortestWait + random() * (ceiling - shortestWait))
}
