import {
  Circle,
  CircleDashed,
  CircleMinus,
  CircleX,
  OctagonPause,
  OctagonX,
  RefreshCw,
  TriangleAlert,
} from 'lucide-react'
import styles from './state-mark.module.css'
import { classNames } from './class-names.ts'

/** Shapes for states: colour alone would fail for many eyes, so each has its own. */
const marks = {
  off: { Icon: Circle, look: 'off' },
  starting: { Icon: CircleDashed, look: 'busy' },
  live: { Icon: Circle, look: 'live' },
  recovering: { Icon: RefreshCw, look: 'warn' },
  holding: { Icon: OctagonPause, look: 'hold' },
  stopping: { Icon: CircleMinus, look: 'off' },
  connected: { Icon: Circle, look: 'live' },
  disconnected: { Icon: CircleX, look: 'hold' },
  unknown: { Icon: Circle, look: 'off' },
  checking: { Icon: CircleDashed, look: 'busy' },
  ok: { Icon: Circle, look: 'live' },
  warn: { Icon: TriangleAlert, look: 'warn' },
  fail: { Icon: OctagonX, look: 'hold' },
} as const

export type MarkName = keyof typeof marks

const filled: ReadonlySet<MarkName> = new Set(['live', 'connected', 'ok'])

/** The shape of a state; always beside its word, so it is hidden from assistive technology. */
export function StateMark({ name, size = 12 }: { name: MarkName; size?: number }) {
  const { Icon, look } = marks[name]
  return (
    <Icon
      aria-hidden
      size={size}
      strokeWidth={2.25}
      className={classNames(styles.mark, styles[look], filled.has(name) && styles.filled)}
    />
  )
}

/** Shape and word of a state, in its colour. */
export function StateWord({ name, word = name }: { name: MarkName; word?: string }) {
  return (
    <span className={classNames(styles.word, styles[marks[name].look])}>
      <StateMark name={name} />
      <span>{word}</span>
    </span>
  )
}
