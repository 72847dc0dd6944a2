import { PassphraseField } from './passphrase-field.tsx'
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
  const differs = value.again !== '' && value.again !== value.first
  return (
    <div className={styles.passphrases}>
      <PassphraseField
        label="New passphrase"
        hint={`At least ${shortest} characters; four words are better than eight characters.`}
        autoComplete="new-password"
        value={value.first}
        onChange={(first) => onChange({ ...value, first })}
      />
      <PassphraseField
        label="The same again"
        error={differs ? 'It is not the same.' : null}
        autoComplete="new-password"
        value={value.again}
        onChange={(again) => onChange({ ...value, again })}
      />
    </div>
  )
}
