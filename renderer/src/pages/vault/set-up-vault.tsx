import { useId, useState } from 'react'
import type { VaultProvider, VaultStatus } from '../../../../contract/system.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { useClient, useClusters } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { counted } from '../clusters/words.ts'
import { NewPassphrase, passphraseProblem } from './new-passphrase.tsx'
import styles from './vault-page.module.css'

const words: Record<VaultProvider, { name: string; means: string }> = {
  keychain: {
    name: 'The keychain of this system',
    means: 'Unlocks by itself when you are logged in. Best for most people.',
  },
  passphrase: { name: 'A passphrase', means: 'You type it at each start. Nobody can bring it back for you.' },
  memory: {
    name: 'This session only',
    means: 'Credentials are forgotten when Mooring ends; each cluster must be given its own again.',
  },
}

/** First run: choose what protects the stored credentials. Nothing secret is ever written in the clear. */
export function SetUpVault({ vault, giveUpOld = false }: { vault: VaultStatus; giveUpOld?: boolean }) {
  const client = useClient()
  const id = useId()
  // Only a vault of an earlier session leaves clusters behind and none to open them with.
  const lost = useClusters().items.size
  const [provider, setProvider] = useState<VaultProvider>(vault.keychain.available ? 'keychain' : 'passphrase')
  const [passphrase, setPassphrase] = useState({ first: '', again: '' })
  const { busy, error, call } = useCall()
  const problem = provider === 'passphrase' ? passphraseProblem(passphrase) : null
  const submit = async () => {
    if (problem !== null) return
    const input = {
      provider,
      ...(giveUpOld ? { giveUpOld } : {}),
      ...(provider === 'passphrase' ? { passphrase: passphrase.first } : {}),
    }
    await call(client.vault.setup(input))
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
        <h1>{giveUpOld || lost > 0 ? 'A new vault' : 'Welcome to Mooring'}</h1>
        {!giveUpOld && lost > 0 && (
          <p className={styles.lead}>
            The last vault was for one session, and that session is over: the stored credentials of{' '}
            {counted(lost, 'cluster', 'clusters')} can never be read again. Clusters and forwards stay; give each
            cluster its credentials again on its Credentials tab.
          </p>
        )}
        <p className={styles.lead}>What should protect the credentials you store? They are always encrypted.</p>
      </div>
      <div role="radiogroup" aria-label="What protects stored credentials" className={styles.choices}>
        {(['keychain', 'passphrase', 'memory'] as const).map((each) => {
          const off = each === 'keychain' && !vault.keychain.available
          return (
            <label key={each} className={styles.choice}>
              <input
                type="radio"
                name={id}
                checked={provider === each}
                disabled={off}
                aria-labelledby={`${id}-${each}`}
                aria-describedby={`${id}-${each}-means`}
                onChange={() => setProvider(each)}
              />
              <span>
                {/* Heard as the name of the radio already. */}
                <strong id={`${id}-${each}`} aria-hidden>
                  {words[each].name}
                </strong>
                <small id={`${id}-${each}-means`}>
                  {off ? `Not available here: ${vault.keychain.reason ?? 'no keychain answers'}` : words[each].means}
                </small>
              </span>
            </label>
          )
        })}
      </div>
      {provider === 'passphrase' && <NewPassphrase value={passphrase} onChange={setPassphrase} />}
      {error !== null && <Problem error={error} />}
      <Button type="submit" look="primary" busy={busy} unavailable={problem}>
        {provider === 'keychain'
          ? 'Use the keychain'
          : provider === 'passphrase'
            ? 'Use this passphrase'
            : 'Use it for this session'}
      </Button>
    </form>
  )
}
