import { randomBytes, randomUUID } from 'node:crypto'
import { assertNever } from '../../../contract/assert-never.ts'
import { drop } from '../../../contract/drop.ts'
import { fail, ok, type AppError, type Result } from '../../../contract/errors.ts'
import { VaultProvider, type VaultStatus } from '../../../contract/system.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { Listeners } from '../listeners.ts'
import type { Store } from '../store/store.ts'
import { VaultTable, type VaultKeyRow } from '../store/vault-table.ts'
import { systemKeychain, type Keychain } from './key-providers.ts'
import { KeyWrapping, keyIdBytes, type DataKey, type WrappedKey } from './key-wrapping.ts'
import { sealAgain, type SealedColumn } from './seal-again.ts'
import { openBox, sealBox, type SealedAt } from './sealed-box.ts'
import { vaultErrors } from './vault-errors.ts'

export type { SealedColumn } from './seal-again.ts'
export type { SealedAt } from './sealed-box.ts'

export type VaultOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** The system's keychain unless given. */
  readonly keychain?: Keychain
}

type State =
  { kind: 'not-set-up' } | { kind: 'locked' } | { kind: 'undecryptable' } | { kind: 'unlocked'; secret: DataKey }

/** A keychain may wait for its user; the start does not wait longer for it than this. */
const startWaitsMs = 5000
const firstRetryMs = 15_000
const longestRetryMs = 5 * 60_000

/**
 * Encrypts what must not lie in the database in clear. A random data key seals the values; a provider (keychain,
 * passphrase, memory) wraps the data key. Values are bound to their table, column and row.
 */
export class Vault {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #table: VaultTable
  readonly #keys: KeyWrapping
  readonly #columns: SealedColumn[] = []
  readonly #changes = new Listeners<VaultStatus>()
  #row: VaultKeyRow | null
  #state: State
  /** Set up, unlock and rotate wait for one another. */
  #last: Promise<unknown> = Promise.resolve()
  /** Counts `lock` and `close`: an unlock that was under way meanwhile does not undo them. */
  #locks = 0
  #retry: Timer | null = null

  constructor(options: VaultOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#table = new VaultTable(options.store)
    this.#keys = new KeyWrapping(options.keychain ?? systemKeychain())
    const row = this.#table.current()
    // A vault for one session is over with its session: what it sealed stays, and says that it cannot be decrypted.
    this.#row = row?.provider === 'memory' ? null : row
    this.#state = this.#row === null ? { kind: 'not-set-up' } : { kind: 'locked' }
  }

  /** Every change of the state. */
  readonly onChange = this.#changes.listen

  register(column: SealedColumn): void {
    this.#columns.push(column)
  }

  status(): VaultStatus {
    return {
      state: this.#state.kind,
      provider: this.#row === null ? null : VaultProvider.parse(this.#row.provider),
      keychain: this.#keys.keychainStatus,
      keyId: this.#row?.key_id ?? null,
      rotatedAt: this.#row?.created_at ?? null,
    }
  }

