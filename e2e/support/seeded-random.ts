export type SeededRandom = {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  one<T>(list: readonly T[]): T
}

/** Random numbers that can be had again: the seed is printed, and `MOORING_SPEC_SEED` sets it. */
export function seededRandom(): SeededRandom {
  const seed = Number(process.env['MOORING_SPEC_SEED'] ?? Date.now() % 1_000_000)
  console.log(`random seed: MOORING_SPEC_SEED=${seed}`)
  let state = seed >>> 0
  // Marsaglia's xorshift with 32 bits; it must not start at 0.
  if (state === 0) state = 1
  const below = (limit: number): number => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % limit
  }
  return {
    below,
    one: (list) => {
      const chosen = list[below(list.length)]
      if (chosen === undefined) throw new Error('there is nothing to choose from')
      return chosen
    },
  }
}
