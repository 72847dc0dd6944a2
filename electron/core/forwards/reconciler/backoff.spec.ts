import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoff, longestWait, shortestWait } from './backoff.ts'

const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

it('waits between 250 ms and 15 s, whatever the number of failures', () => {
  fc.assert(
    fc.property(fc.nat(10_000), randoms, (failures, random) => {
      const wait = backoff(failures, () => random)
      expect(wait).toBeGreaterThanOrEqual(shortestWait)
      expect(wait).toBeLessThanOrEqual(longestWait)
    }),
  )
})

it('doubles what it may wait with each failure, up to the cap', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7].map((failures) => backoff(failures, () => 1))
  expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
})

it('spreads attempts over the whole range', () => {
  expect(backoff(5, () => 0)).toBe(shortestWait)
  expect(backoff(5, () => 0.5)).toBe(4_125)
})
