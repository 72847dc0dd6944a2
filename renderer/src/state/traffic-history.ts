/** What went through a forward at one moment: totals since the app started, in bytes. */
export type TrafficSample = { readonly at: number; readonly bytesIn: number; readonly bytesOut: number }

/** Samples kept for the sparkline: one a second for a minute. */
export const trafficSamples = 60

/** Adds a sample; totals that went back (the app was started again) begin a new history. */
export function addSample(samples: readonly TrafficSample[], sample: TrafficSample): readonly TrafficSample[] {
  const last = samples.at(-1)
  if (last !== undefined && (sample.bytesIn < last.bytesIn || sample.bytesOut < last.bytesOut)) return [sample]
  return [...samples, sample].slice(-(trafficSamples + 1))
}

/** Bytes per second between samples, both directions together, oldest first. */
export function ratesOf(samples: readonly TrafficSample[]): number[] {
  const rates: number[] = []
  for (let index = 1; index < samples.length; index++) {
    const [from, to] = [samples[index - 1], samples[index]]
    if (from === undefined || to === undefined) continue
    const seconds = (to.at - from.at) / 1000
    const bytes = to.bytesIn - from.bytesIn + (to.bytesOut - from.bytesOut)
    rates.push(seconds > 0 ? bytes / seconds : 0)
  }
  return rates
}

/** Bytes per second of one direction over the last few samples. */
export function rateNow(samples: readonly TrafficSample[], direction: 'bytesIn' | 'bytesOut', over = 3): number {
  const to = samples.at(-1)
  const from = samples.at(-Math.min(samples.length, over + 1))
  if (to === undefined || from === undefined || to.at <= from.at) return 0
  return ((to[direction] - from[direction]) * 1000) / (to.at - from.at)
}
