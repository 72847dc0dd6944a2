import { useState } from 'react'
import type { Diagnostics } from '../../../../contract/system.ts'
import { FilterChip } from '../../components/chip.tsx'
import { classNames } from '../../components/class-names.ts'
import { timeOfDay } from '../../components/time-words.ts'
import { useNow } from '../../state/clock-store.ts'
import styles from './diagnostics-page.module.css'

type Line = Diagnostics['logs'][number]
const levels = ['error', 'warn', 'info', 'debug'] as const

/** The newest lines of the log, newest first, by level. */
export function LogLines({ lines }: { lines: readonly Line[] }) {
  const [hidden, setHidden] = useState<ReadonlySet<Line['level']>>(new Set(['debug']))
  const now = useNow(60_000)
  const shown = lines.filter(({ level }) => !hidden.has(level)).sort((a, b) => b.at - a.at)
  return (
    <>
      <div role="group" aria-label="Levels" className={styles.levels}>
        {levels.map((level) => (
          <FilterChip
            key={level}
            pressed={!hidden.has(level)}
            onToggle={() => {
              const next = new Set(hidden)
              if (!next.delete(level)) next.add(level)
              setHidden(next)
            }}
          >
            {lines.filter((line) => line.level === level).length} {level}
          </FilterChip>
        ))}
      </div>
      <div className={styles.lines} role="log" aria-label="Log" tabIndex={0}>
        {shown.length === 0 && 'No lines.'}
        {shown.map((line, index) => (
          <div key={`${line.at} ${index}`} className={classNames(styles.line, styles[line.level])}>
            <time dateTime={new Date(line.at).toISOString()}>{timeOfDay(line.at, now)}</time>
            <span>{line.level}</span>
            <span>{line.area}</span>
            <span>{line.message}</span>
          </div>
        ))}
      </div>
    </>
  )
}
