const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** An amount of data in decimal units, three digits at most: `0 B`, `12.4 kB`, `3.1 GB`. */
export function bytes(amount: number): string {
  let value = amount
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

/** Data per second. */
export const bytesPerSecond = (amount: number): string => `${bytes(amount)}/s`
