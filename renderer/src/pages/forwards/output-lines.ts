import type { OutputLine } from '../../../../contract/forwards.ts'

/** Lines kept in the page; the log file has more. */
export const mostLines = 2000

/** Adds lines that are new (a reconnect may send some again) and keeps the newest. */
export function mergeLines(old: readonly OutputLine[], fresh: readonly OutputLine[]): readonly OutputLine[] {
  const last = old.at(-1)?.seq ?? -1
  return [...old, ...fresh.filter((line) => line.seq > last)].slice(-mostLines)
}
