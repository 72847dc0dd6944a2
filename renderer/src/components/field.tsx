import { type ReactNode, useId } from 'react'
import styles from './field.module.css'
import { classNames } from './class-names.ts'
import { StateMark } from './state-mark.tsx'

/** Ids for a control. Its label is named too: an open list of suggestions hides everything else, and a hidden label counts only so. */
export type FieldIds = {
  id: string
  'aria-labelledby': string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

/**
 * A labelled control with an error, a notice and a hint below it; the control gets the ids that tie them together. A
 * notice is no error: what was typed can be meant so. Null where there may be one later: it is told when it comes.
 */
export function Field({
  label,
  hint,
  error,
  notice,
  aside,
  className,
  children,
}: {
  label: ReactNode
  hint?: ReactNode
  error?: string | null | undefined
  notice?: string | null
  aside?: ReactNode
  className?: string | undefined
  children: (ids: FieldIds) => ReactNode
}) {
  const id = useId()
  const hasError = error !== undefined && error !== null && error !== ''
  const hasNotice = notice !== undefined && notice !== null
  const described = [hasError && `${id}-error`, hasNotice && `${id}-notice`, hint !== undefined && `${id}-hint`].filter(
    (part) => part !== false,
  )
  return (
    <div className={classNames(styles.field, className)}>
      <div className={styles.top}>
        <label id={`${id}-label`} htmlFor={id} className={styles.label}>
          {label}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-labelledby': `${id}-label`,
        'aria-describedby': described.length === 0 ? undefined : described.join(' '),
        'aria-invalid': hasError || undefined,
      })}
      {hasError && (
        <p id={`${id}-error`} className={styles.error}>
          {error}
        </p>
      )}
      {notice !== undefined && (
        <p id={`${id}-notice`} role="status" className={styles.notice}>
          {hasNotice && (
            <>
              <StateMark name="warn" />
              <span>{notice}</span>
            </>
          )}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** Class name of text inputs, areas and selects. */
export const controlClass = styles.control
export const monoControlClass = classNames(styles.control, styles.mono)

/** A tick box with its words; the hint belongs to its name's description. */
export function Tick({
  checked,
  onChange,
  label,
  hint,
  disabled = false,
}: {
  checked: boolean
  onChange: (checked: boolean) => void
  label: ReactNode
  hint?: ReactNode
  disabled?: boolean
}) {
  const id = useId()
  return (
    <div className={styles.tick}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
