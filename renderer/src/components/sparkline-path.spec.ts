import { describe, expect, it } from 'vitest'
import { sparklinePath } from './sparkline-path.ts'

describe('a sparkline', () => {
  it('lies at the bottom while nothing flows', () => {
    expect(sparklinePath([0, 0], 2)).toBe('M0.0 19.0L100.0 19.0')
  })

  it('reaches the top with its highest value and ends at the right edge', () => {
    expect(sparklinePath([0, 50], 5)).toBe('M75.0 19.0L100.0 1.0')
  })
})
