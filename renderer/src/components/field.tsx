import { type ReactNode, useId } from 'react'
import styles from './field.module.css'
import { classNames } from './class-names.ts'

/** Ids for a control. Its label is named too: an open list of suggestions hides everything else, and a hidden label counts only so. */
export type FieldIds = {
  id: string
  'aria-labelledby': string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

/** A labelled control with a hint and an error below it; the control gets the ids that tie them together. */
export function Field({
  label,
  hint,
  error,
  aside,
  className,
  children,
}: {
  label: ReactNode
  hint?: ReactNode
  error?: string | null | undefined
  aside?: ReactNode
  className?: string | undefined
  children: (ids: FieldIds) => ReactNode
}) {
  const id = useId()
  const hasError = error !== undefined && error !== null && error !== ''
  const described = [hasError && `${id}-error`, hint !== undefined && `${id}-hint`].filter((part) => part !== false)
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
