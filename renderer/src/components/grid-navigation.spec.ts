import { describe, expect, it } from 'vitest'
import { nextRow } from './grid-navigation.ts'

describe('the keys of a table', () => {
  it('move by one, by ten, and to the ends, and never leave the table', () => {
    expect(nextRow('ArrowDown', 0, 3, 10)).toBe(1)
    expect(nextRow('j', 2, 3, 10)).toBe(2)
    expect(nextRow('k', 0, 3, 10)).toBe(0)
    expect(nextRow('PageDown', 5, 60, 10)).toBe(15)
    expect(nextRow('PageUp', 5, 60, 10)).toBe(0)
    expect(nextRow('End', 0, 60, 10)).toBe(59)
    expect(nextRow('Home', 59, 60, 10)).toBe(0)
  })

  it('leave other keys alone', () => {
    expect(nextRow('x', 0, 3, 10)).toBeNull()
  })
})
