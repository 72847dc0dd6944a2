import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until `look` finds something (anything but undefined, null and false), and returns that. Without vitest, for the
 * test bed and the bench run without it; unit specs have `eventually` (network/eventually.testing.ts).
 * @param what named in the error when the time is over
 * @param seconds throws after so many, with the last error of `look`
 * @param everyMs pause between two looks
 */
export async function waitUntil<T>(
  what: string,
  seconds: number,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  everyMs = 20,
): Promise<T> {
  const end = performance.now() + seconds * 1000
  let last = ''
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined && found !== null && found !== false) return found
    } catch (error) {
      last = ` (${String(error)})`
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${String(seconds)} s${last}`)
    await sleep(everyMs)
  }
}
