import { expect, it } from 'vitest'
import { Parking } from './parking.ts'

it('has 128 places for one forward and 1,024 in all', () => {
  const parking = new Parking()
  const entered = (forwardId: string, tries: number): number =>
    Array.from({ length: tries }, () => parking.enter(forwardId)).filter(Boolean).length
  expect(entered('a', 200)).toBe(128)
  for (const forwardId of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) expect(entered(forwardId, 200)).toBe(128)
  expect(parking.total).toBe(1024)
  expect(parking.enter('i')).toBe(false)
  parking.leave('a')
  expect(parking.enter('i')).toBe(true)
  expect(parking.enter('a')).toBe(false)
})

it('takes a place that is given back twice for a bug', () => {
  const parking = new Parking()
  parking.enter('a')
  parking.leave('a')
  expect(() => parking.leave('a')).toThrow('twice')
})
