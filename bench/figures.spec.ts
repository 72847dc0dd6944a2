import { describe, expect, it } from 'vitest'
import { median, quantile } from '../e2e/support/statistics.ts'
import { ratioRow, takenOf, upper } from './figures.ts'

const to = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index)

describe('a quantile', () => {
  it('is the nearest rank', () => {
    expect(quantile(to(100), 0.95)).toBe(95)
    expect(quantile(to(100), 0.99)).toBe(99)
    expect(quantile(to(20), 0.95)).toBe(19)
    expect(quantile(to(7), 0.95)).toBe(7)
  })

  it('goes from the lowest to the highest value', () => {
    expect(quantile(to(9), 0)).toBe(1)
    expect(quantile(to(9), 1)).toBe(9)
    expect(quantile([4], 0.5)).toBe(4)
  })

  it('of nothing is no number', () => expect(quantile([], 0.5)).toBeNaN())

  it('in the middle is the median, one of the values', () => {
    expect(median(to(7))).toBe(4)
    expect(median(to(20))).toBe(10)
  })
})

describe('a row', () => {
  it('does not call the worst value of a few a percentile', () => {
    expect(upper(to(7))).toEqual({ name: 'worst', value: 7 })
    expect(upper(to(20))).toEqual({ name: 'p95', value: 19 })
  })

  it('compares rounds that ran one after the other', () => {
    const row = { what: 'bytes', against: 'kubectl', unit: 'MiB/s' as const, ours: [10, 50, 10], theirs: [20, 100, 10] }
    expect(ratioRow({ ...row, least: 0.95 })).toMatchObject({ figure: '0.50x', met: false })
    expect(ratioRow({ ...row, most: 0.5 })).toMatchObject({ goal: 'at most 0.5x', met: true })
    expect(ratioRow(row)).toMatchObject({ goal: '-', met: null })
  })

  it('says how often it was taken', () => {
    const row = { what: 'bytes', against: 'kubectl', unit: 'MiB/s' as const, theirs: [1] }
    expect(takenOf(ratioRow({ ...row, ours: [1, 2, 3] }))).toBe('3 rounds')
    expect(takenOf(ratioRow({ ...row, ours: [1] }))).toBe('once')
    expect(takenOf(ratioRow({ ...row, ours: [1], taken: '100 deletions' }))).toBe('100 deletions')
  })
})
