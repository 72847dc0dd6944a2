import type { ForwardState, HistoryEntry } from '../../../../contract/forwards.ts'

/** A stretch of the strip: where it begins and how wide it is, in percent of the strip. */
export type Stretch = { readonly state: ForwardState; readonly from: number; readonly width: number }

/**
 * The states of a forward between two times, oldest first. Before the first entry nothing is known, and nothing is
 * drawn. Stretches narrower than `least` percent are widened a little, so that a short outage can be seen.
 */
export function stretchesOf(entries: readonly HistoryEntry[], from: number, to: number, least = 0.4): Stretch[] {
  const span = to - from
  return [...entries]
    .sort((a, b) => a.at - b.at)
    .flatMap((entry) => {
      const start = Math.max(entry.at, from)
      const end = Math.min(entry.durationMs === null ? to : entry.at + entry.durationMs, to)
      if (end < from || start > to) return []
      const width = Math.max(((end - start) / span) * 100, entry.state === 'live' ? 0 : least)
      return [{ state: entry.state, from: Math.min(((start - from) / span) * 100, 100 - width), width }]
    })
}
