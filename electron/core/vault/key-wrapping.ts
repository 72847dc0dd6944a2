import { randomBytes } from 'node:crypto'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import { VaultProvider, type VaultStatus } from '../../../contract/system.ts'
import type { VaultKeyRow } from '../store/vault-table.ts'
import { newPassphraseKey, passphraseKey, ScryptParameters, type Keychain } from './key-providers.ts'
import { openBox, sealBox, type SealedAt } from './sealed-box.ts'
import { keychainWords } from './keychain-words.ts'
import { vaultErrors } from './vault-errors.ts'

/** The data key and its name. */
export type DataKey = { readonly keyId: string; readonly key: Buffer }
export type WrappedKey = Pick<VaultKeyRow, 'provider' | 'wrapped' | 'parameters'>
type Wish = {
  provider: VaultProvider
  passphrase?: string | undefined
  /** The data key that is replaced: without a new passphrase the one that opened it is kept. */
  replaces?: string | undefined
}
type Held = { readonly provider: 'passphrase' | 'memory'; readonly key: Buffer; readonly parameters: object }

const shortestPassphrase = 8
/** Written and removed again to see whether the keychain keeps what it is given. */
const probeAccount = 'is-it-there'

/** The 16 bytes of a key id (a UUID), as sealed values carry them. */
export const keyIdBytes = (keyId: string): Buffer => Buffer.from(keyId.replaceAll('-', ''), 'hex')
const wrappedAt = (keyId: string): SealedAt => ({ table: 'vault_key', column: 'wrapped', rowId: keyId })

/**
 * Wraps the data key with a key that a provider keeps: the system's keychain, the user's head (passphrase), or this
 * process alone (memory).
 */
export class KeyWrapping {
  readonly #keychain: Keychain
  /** Wrapping keys that no keychain holds, by data key: of a vault for this session, or of a passphrase while it is open. */
  readonly #held = new Map<string, Held>()
  #keychainStatus: VaultStatus['keychain'] = { available: false, reason: 'Not looked at yet.' }

  constructor(keychain: Keychain) {
    this.#keychain = keychain
  }

  /** As the keychain last answered. */
  get keychainStatus(): VaultStatus['keychain'] {
    return this.#keychainStatus
  }

