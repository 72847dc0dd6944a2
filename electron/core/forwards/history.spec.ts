import { describe, expect, it } from 'vitest'
import type { ForwardState } from '../../../contract/forwards.ts'
import type { HistoryRow } from '../store/history-table.ts'
import { summarize } from './history.ts'

const minute = 60_000
const now = 100 * 24 * 60 * minute

/** Rows newest first, from [minutes ago, state] oldest first. */
const rows = (...entered: (readonly [ago: number, state: ForwardState, bytesIn?: number])[]): HistoryRow[] =>
  entered
    .map(([ago, state, bytesIn], index) => ({
      id: index + 1,
      at: now - ago * minute,
      state,
      causeCode: null,
      detail: null,
      message: '',
      pod: null,
      connectionsLost: 0,
      bytesIn: bytesIn ?? 0,
      bytesOut: 0,
    }))
    .reverse()

describe('the summary of a history', () => {
  it('counts what was live of the time it was wanted', () => {
    const { uptime } = summarize(rows([100, 'starting'], [90, 'live'], [50, 'off'], [10, 'live']), now)
    expect(uptime).toBeCloseTo(50 / 60)
  })

  it('is about the last 24 hours', () => {
    const day = 24 * 60
    expect(summarize(rows([3 * day, 'holding'], [day / 2, 'live']), now).uptime).toBeCloseTo(0.5)
    expect(summarize(rows([3 * day, 'live'], [2 * day, 'off']), now).uptime).toBeNull()
    expect(summarize([], now).uptime).toBeNull()
  })

  it('measures how long it took to be live again, and not how long it was off', () => {
    const { recovery, reconnects } = summarize(
      rows(
        [60, 'live'],
        [50, 'recovering'],
        [48, 'live'],
        [40, 'recovering'],
        [39, 'holding'],
        [30, 'live'],
        [20, 'recovering'],
        [19, 'off'],
        [5, 'starting'],
        [4, 'live'],
      ),
      now,
    )
    expect(recovery).toEqual({ count: 2, medianMs: 10 * minute, worstMs: 10 * minute })
    expect(reconnects).toBe(2)
  })

  it('counts what it came back from in the same 24 hours, and nothing older', () => {
    const day = 24 * 60
    const { recovery, reconnects } = summarize(
      rows(
        [3 * day, 'live'],
        [2 * day, 'recovering'],
        [2 * day - 90, 'live'],
        [day + 5, 'recovering'],
        [day - 5, 'live'],
        [60, 'recovering'],
        [58, 'live'],
      ),
      now,
    )
    expect(reconnects).toBe(2)
    expect(recovery).toEqual({ count: 2, medianMs: 10 * minute, worstMs: 10 * minute })
  })

  it('gives each state its length and what flowed in it', () => {
    const { entries } = summarize(rows([10, 'live'], [4, 'recovering', 500], [3, 'live']), now)
    expect(entries.map(({ durationMs, bytesIn }) => [durationMs, bytesIn])).toEqual([
      [null, 0],
      [minute, 0],
      [6 * minute, 500],
    ])
  })
})
