import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks `probe` until it gives something other than undefined, null or false, and returns that.
 * @param what named in the error when the time is over
 * @param limitMs throws after so many milliseconds, with the last error of the probe
 * @param everyMs pause between two questions
 */
export async function waitFor<T>(
  what: string,
  limitMs: number,
  probe: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + limitMs
  let last = ''
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined && value !== null && value !== false) return value
    } catch (error) {
      last = ` (${String(error)})`
    }
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${String(limitMs)} ms${last}`)
    }
    await sleep(everyMs)
  }
}
