/**
 * Waits until `look` finds something (anything but undefined, null and false), looking every 20 ms.
 * Fails after `seconds` with what was waited for and what was seen last.
 */
export async function waitUntil<T>(what: string, seconds: number, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + seconds * 1000
  let last: unknown
  for (;;) {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== null && seen !== false) return seen
      last = seen
    } catch (error) {
      last = error
    }
    if (performance.now() > end)
      throw new Error(`waited ${seconds} s for: ${what}; last: ${last instanceof Error ? last.message : String(last)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
