import type { AppError } from '../../../contract/errors.ts'
import type { VaultProvider } from '../../../contract/system.ts'
import type { Log } from '../log.ts'
import type { Vault } from './vault.ts'

/**
 * Sets up a new vault as asked, or opens the one that is there; what cannot be done without a person is left to them.
 * @param wanted what is to protect a new vault; null: the keychain if it works
 * @returns null when all is as asked; else why not, as {@link Vault.setup} and {@link Vault.unlock} say
 */
export async function prepareVault(
  vault: Vault,
  { wanted, passphrase, log }: { wanted: VaultProvider | null; passphrase: string | null; log: Log },
): Promise<AppError | null> {
  await vault.start()
  const given = passphrase === null ? {} : { passphrase }
  const { state, keychain } = vault.status()
  if (state === 'not-set-up') {
    const chosen = wanted ?? (keychain.available ? 'keychain' : null)
    if (chosen === null) return null
    const made = await vault.setup({ provider: chosen, ...given })
    return made.ok ? null : made.error
  }
  const { provider } = vault.status()
  if (wanted !== null && provider !== null && provider !== wanted)
    log.warn(`the vault that is there opens with: ${provider}; --vault ${wanted} changes nothing, Settings do`)
  if (state !== 'locked' || passphrase === null) return null
  const opened = await vault.unlock(given)
  return opened.ok ? null : opened.error
}
