import type { ComponentProps } from 'react'
import styles from './button.module.css'
import { classNames } from './class-names.ts'

export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger'

/** Class names of a button, for links that look like one. */
export const buttonClass = (look: ButtonLook = 'plain', className?: string): string =>
  classNames(styles.button, styles[look], className)

export type ButtonProps = ComponentProps<'button'> & {
  look?: ButtonLook
  /** Why it cannot be used now: it stays visible and reachable by keyboard, does nothing, and says why. */
  unavailable?: string | null | undefined
  /** The action runs: it says so and cannot be started twice. */
  busy?: boolean
}

export function Button({ look = 'plain', unavailable, busy = false, className, onClick, ...rest }: ButtonProps) {
  const inert = busy || (unavailable !== undefined && unavailable !== null)
  return (
    <button
      type="button"
      {...rest}
      title={unavailable ?? rest.title}
      aria-disabled={inert || undefined}
      aria-busy={busy || undefined}
      className={buttonClass(look, className)}
      onClick={(event) => {
        if (inert) event.preventDefault()
        else onClick?.(event)
      }}
    />
  )
}

/** A button that shows only an icon: the label is its name and its tooltip. */
export function IconButton({ label, ...rest }: ButtonProps & { label: string }) {
  return (
    <Button
      look="quiet"
      {...rest}
      aria-label={label}
      title={rest.title ?? label}
      className={classNames(styles.icon, rest.className)}
    />
  )
}
