import type { ForwardHistory } from '../../../contract/forwards.ts'
import type { HistoryRow } from '../store/history-table.ts'

const windowMs = 24 * 60 * 60 * 1000

/**
 * Sums up rows (newest first): how long each state lasted, the share of the wanted time that was live within the last
 * 24 hours, how often within them it was live again after it had been lost, and how long that took. Pure.
 */
export function summarize(rows: readonly HistoryRow[], now: number): ForwardHistory {
  // What flowed is written down when the next state is entered, and belongs to the one before.
  const entries = rows.map((row, index) => {
    const next = rows[index - 1]
    return {
      ...row,
      durationMs: next === undefined ? null : Math.max(0, next.at - row.at),
      bytesIn: next?.bytesIn ?? 0,
      bytesOut: next?.bytesOut ?? 0,
    }
  })
  const begin = now - windowMs
  let live = 0
  let wanted = 0
  const recoveries: number[] = []
  let lostAt: number | null = null
  for (const entry of [...entries].reverse()) {
    const end = entry.durationMs === null ? now : entry.at + entry.durationMs
    const inWindow = Math.max(0, end - Math.max(entry.at, begin))
    if (entry.state !== 'off' && entry.state !== 'stopping') wanted += inWindow
    if (entry.state === 'live') {
      live += inWindow
      if (lostAt !== null && entry.at >= begin) recoveries.push(entry.at - lostAt)
      lostAt = null
    } else if (entry.state === 'recovering' || entry.state === 'holding') lostAt ??= entry.at
    else lostAt = null
  }
  const sorted = recoveries.sort((a, b) => a - b)
  return {
    entries,
    uptime: wanted === 0 ? null : live / wanted,
    windowMs,
    reconnects: recoveries.length,
    recovery: {
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? null,
      worstMs: sorted.at(-1) ?? null,
      count: sorted.length,
    },
  }
}
