/** Points of a line in a box of 100 x 20; the newest at the right; flat at the bottom while nothing flows. */
export function sparklinePath(values: readonly number[], slots: number): string {
  const highest = Math.max(...values, 1)
  const first = slots - values.length
  return values
    .map((value, index) => {
      const x = ((first + index) / Math.max(slots - 1, 1)) * 100
      const y = 19 - (value / highest) * 18
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
