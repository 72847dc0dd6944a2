import { describe, expect, it } from 'vitest'
import type { ForwardState } from '../../../../contract/forwards.ts'
import { sampleHistoryEntry } from '../../testing/samples.ts'
import { stretchesOf } from './history-strip.ts'

const entry = (at: number, state: ForwardState, durationMs: number | null) =>
  sampleHistoryEntry({ at, state, durationMs })

describe('the strip of a history', () => {
  it('draws states where they were, oldest first', () => {
    expect(stretchesOf([entry(50, 'holding', null), entry(0, 'live', 50)], 0, 100)).toEqual([
      { state: 'live', from: 0, width: 50 },
      { state: 'holding', from: 50, width: 50 },
    ])
  })

  it('cuts what began before and leaves out what ended before', () => {
    expect(stretchesOf([entry(-100, 'off', 50), entry(-50, 'live', 100)], 0, 100)).toEqual([
      { state: 'live', from: 0, width: 50 },
    ])
  })

  it('shows a short outage', () => {
    const [outage] = stretchesOf([entry(50, 'recovering', 0)], 0, 100)
    expect(outage).toEqual({ state: 'recovering', from: 50, width: 0.4 })
  })

  it('never leaves the strip', () => {
    const [last] = stretchesOf([entry(100, 'recovering', null)], 0, 100)
    expect((last?.from ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(100)
  })
})
