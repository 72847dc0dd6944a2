import { describe, expect, it } from 'vitest'
import { ago, briefDuration, fullDuration, inLocalTime, until } from './time-words.ts'

describe('words for time', () => {
  it('name the largest unit in a row', () => {
    expect([0, 999, 4000, 59_999, 60_000, 3 * 3_600_000 + 5, 13 * 86_400_000].map(briefDuration)).toEqual([
      '0 s',
      '0 s',
      '4 s',
      '59 s',
      '1 min',
      '3 h',
      '13 d',
    ])
  })

  it('name two units where somebody reads with care', () => {
    expect([0, 420, 3240, 45_000, 200_000, 120_000, 2 * 86_400_000 + 4 * 3_600_000].map(fullDuration)).toEqual([
      '0 ms',
      '420 ms',
      '3.2 s',
      '45 s',
      '3 min 20 s',
      '2 min',
      '2 d 4 h',
    ])
  })

  it("say the owner's times by the clock of who reads them, and how far away they are", () => {
    const now = Date.parse('2026-11-21T09:00:28Z')
    expect(inLocalTime('token, valid until 2026-11-21T09:59:28.000Z', now)).toMatch(
      /^token, valid until Nov 2\d, \d\d:\d9 \(in 59 min\)$/,
    )
    expect(inLocalTime('The token expired on 2026-11-20T07:44:04Z.', now)).toMatch(/ on Nov .* \(1 d ago\)\.$/)
    expect(inLocalTime('valid until 2026-12-01 (in 9 days)', now)).toBe('valid until 2026-12-01 (in 9 days)')
  })

  it('never speak of the future as the past', () => {
    expect(ago(5000, 1000)).toBe('just now')
    expect(ago(0, 40_000)).toBe('40 s ago')
    expect(until(500, 4000)).toBe('now')
    expect(until(8000, 4000)).toBe('in 4 s')
  })
})
