import { useState } from 'react'
import { VaultButton } from '../../app/vault-button.tsx'
import type { AppError, Result } from '../../../../contract/errors.ts'
import type { VaultStatus } from '../../../../contract/system.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Facts } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateWord } from '../../components/state-mark.tsx'
import { dateOnly } from '../../components/time-words.ts'
import { tell } from '../../components/toast-manager.ts'
import { useClient, useVault } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { NewPassphrase, passphraseProblem } from '../vault/new-passphrase.tsx'
import styles from './settings-page.module.css'

const providerWords = {
  keychain: 'the keychain of this system',
  passphrase: 'a passphrase',
  memory: 'nothing: this session only',
}
const stateWords: Record<VaultStatus['state'], { mark: 'ok' | 'warn' | 'fail'; word: string }> = {
  unlocked: { mark: 'ok', word: 'unlocked' },
  locked: { mark: 'warn', word: 'locked' },
  'not-set-up': { mark: 'warn', word: 'not set up' },
  undecryptable: { mark: 'fail', word: 'cannot be decrypted' },
}

/** State of the vault; lock it, renew its key, change what opens it. */
export function VaultSettings() {
  const client = useClient()
  const vault = useVault()
  const [error, setError] = useState<AppError | null>(null)
  const [busy, setBusy] = useState<'lock' | 'rotate' | 'keychain' | null>(null)
  const [asking, setAsking] = useState(false)
  if (vault === null) return null
  const run = async (what: NonNullable<typeof busy>, answer: Promise<Result<VaultStatus>>, done: string) => {
    setBusy(what)
    const result = await answer
    setBusy(null)
    setError(result.ok ? null : result.error)
    if (result.ok) tell(done)
  }
  const unlocked = vault.state === 'unlocked'
  const notNow = unlocked ? null : 'Unlock the vault first'
  return (
    <>
      <Facts
        facts={[
          ['State', <StateWord key="state" name={stateWords[vault.state].mark} word={stateWords[vault.state].word} />],
          vault.provider === null ? null : ['Opened by', providerWords[vault.provider]],
          [
            'Keychain',
            vault.keychain.available ? 'available' : <KeychainAway key="keychain" keychain={vault.keychain} />,
          ],
          vault.rotatedAt === null ? null : ['Key from', dateOnly(vault.rotatedAt)],
        ]}
      />
      <div className={styles.row}>
        {unlocked ? (
          <Button busy={busy === 'lock'} onClick={() => void run('lock', client.vault.lock(), 'The vault is locked.')}>
            Lock
          </Button>
        ) : (
          <VaultButton look="primary" />
        )}
        <Button
          busy={busy === 'rotate'}
          unavailable={notNow}
          title="Encrypts everything again under a new key"
          onClick={() => void run('rotate', client.vault.rotate({}), 'Everything is encrypted under a new key.')}
        >
          Renew the key
        </Button>
        <Button unavailable={notNow} onClick={() => setAsking(true)}>
          {vault.provider === 'passphrase' ? 'Change the passphrase' : 'Use a passphrase'}
        </Button>
        {vault.provider !== 'keychain' && (
          <Button
            busy={busy === 'keychain'}
            unavailable={notNow ?? (vault.keychain.available ? null : (vault.keychain.reason ?? 'No keychain answers'))}
            onClick={() =>
              void run('keychain', client.vault.rotate({ provider: 'keychain' }), 'The keychain opens the vault now.')
            }
          >
            Use the keychain
          </Button>
        )}
      </div>
      {error !== null && <Problem error={error} />}
      {asking && <PassphraseDialog onClose={() => setAsking(false)} />}
    </>
  )
}

/** Why the keychain cannot be used; the system's own words are folded. */
function KeychainAway({ keychain: { reason, detail } }: { keychain: VaultStatus['keychain'] }) {
  return (
    <>
      not available: {reason ?? 'no keychain answers'}
      {detail !== undefined && (
        <details>
          <summary>In the system's words</summary>
          <p>{detail}</p>
        </details>
      )}
    </>
  )
}

function PassphraseDialog({ onClose }: { onClose: () => void }) {
  const client = useClient()
  const [value, setValue] = useState({ first: '', again: '' })
  const { busy, error, call } = useCall()
  const problem = passphraseProblem(value)
  const submit = async () => {
    if (problem !== null) return
    const result = await call(client.vault.rotate({ provider: 'passphrase', passphrase: value.first }))
    if (!result.ok) return
    onClose()
    tell('The new passphrase opens the vault now.')
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="New passphrase"
      description={
        <p>Everything is encrypted again under a new key. You are asked for the passphrase at each start.</p>
      }
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <NewPassphrase value={value} onChange={setValue} />
        {error !== null && <Problem error={error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} unavailable={problem}>
            Use this passphrase
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
