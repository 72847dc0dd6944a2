/** The smallest value that at least `share` (0 to 1) of all values do not exceed (nearest rank); NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** `12 times: median 0.31 s, p95 0.80 s, worst 1.20 s` of milliseconds. */
export function distribution(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return 'never'
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  return (
    `${milliseconds.length} times: median ${seconds(median(milliseconds))}, p95 ${seconds(quantile(milliseconds, 0.95))}, ` +
    `worst ${seconds(Math.max(...milliseconds))}`
  )
}
