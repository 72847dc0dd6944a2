import { useSyncExternalStore } from 'react'

/** One timer for all that counts seconds on screen. */
const listeners = new Set<() => void>()
let now = 0
let timer: ReturnType<typeof setInterval> | null = null

const current = (): number => (timer === null ? Date.now() : now)

function listen(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === null) {
    now = Date.now()
    timer = setInterval(() => {
      now = Date.now()
      for (const each of [...listeners]) each()
    }, 1000)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }
}

/** Now for something that began at `at`: counts seconds during the first minute, half minutes after it. */
export const useNowSince = (at: number): number => useNow(current() - at < 60_000 ? 1000 : 30_000)

/** Now, in ms since the epoch; draws again when another `everyMs` began (1000 or more). */
export function useNow(everyMs = 1000): number {
  useSyncExternalStore(listen, () => Math.floor(current() / everyMs))
  return current()
}