  /**
   * Looks whether the keychain works, and unlocks by itself what lies in it. Resolves after 5 s at the latest; a
   * keychain that waits for its user, or is not there yet, is gone on with in the background.
   */
  async start(): Promise<void> {
    const work = this.#tryKeychain(firstRetryMs)
    drop(work, 'goes on behind a keychain that waits for its user')
    let timer: Timer | null = null
    const enough = new Promise<void>((resolve) => (timer = this.#clock.after(startWaitsMs, resolve)))
    await Promise.race([work, enough])
    ;(timer as Timer | null)?.cancel()
  }

  /** Errors: vault-locked, vault-not-set-up, vault-undecryptable. */
  seal(at: SealedAt, plaintext: Buffer): Result<Buffer> {
    const secret = this.#secret()
    return secret.ok ? ok(sealBox(secret.value.key, keyIdBytes(secret.value.keyId), at, plaintext)) : secret
  }

  /** The plaintext, which the caller clears. Errors: as {@link Vault.seal}. */
  open(at: SealedAt, sealed: Buffer): Result<Buffer> {
    const secret = this.#secret()
    if (!secret.ok) return secret
    const plaintext = openBox(secret.value.key, keyIdBytes(secret.value.keyId), at, sealed)
    return plaintext === null ? fail(vaultErrors.foreignValue(`It lies in ${at.table}.${at.column}.`)) : ok(plaintext)
  }

  /**
   * Makes the vault. With `giveUpOld` also in the place of one that cannot be opened any more: its wrapped key is kept,
   * what it sealed stays unreadable. Errors: vault-already-set-up, keychain-unavailable, weak-passphrase, storage-failed.
   */
  setup(input: {
    provider: VaultProvider
    passphrase?: string | undefined
    giveUpOld?: true | undefined
  }): Promise<Result<VaultStatus>> {
    return this.#inTurn(async () => {
      const closed = this.#state.kind === 'locked' || this.#state.kind === 'undecryptable'
      if (this.#state.kind === 'unlocked' || (closed && input.giveUpOld !== true))
        return fail(vaultErrors.alreadySetUp())
      const secret = newDataKey()
      const wrapped = await this.#keys.wrap(secret, input)
      if (!wrapped.ok) return this.#discard(secret, wrapped.error)
      const row = this.#rowOf(secret, wrapped.value)
      const written = this.#store.write((database) => {
        if (closed) this.#table.retire(database)
        this.#table.replace(database, row)
      })
      if (!written.ok) {
        await this.#forget(row)
        return this.#discard(secret, written.error)
      }
      if (closed) this.#log.warn('a vault that could not be opened was given up; its wrapped key is kept')
      this.#become({ kind: 'unlocked', secret }, row)
      return ok(this.status())
    })
  }

  /** Errors: wrong-passphrase, keychain-unavailable, vault-undecryptable, vault-not-set-up. */
  unlock(input: { passphrase?: string | undefined }): Promise<Result<VaultStatus>> {
    return this.#inTurn(async () => {
      if (this.#row === null) return fail(vaultErrors.notSetUp())
      if (this.#state.kind === 'unlocked') return ok(this.status())
      const row = this.#row
      const locks = this.#locks
      const key = await this.#keys.unwrap(row, input.passphrase)
      if (!key.ok) return this.#refuse(key.error)
      if (locks !== this.#locks) {
        key.value.fill(0)
        this.#keys.lock()
        return fail(vaultErrors.locked())
      }
      this.#become({ kind: 'unlocked', secret: { keyId: row.key_id, key: key.value } }, row)
      return ok(this.status())
    })
  }

  /** Forgets the data key. Errors: vault-not-set-up. */
  lock(): Result<VaultStatus> {
    this.#locks += 1
    this.#retry?.cancel()
    if (this.#row === null) return fail(vaultErrors.notSetUp())
    this.#keys.lock()
    if (this.#state.kind === 'unlocked') {
      this.#state.secret.key.fill(0)
      this.#become({ kind: 'locked' }, this.#row)
    }
    return ok(this.status())
  }

  /**
   * A new data key, everything sealed again under it in one transaction; on request another provider or passphrase,
   * else what opened it before opens it again.
   * Earlier snapshots, which open with the old key, are replaced by a new one. Errors: vault-locked, vault-not-set-up,
   * vault-undecryptable (a value is damaged; nothing was changed), keychain-unavailable, weak-passphrase, storage-failed.
   */
  rotate(input: {
    provider?: VaultProvider | undefined
    passphrase?: string | undefined
  }): Promise<Result<VaultStatus>> {
    return this.#inTurn(async () => {
      const given = this.#secret()
      if (!given.ok) return given
      const provider = input.provider ?? this.status().provider ?? 'memory'
      const secret = newDataKey()
      const replaces = given.value.keyId
      const wrapped = await this.#keys.wrap(secret, { provider, passphrase: input.passphrase, replaces })
      if (!wrapped.ok) return this.#discard(secret, wrapped.error)
      const before = this.#secret()
      if (!before.ok) {
        await this.#forget(this.#rowOf(secret, wrapped.value))
        return this.#discard(secret, before.error)
      }
      const row = this.#rowOf(secret, wrapped.value)
      const sealed = sealAgain(this.#store, this.#columns, before.value, secret, (database) =>
        this.#table.replace(database, row),
      )
      if (!sealed.ok) {
        await this.#forget(row)
        return this.#discard(secret, sealed.error)
      }
      const oldRow = this.#row
      this.#become({ kind: 'unlocked', secret }, row)
      before.value.key.fill(0)
      const taken = await this.#store.snapshot({ dropOlder: true })
      // Snapshots that could not be replaced open with the old key only.
      if (taken.ok && oldRow !== null) await this.#forget(oldRow)
      return ok(this.status())
    })
  }

  handlers(): HandlersOf<'vault.status' | 'vault.setup' | 'vault.unlock' | 'vault.lock' | 'vault.rotate'> {
    return {
      'vault.status': () => ok(this.status()),
      'vault.setup': (input) => this.setup(input),
      'vault.unlock': (input) => this.unlock(input),
      'vault.lock': () => this.lock(),
      'vault.rotate': (input) => this.rotate(input),
    }
  }

  /** Clears the keys; nothing can be opened after it. */
  close(): void {
    this.#locks += 1
    this.#retry?.cancel()
    if (this.#state.kind === 'unlocked') this.#state.secret.key.fill(0)
    this.#state = { kind: 'locked' }
    this.#keys.close()
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  #become(state: State, row: VaultKeyRow | null): void {
    this.#state = state
    this.#row = row
    this.#changes.emit(this.status())
  }

  /** What the vault learned from a refusal (about the keychain, about itself) is told before the refusal is answered. */
  #refuse(error: AppError): Result<never> {
    const lost = error.code === 'vault-undecryptable' && this.#state.kind === 'locked'
    this.#become(lost ? { kind: 'undecryptable' } : this.#state, this.#row)
    return fail(error)
  }

  /** Refuses with a new data key that came to nothing. */
  #discard(secret: DataKey, error: AppError): Result<never> {
    secret.key.fill(0)
    return this.#refuse(error)
  }

  async #tryKeychain(retryMs: number): Promise<void> {
    const locks = this.#locks
    const wanted = this.#row?.provider === 'keychain'
    // Asking a keychain that may be locked to keep something can open a dialogue: only where it is going to be used.
    await this.#inTurn(() => this.#keys.lookAtKeychain({ write: this.#state.kind === 'not-set-up' }))
    if (!wanted || locks !== this.#locks || this.#state.kind === 'unlocked') {
      this.#changes.emit(this.status())
      return
    }
    const reachable = this.#keys.keychainStatus.available
    if (reachable) {
      const unlocked = await this.unlock({})
      if (!unlocked.ok)
        this.#log.warn(`the vault stays closed: ${unlocked.error.message} ${unlocked.error.cause ?? ''}`)
      return
    }
    const { reason, detail } = this.#keys.keychainStatus
    this.#log.warn(`the keychain cannot be used: ${detail ?? reason ?? ''}`)
    this.#changes.emit(this.status())
    // At login the keychain may start after us. One that is there and refuses needs a person, and is not asked again.
    this.#retry = this.#clock.after(retryMs, () => {
      drop(this.#tryKeychain(Math.min(retryMs * 2, longestRetryMs)), 'tries again by itself')
    })
  }

  async #forget(row: VaultKeyRow): Promise<void> {
    try {
      await this.#keys.forget(row)
    } catch (error) {
      this.#log.warn(`a key that is not used stays in the keychain: ${error instanceof Error ? error.message : ''}`)
    }
  }

  #secret(): Result<DataKey> {
    switch (this.#state.kind) {
      case 'unlocked':
        return ok(this.#state.secret)
      case 'locked':
        return fail(vaultErrors.locked())
      case 'not-set-up':
        return fail(vaultErrors.notSetUp())
      case 'undecryptable':
        return fail(vaultErrors.undecryptable('The key that belongs to it is gone.'))
      default:
        return assertNever(this.#state)
    }
  }

  #rowOf(secret: DataKey, wrapped: WrappedKey): VaultKeyRow {
    return { ...wrapped, key_id: secret.keyId, created_at: this.#clock.now() }
  }
}

const newDataKey = (): DataKey => ({ keyId: randomUUID(), key: randomBytes(32) })
