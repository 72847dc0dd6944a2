import { useNowSince } from '../state/clock-store.ts'
import { ago, briefDuration, fullTime } from './time-words.ts'

/**
 * How long something has lasted: `6 min`; counts seconds only during the first minute. Inside what is read aloud when it
 * changes it stands in an `aria-live="off"`; not here, since an open list leaves such elements to assistive technology.
 */
export function TimeSince({ at, suffix = false }: { at: number; suffix?: boolean }) {
  const now = useNowSince(at)
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {suffix ? ago(at, now) : briefDuration(Math.max(0, now - at))}
    </time>
  )
}
