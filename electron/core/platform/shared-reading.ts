/**
 * Lets many questions share few readings. Each gets what was read after it was asked: those that come during a reading share
 * the next one, so that at any moment one is under way and one waits at most. `read` must not reject.
 */
export function sharedReading<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null
  let next: Promise<T> | null = null
  return function ask(): Promise<T> {
    // Also when the reading before it has just ended, and it is about to begin.
    if (next !== null) return next
    if (reading === null) {
      reading = read().finally(() => (reading = null))
      return reading
    }
    next = reading.then(() => {
      next = null
      return ask()
    })
    return next
  }
}
