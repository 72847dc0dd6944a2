import { controlClass, Field } from '../../components/field.tsx'
import styles from './vault-page.module.css'

export type TwicePassphrase = { readonly first: string; readonly again: string }

/** Fewest characters that are offered; the owner decides what is too weak. */
const shortest = 8

/** Why a passphrase cannot be used yet; null: it can. */
export function passphraseProblem({ first, again }: TwicePassphrase): string | null {
  if (first.length < shortest) return `Write at least ${shortest} characters`
  return first === again ? null : 'Write the same passphrase twice'
}

/** A new passphrase, written twice. */
export function NewPassphrase({
  value,
  onChange,
}: {
  value: TwicePassphrase
  onChange: (value: TwicePassphrase) => void
}) {
  // prettier-ignore
  const differs = value.again !== '' && value.again !== value.first
  return (
    <div className={styles.passphrases}>
      <Field
        label="New passphrase"
        hint={`At least ${shortest} characters; four words are better than eight characters.`}
      >
        {(ids) => (
          <input
            {...ids}
            type="password"
            autoComplete="new-password"
            maxLength={1024}
            className={controlClass}
            value={value.first}
            onChange={(event) => onChange({ ...value, first: event.target.value })}
          />
        )}
      </Field>
      <Field label="The same again" error={differs ? 'It is not the same.' : null}>
        {(ids) => (
          <input
            {...ids}
            type="password"
            autoComplete="new-password"
            maxLength={1024}
            className={controlClass}
            value={value.again}
            onChange={(event) => onChange({ ...value, again: event.target.value })}
          />
        )}
      </Field>
    </div>
  )
}
