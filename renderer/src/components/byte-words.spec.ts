import { describe, expect, it } from 'vitest'
import { bytes, bytesPerSecond } from './byte-words.ts'

describe('words for amounts of data', () => {
  it('use decimal units and three digits at most', () => {
    expect([0, 1, 999, 999.6, 12_400, 999_960, 104_857_600, 3.14e9].map(bytes)).toEqual([
      '0 B',
      '1 B',
      '999 B',
      '1.0 kB',
      '12.4 kB',
      '1.0 MB',
      '105 MB',
      '3.1 GB',
    ])
    expect(bytesPerSecond(2048)).toBe('2.0 kB/s')
  })
})
