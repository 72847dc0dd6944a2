import { median } from '../e2e/support/statistics.ts'

/** One line of the table: what was measured, ours and what users have today, in one run. */
export type Row = {
  what: string
  /** What it is measured against; null: only the goal. */
  against: string | null
  unit: 'MiB/s' | 'ms' | 's' | 'KiB' | '%' | 'per minute' | 'connections'
  /** One figure per round. */
  ours: readonly number[]
  theirs: readonly number[] | null
  /** The figure that the goal is about, in words. */
  figure: string
  goal: string
  /** Null: stated, without a goal. */
  met: boolean | null
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

/** A row whose goal is a ratio of ours to theirs. */
export function ratioRow(row: Omit<Row, 'figure' | 'goal' | 'met'> & { theirs: readonly number[] } & RatioGoal): Row {
  const { least, most, ...rest } = row
  const ratio = ratioOf(row.ours, row.theirs)
  return {
    ...rest,
    figure: `${digits(ratio)}x`,
    goal: least === undefined ? `at most ${most ?? ''}x` : `at least ${least}x`,
    met: ratio >= (least ?? -Infinity) && ratio <= (most ?? Infinity),
  }
}

type RatioGoal = { least?: number; most?: number }