  /**
   * Asks the keychain. `write`: also whether it keeps something, which may make it ask the user to unlock it; without
   * that a Secret Service that has no collection to write to looks well.
   */
  async lookAtKeychain(options: { write: boolean }): Promise<void> {
    await this.#ask(async () => {
      if (!options.write) {
        await this.#keychain.get(probeAccount)
        return
      }
      await this.#keychain.set(probeAccount, Buffer.from('probe'))
      await this.#keychain.remove(probeAccount)
    })
  }

  /** Errors: weak-passphrase, keychain-unavailable. */
  async wrap(secret: DataKey, wish: Wish): Promise<Result<WrappedKey>> {
    const made = await this.#newKey(secret.keyId, wish)
    if (!made.ok) return made
    const { key, parameters } = made.value
    const wrapped = sealBox(key, keyIdBytes(secret.keyId), wrappedAt(secret.keyId), secret.key)
    this.#hold(secret.keyId, { provider: wish.provider, key, parameters })
    return ok({ provider: wish.provider, wrapped, parameters: JSON.stringify(parameters) })
  }

  /** The data key. Errors: wrong-passphrase, keychain-unavailable, vault-undecryptable. */
  async unwrap(row: VaultKeyRow, passphrase: string | undefined): Promise<Result<Buffer>> {
    const found = await this.#findKey(row, passphrase)
    if (!found.ok) return found
    const key = found.value
    const secret = openBox(key, keyIdBytes(row.key_id), wrappedAt(row.key_id), row.wrapped)
    const provider = secret === null ? 'keychain' : VaultProvider.parse(row.provider)
    this.#hold(row.key_id, { provider, key, parameters: JSON.parse(row.parameters) as object })
    return secret === null ? fail(vaultErrors.undecryptable('The stored key is damaged.')) : ok(secret)
  }

  /** Removes what is kept for a data key that is no longer used. Rejects when the keychain refuses. */
  async forget(row: Pick<VaultKeyRow, 'key_id' | 'provider'>): Promise<void> {
    this.#held.get(row.key_id)?.key.fill(0)
    this.#held.delete(row.key_id)
    if (row.provider === 'keychain') await this.#keychain.remove(row.key_id)
  }

  /** From now on the passphrase is needed again. */
  lock(): void {
    for (const [keyId, { provider, key }] of this.#held) {
      if (provider !== 'passphrase') continue
      key.fill(0)
      this.#held.delete(keyId)
    }
  }

  close(): void {
    for (const { key } of this.#held.values()) key.fill(0)
    this.#held.clear()
  }

  /** Keeps what nobody else does; of what the keychain keeps nothing stays here. */
  #hold(
    keyId: string,
    { provider, key, parameters }: { provider: VaultProvider; key: Buffer; parameters: object },
  ): void {
    const before = this.#held.get(keyId)?.key
    if (before !== key) before?.fill(0)
    if (provider === 'keychain') key.fill(0)
    else this.#held.set(keyId, { provider, key, parameters })
  }

  async #newKey(keyId: string, wish: Wish): Promise<Result<{ key: Buffer; parameters: object }>> {
    if (wish.provider === 'passphrase') {
      const present = this.#held.get(wish.replaces ?? '')
      if (wish.passphrase === undefined && present?.provider === 'passphrase')
        return ok({ key: Buffer.from(present.key), parameters: present.parameters })
      const { passphrase } = wish
      if (passphrase === undefined) return fail(vaultErrors.newPassphraseMissing(shortestPassphrase))
      if (passphrase.length < shortestPassphrase) return fail(vaultErrors.weakPassphrase(shortestPassphrase))
      return ok(await newPassphraseKey(passphrase))
    }
    const key = randomBytes(32)
    if (wish.provider === 'memory') return ok({ key, parameters: {} })
    const kept = await this.#ask(async () => {
      await this.#keychain.set(keyId, key)
      const back = await this.#keychain.get(keyId)
      const same = back?.equals(key) === true
      back?.fill(0)
      if (!same) throw new Error('It did not give back what it was given.')
    })
    if (kept.ok) return ok({ key, parameters: {} })
    key.fill(0)
    return kept
  }

  async #findKey(row: VaultKeyRow, passphrase: string | undefined): Promise<Result<Buffer>> {
    switch (row.provider) {
      case 'memory': {
        const key = this.#held.get(row.key_id)?.key
        return key === undefined
          ? fail(vaultErrors.undecryptable('It was kept for one session, which is over.'))
          : ok(key)
      }
      case 'passphrase': {
        const parameters = ScryptParameters.safeParse(JSON.parse(row.parameters))
        if (!parameters.success)
          return fail(vaultErrors.undecryptable('The data that belong to the passphrase are damaged.'))
        if (passphrase === undefined) return fail(vaultErrors.passphraseMissing())
        const key = await passphraseKey(passphrase, parameters.data)
        return key === null ? fail(vaultErrors.wrongPassphrase()) : ok(key)
      }
      default: {
        const found = await this.#ask(() => this.#keychain.get(row.key_id))
        if (!found.ok) return found
        if (found.value === null) return fail(vaultErrors.undecryptable('The keychain holds no key for this vault.'))
        return ok(found.value)
      }
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<Result<T>> {
    try {
      const answer = await question()
      this.#keychainStatus = { available: true, reason: null }
      return ok(answer)
    } catch (error) {
      const why = keychainWords(error instanceof Error ? error.message : String(error))
      this.#keychainStatus = { available: false, ...why }
      return fail(vaultErrors.keychainUnavailable(why))
    }
  }
}
