import type { ReactNode } from 'react'
import styles from './chip.module.css'
import { classNames } from './class-names.ts'

/** A short word with a quiet background, such as an auth kind or a label. */
export function Chip({
  children,
  look = 'off',
  title,
}: {
  children: ReactNode
  look?: 'off' | 'warn' | 'hold' | 'busy' | 'live'
  title?: string
}) {
  return (
    <span className={classNames(styles.chip, styles[look])} title={title}>
      {children}
    </span>
  )
}

/** A filter that counts and toggles. */
export function FilterChip({
  pressed,
  onToggle,
  children,
}: {
  pressed: boolean
  onToggle: () => void
  children: ReactNode
}) {
  return (
    <button type="button" className={styles.filter} aria-pressed={pressed} onClick={onToggle}>
      {children}
    </button>
  )
}
