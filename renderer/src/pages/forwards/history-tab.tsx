import { useQuery } from '@tanstack/react-query'
import type { Forward, HistoryEntry } from '../../../../contract/forwards.ts'
import { bytes } from '../../components/byte-words.ts'
import { classNames } from '../../components/class-names.ts'
import detail from '../../components/detail.module.css'
import { Problem } from '../../components/problem.tsx'
import { StateWord } from '../../components/state-mark.tsx'
import { ago, fullDuration, timeOfDay } from '../../components/time-words.ts'
import { Words } from '../../components/words.tsx'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useNow } from '../../state/clock-store.ts'
import { useClient } from '../../state/use-app-state.ts'
import { counted } from '../clusters/words.ts'
import { stretchesOf } from './history-strip.ts'
import styles from './history-tab.module.css'

const day = 86_400_000
const whole = new Intl.NumberFormat('en', { style: 'percent' })
const fine = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 2 })

/** `99.01%`, but `86%`: hundredths tell something only close to all. Never rounded up, so that all is all. */
const shareWords = (share: number): string =>
  share >= 0.99 ? fine.format(Math.floor(share * 10_000) / 10_000) : whole.format(Math.floor(share * 100) / 100)

/** What happened to a forward: a strip of the last 24 hours, the figures, and every state with its cause. */
export function HistoryTab({ forward }: { forward: Forward }) {
  const client = useClient()
  const now = useNow(10_000)
  const history = useQuery({
    // A new state is a new line.
    queryKey: ['history', forward.id, forward.state, forward.observed.since],
    queryFn: ({ signal }) => valueOf(client.forwards.history({ id: forward.id }, signal)),
    placeholderData: (previous) => previous,
  })
  if (history.error !== null) return <Problem error={errorOf(history.error)} />
  if (history.data === undefined) return null
  const { entries, uptime, reconnects, recovery, windowMs } = history.data
  return (
    <div className={detail.stack}>
      <div>
        <Strip entries={entries} now={now} uptime={uptime} />
        <div className={styles.ends} aria-hidden>
          <span>24 h ago</span>
          <span>now</span>
        </div>
      </div>
      <dl className={styles.figures}>
        <Figure
          name="live, of the time it was on"
          value={uptime === null ? 'never on' : shareWords(uptime)}
          note={windowWords(forward.createdAt, windowMs, now)}
        />
        <Figure name="reconnects" value={String(reconnects)} note={windowWords(forward.createdAt, windowMs, now)} />
        <Figure
          name="time to recover"
          value={recovery.medianMs === null ? 'never needed' : fullDuration(recovery.medianMs)}
          note={recovery.worstMs === null ? undefined : `worst ${fullDuration(recovery.worstMs)}`}
        />
      </dl>
      {entries.length === 0 ? (
        <p className={detail.muted}>Nothing happened yet.</p>
      ) : (
        <ol className={styles.list}>
          {entries.map((entry) => (
            <Entry key={entry.id} entry={entry} now={now} />
          ))}
        </ol>
      )}
    </div>
  )
}

function Strip({ entries, now, uptime }: { entries: readonly HistoryEntry[]; now: number; uptime: number | null }) {
  const stretches = stretchesOf(entries, now - day, now)
  const words = uptime === null ? 'It was not on.' : `Live for ${shareWords(uptime)} of the time it was on.`
  return (
    <svg
      className={styles.strip}
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={`The last 24 hours. ${words}`}
    >
      <rect className={styles.empty} width="100" height="10" />
      {stretches.map((stretch, index) => (
        // Bad states also differ in height, because colour alone fails.
        <rect
          key={index}
          className={styles[stretch.state]}
          x={stretch.from}
          width={stretch.width}
          y={stretch.state === 'live' ? 3 : stretch.state === 'off' ? 7 : 0}
          height={stretch.state === 'live' ? 7 : stretch.state === 'off' ? 3 : 10}
        />
      ))}
    </svg>
  )
}

/** Over which time the share was taken: what is younger than the window is counted since it was made. */
function windowWords(createdAt: number, windowMs: number, now: number): string {
  return now - createdAt >= windowMs
    ? `in the last ${fullDuration(windowMs)}`
    : `since it was made, ${ago(createdAt, now)}`
}

function Figure({ name, value, note }: { name: string; value: string; note?: string | undefined }) {
  return (
    <div className={styles.figure}>
      <dt>{name}</dt>
      <dd>
        {value} {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  )
}

function Entry({ entry, now }: { entry: HistoryEntry; now: number }) {
  const lasted = entry.durationMs ?? now - entry.at
  return (
    <li className={styles.entry}>
      <time dateTime={new Date(entry.at).toISOString()} className={detail.muted}>
        {timeOfDay(entry.at, now)}
      </time>
      <div>
        <p className={detail.line}>
          <StateWord name={entry.state} />
          <span className={detail.muted}>
            {entry.durationMs === null ? 'for ' : ''}
            {fullDuration(Math.max(0, lasted))}
          </span>
        </p>
        {entry.message !== '' && (
          <p>
            <Words>{entry.message}</Words>
          </p>
        )}
        <p className={classNames(detail.muted, styles.more)}>
          {[
            entry.pod,
            entry.connectionsLost > 0 ? `${counted(entry.connectionsLost, 'connection', 'connections')} lost` : null,
            entry.bytesIn + entry.bytesOut > 0 ? `${bytes(entry.bytesIn)} in, ${bytes(entry.bytesOut)} out` : null,
          ]
            .filter((part) => part !== null)
            .join(' · ')}
        </p>
      </div>
    </li>
  )
}
