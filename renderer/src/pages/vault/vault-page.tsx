import type { VaultStatus } from '../../../../contract/system.ts'
import { BrandMark } from '../../app/brand.tsx'
import { ui } from '../../app/ui-store.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { SetUpVault } from './set-up-vault.tsx'
import { StartOver } from './start-over.tsx'
import { UnlockVault } from './unlock-vault.tsx'
import styles from './vault-page.module.css'

const skip = () => ui.setState({ vaultSkipped: true })

/** Before anything else: what protects the credentials, or the way to open them again. */
export function VaultPage({ vault }: { vault: VaultStatus }) {
  return (
    <div className={styles.page}>
      <div className={styles.card}>
        <span className={styles.mark}>
          <BrandMark size={32} />
        </span>
        {vault.state === 'not-set-up' ? (
          <SetUpVault vault={vault} />
        ) : vault.state === 'undecryptable' ? (
          <>
            <Undecryptable vault={vault} />
            <StartOver />
          </>
        ) : (
          <>
            <UnlockVault vault={vault} />
            {vault.provider === 'passphrase' && <StartOver />}
          </>
        )}
        <Button look="quiet" className={styles.skip} onClick={skip}>
          {vault.state === 'not-set-up' ? 'Look around first' : 'Look around without unlocking'}
        </Button>
      </div>
    </div>
  )
}

function Undecryptable({ vault }: { vault: VaultStatus }) {
  return (
    <>
      <h1>The vault cannot be decrypted</h1>
      <Problem
        error={{
          code: 'vault-undecryptable',
          message: 'The stored key does not open the vault.',
          cause:
            vault.provider === 'keychain'
              ? `The keychain of this system does not hold the key of this vault.${vault.keychain.reason === null ? '' : ` ${vault.keychain.reason}`}`
              : 'The stored key was damaged or belongs to another vault.',
          next: 'Nothing was overwritten. Bring back the keychain or the snapshot of the database that belongs to it; Diagnostics shows where the database lies.',
        }}
      />
    </>
  )
}
