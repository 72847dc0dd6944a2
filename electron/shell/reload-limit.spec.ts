import { describe, expect, it } from 'vitest'
import { ReloadLimit } from './reload-limit.ts'

describe('a page that crashes', () => {
  it('is loaded again three times a minute', () => {
    const limit = new ReloadLimit()
    expect([0, 1000, 2000, 3000].map((now) => limit.mayReload(now))).toEqual([true, true, true, false])
    expect(limit.mayReload(63_001)).toBe(true)
  })
})
