const units = [
  { ms: 86_400_000, short: 'd' },
  { ms: 3_600_000, short: 'h' },
  { ms: 60_000, short: 'min' },
  { ms: 1000, short: 's' },
] as const

/** A length of time in its largest unit: `4 s`, `6 min`, `3 h`, `12 d`. Less than a second is `0 s`. */
export function briefDuration(ms: number): string {
  const unit = units.find((each) => ms >= each.ms)
  return unit === undefined ? '0 s' : `${Math.floor(ms / unit.ms)} ${unit.short}`
}

/** A length of time in two units, for figures that are read with care: `420 ms`, `3.2 s`, `3 min 20 s`, `2 d 4 h`. */
export function fullDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  const index = units.findIndex((each) => ms >= each.ms)
  const unit = units[index]
  if (unit === undefined) return '0 s'
  const next = units[index + 1]
  const whole = `${Math.floor(ms / unit.ms)} ${unit.short}`
  const rest = next === undefined ? 0 : Math.floor((ms % unit.ms) / next.ms)
  return next === undefined || rest === 0 ? whole : `${whole} ${rest} ${next.short}`
}

/** How long ago something was: `just now`, `40 s ago`. A time to come (clocks differ) is `just now`. */
export function ago(at: number, now: number): string {
  return now - at < 2000 ? 'just now' : `${briefDuration(now - at)} ago`
}

/** How long until something: `now`, `in 4 s`. */
export function until(at: number, now: number): string {
  return at - now < 1000 ? 'now' : `in ${briefDuration(at - now)}`
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const shortDayAndClock = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })

/** Time of day, with the date when it was not today. */
export const timeOfDay = (at: number, now: number): string =>
  day.format(at) === day.format(now) ? clock.format(at) : shortDayAndClock.format(at)

const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z/g

/** A sentence of the owner for people: `2026-11-21T09:59:28Z` in it becomes `Nov 21, 09:59 (in 59 min)` by their own clock. */
export const inLocalTime = (sentence: string, now: number): string =>
  sentence.replaceAll(instant, (written) => {
    const at = Date.parse(written)
    return `${shortDayAndClock.format(at)} (${at >= now ? until(at, now) : ago(at, now)})`
  })

/** Date and time in full, for titles. */
export const fullTime = (at: number): string => dayAndClock.format(at)
export const dateOnly = (at: number): string => day.format(at)
