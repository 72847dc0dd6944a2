import { useNowSince } from '../state/clock-store.ts'
import { ago, briefDuration, fullTime } from './time-words.ts'

/**
 * How long something has lasted: `6 min`; counts seconds only during the first minute. Inside what is read aloud when it
 * changes, its own changes are not: nobody wants to hear a clock.
 */
export function TimeSince({ at, suffix = false }: { at: number; suffix?: boolean }) {
  const now = useNowSince(at)
  return (
    <time aria-live="off" dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {suffix ? ago(at, now) : briefDuration(Math.max(0, now - at))}
    </time>
  )
}
