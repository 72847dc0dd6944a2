import { median, quantile } from '../e2e/support/statistics.ts'

/** One line of the table: what was measured, ours and what users have today, in one run. */
export type Row = {
  /** `of which ...`: a part of the row above, or a moment on the way to it. */
  what: string
  /** What it is measured against; null: only the goal. */
  against: string | null
  unit: 'MiB/s' | 'ms' | 's' | 'KiB' | '%' | 'per minute' | 'connections'
  /** One figure per round. */
  ours: readonly number[]
  theirs: readonly number[] | null
  /** How often it was taken, where that is not one figure per round: `100 deletions`. */
  taken?: string
  /** The figure that the goal is about, in words. */
  figure: string
  goal: string
  /** Null: stated, without a goal. */
  met: boolean | null
  /** All that was measured, one list per round, for who wants to judge it otherwise; kept with the run, not in the table. */
  samples?: { readonly ours: readonly (readonly number[])[]; readonly theirs: readonly (readonly number[])[] | null }
}

/** Median of the ratios of rounds that ran one after the other, so that other load falls on both. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? NaN)))

/** Median of the differences, likewise. */
export const differenceOf = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value - (theirs[round] ?? NaN)))

/** A figure with the digits that mean something. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** Median, and lowest to highest where there are several. */
export function spread(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.length < 2 ? digits(median(values)) : `${digits(median(values))} (${digits(low)} to ${digits(high)})`
}

/** How often the figures of a row were taken. */
export const takenOf = ({ taken, ours }: Row): string => taken ?? (ours.length === 1 ? 'once' : `${ours.length} rounds`)

/** The 95th percentile, or the worst of so few that nothing lies above it. */
export function upper(values: readonly number[]): { readonly name: 'p95' | 'worst'; readonly value: number } {
  const value = quantile(values, 0.95)
  return { name: value < Math.max(...values) ? 'p95' : 'worst', value }
}

/** A row whose goal is a ratio of ours to theirs. */
export function ratioRow(row: Omit<Row, 'figure' | 'goal' | 'met'> & { theirs: readonly number[] } & RatioGoal): Row {
  const { least, most, ...rest } = row
  const ratio = ratioOf(row.ours, row.theirs)
  const goal = least !== undefined ? `at least ${least}x` : most !== undefined ? `at most ${most}x` : '-'
  const met = goal === '-' ? null : ratio >= (least ?? -Infinity) && ratio <= (most ?? Infinity)
  return { ...rest, figure: `${digits(ratio)}x`, goal, met }
}

type RatioGoal = { least?: number; most?: number }

/** A row that explains another one and has no goal of its own. */
export const partRow = (row: Pick<Row, 'what' | 'unit' | 'ours' | 'taken'>): Row => ({
  ...row,
  against: null,
  theirs: null,
  figure: '-',
  goal: '-',
  met: null,
})
