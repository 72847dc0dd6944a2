import { controlClass, Field } from '../../components/field.tsx'

/** A passphrase to be typed. `autoComplete` tells the browser's own vault whether it is known or new. */
export function PassphraseField({
  label,
  hint,
  error,
  autoComplete,
  autoFocus = false,
  value,
  onChange,
}: {
  label: string
  hint?: string
  error?: string | null
  autoComplete: 'current-password' | 'new-password'
  autoFocus?: boolean
  value: string
  onChange: (value: string) => void
}) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ids) => (
        <input
          {...ids}
          type="password"
          autoComplete={autoComplete}
          autoFocus={autoFocus}
          maxLength={1024}
          className={controlClass}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
