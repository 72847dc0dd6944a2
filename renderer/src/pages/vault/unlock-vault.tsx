import { useState } from 'react'
import type { VaultStatus } from '../../../../contract/system.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { useClient, useForwards } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { counted } from '../clusters/words.ts'
import { PassphraseField } from './passphrase-field.tsx'
import styles from './vault-page.module.css'

/** Opens the vault again; forwards that wait for it go on by themselves. */
export function UnlockVault({ vault }: { vault: VaultStatus }) {
  const client = useClient()
  const [passphrase, setPassphrase] = useState('')
  const { busy, error, call } = useCall()
  const waiting = [...useForwards().items.values()].filter((forward) => forward.cause?.code === 'vault-locked').length
  const asks = vault.provider === 'passphrase'
  const submit = async () => {
    await call(client.vault.unlock(asks ? { passphrase } : {}))
    setPassphrase('')
  }
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <div>
        <h1>The vault is locked</h1>
        <p className={styles.lead}>
          {waiting === 0
            ? 'Credentials cannot be read until it is unlocked.'
            : `${counted(waiting, 'forward waits for it and will go on by itself', 'forwards wait for it and will go on by themselves')}.`}
        </p>
      </div>
      {asks && (
        <PassphraseField
          label="Passphrase"
          autoComplete="current-password"
          autoFocus
          value={passphrase}
          onChange={setPassphrase}
        />
      )}
      {error !== null && <Problem error={error} />}
      <Button
        type="submit"
        look="primary"
        busy={busy}
        unavailable={asks && passphrase === '' ? 'Write the passphrase first' : null}
      >
        {vault.provider === 'keychain' ? 'Unlock with the keychain' : 'Unlock'}
      </Button>
    </form>
  )
}
