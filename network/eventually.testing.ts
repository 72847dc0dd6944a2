import { vi } from 'vitest'

/** Waits until `look` passes; the bound is wide because a busy machine is no fault of what is looked at. */
export const eventually = <T>(
  look: () => T | Promise<T>,
  options: { timeout?: number; interval?: number } = {},
): Promise<T> => vi.waitFor(look, { timeout: 15_000, interval: 20, ...options })
