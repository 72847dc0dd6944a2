import { createHash } from 'node:crypto'

export type SeededRandom = {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  one<T>(list: readonly T[]): T
  /** `count` of the list at most, each once, in random order. */
  some<T>(list: readonly T[], count: number): T[]
  /**
   * A generator of its own for one part, worker or lane. It follows from the seed and the names alone: who else has drawn,
   * and when, changes nothing.
   */
  child(name: string): SeededRandom
}

/** What `MOORING_SPEC_SEED` says, or another one each time. */
export const chosenSeed = (): number => Number(process.env['MOORING_SPEC_SEED'] ?? Date.now() % 1_000_000)

/** Random numbers that can be had again: the seed is printed, and `MOORING_SPEC_SEED` sets it. */
export function seededRandom(seed = chosenSeed()): SeededRandom {
  console.log(`random seed: MOORING_SPEC_SEED=${seed}`)
  return generator(String(seed))
}

function generator(path: string): SeededRandom {
  // Marsaglia's xorshift with 32 bits; it must not start at 0.
  let state = createHash('sha256').update(path).digest().readUInt32LE() || 1
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
    some: (list, count) => {
      const left = [...list]
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(below(left.length), 1)).flat()
    },
    child: (name) => generator(`${path}/${name}`),
  }
}
