import { describe, expect, it } from 'vitest'
import { addSample, rateNow, ratesOf, trafficSamples, type TrafficSample } from './traffic-history.ts'

const series = (...bytes: number[]): readonly TrafficSample[] =>
  bytes.reduce<readonly TrafficSample[]>(
    (samples, bytesIn, second) => addSample(samples, { at: second * 1000, bytesIn, bytesOut: 0 }),
    [],
  )

describe('the traffic of a forward', () => {
  it('is the difference of totals over the time between them', () => {
    expect(ratesOf(series(0, 100, 100, 400))).toEqual([100, 0, 300])
  })

  it('keeps one minute', () => {
    const many = series(...Array.from({ length: 200 }, (_, index) => index))
    expect(ratesOf(many)).toHaveLength(trafficSamples)
  })

  it('begins again when the totals go back', () => {
    expect(ratesOf(series(500, 900, 10, 30))).toEqual([20])
  })

  it('names the rate of one direction over the last three seconds', () => {
    expect(rateNow(series(0, 300, 600, 900), 'bytesIn')).toBe(300)
    expect(rateNow(series(0, 300, 600, 900), 'bytesOut')).toBe(0)
    expect(rateNow([], 'bytesIn')).toBe(0)
  })
})
