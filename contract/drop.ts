/**
 * Lets a promise run without anybody waiting for it, and says why that is right.
 * A rejection is still a bug: it reaches the process's one crash handler.
 */
export function drop(promise: Promise<unknown>, _why: string): void {
  promise.catch((error: unknown) => {
    queueMicrotask(() => {
      throw error
    })
  })
}
