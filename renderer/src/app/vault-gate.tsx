import { lazy, type ReactNode, Suspense } from 'react'
import { useConnection, useVault } from '../state/use-app-state.ts'
import { useUi } from './ui-store.ts'

const VaultPage = lazy(() => import('../pages/vault/vault-page.tsx').then(({ VaultPage: page }) => ({ default: page })))

/** Asks for the vault first, as long as it is not open and the person did not choose to look around. */
export function VaultGate({ children }: { children: ReactNode }) {
  const vault = useVault()
  const skipped = useUi(({ vaultSkipped }) => vaultSkipped)
  const away = useConnection().lostSince !== null
  if (vault === null || vault.state === 'unlocked' || skipped || away) return children
  return (
    <Suspense>
      <VaultPage vault={vault} />
    </Suspense>
  )
}
