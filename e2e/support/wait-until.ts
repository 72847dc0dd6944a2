import { waitFor } from '../testbed/wait-for.ts'

/**
 * Waits until `look` finds something (anything but undefined, null and false), looking every 20 ms.
 * Fails after `seconds` with what was waited for and the last error of `look`.
 */
export const waitUntil = <T>(what: string, seconds: number, look: () => T | Promise<T>): Promise<NonNullable<T>> =>
  waitFor<NonNullable<T>>(what, seconds * 1000, async () => (await look()) ?? false, 20)
