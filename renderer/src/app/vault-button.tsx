import type { VaultStatus } from '../../../contract/system.ts'
import { Button } from '../components/button.tsx'
import { useVault } from '../state/use-app-state.ts'
import { ui } from './ui-store.ts'

const words: Record<Exclude<VaultStatus['state'], 'unlocked'>, string> = {
  'not-set-up': 'Set up the vault',
  locked: 'Unlock the vault',
  undecryptable: 'See what you can do',
}

/** Leads to the page of the vault, and says what is done there; nothing while the vault is open. */
export function VaultButton({ look }: { look?: 'primary' }) {
  const vault = useVault()
  if (vault === null || vault.state === 'unlocked') return null
  return (
    <Button {...(look !== undefined && { look })} onClick={() => ui.setState({ vaultSkipped: false })}>
      {words[vault.state]}
    </Button>
  )
}
