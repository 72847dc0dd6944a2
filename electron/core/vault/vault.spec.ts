import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { systemClock } from '../clock.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import type { Store } from '../store/store.ts'
import type { Keychain } from './key-providers.ts'
import { openBox, sealBox } from './sealed-box.ts'
import { Vault } from './vault.ts'

const copy = (bytes: Buffer | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes))

/** A keychain in memory: the real one has its own spec in e2e. */
function keychain(): Keychain & { kept: Map<string, Buffer>; broken: boolean } {
  const kept = new Map<string, Buffer>()
  const self = {
    kept,
    broken: false,
    get: (account: string) =>
      self.broken ? Promise.reject(new Error('no keychain')) : Promise.resolve(copy(kept.get(account))),
    set: (account: string, secret: Buffer) => {
      kept.set(account, Buffer.from(secret))
      return Promise.resolve()
    },
    remove: (account: string) => {
      kept.delete(account)
      return Promise.resolve()
    },
  }
  return self
}

const at = { table: 'allowed_command', column: 'arguments', rowId: 'one' }
const passphrase = 'a long enough passphrase'

function open(store: Store, chain = keychain()): Vault {
  const vault = new Vault({ store, clock: systemClock, log: silentLog, keychain: chain })
  vault.register({ table: 'allowed_command', column: 'arguments', idColumn: 'id' })
  return vault
}

function insert(store: Store, vault: Vault, id: string, text: string): void {
  const sealed = vault.seal({ ...at, rowId: id }, Buffer.from(text))
  if (!sealed.ok) throw new Error(sealed.error.code)
  store.database.prepare('INSERT INTO allowed_command VALUES (?, ?, ?, 0)').run(id, 'x', sealed.value)
}

function read(store: Store, vault: Vault, id: string): string {
  const row = store.database
    .prepare<[string], { arguments: Buffer }>('SELECT arguments FROM allowed_command WHERE id = ?')
    .get(id)
  const opened = vault.open({ ...at, rowId: id }, row!.arguments)
  return opened.ok ? opened.value.toString() : opened.error.code
}

describe('a sealed box', () => {
  const key = randomBytes(32)
  const keyId = randomBytes(16)

  it('opens to what was put in, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const plaintext = Buffer.from(bytes)
        const [first, second] = [sealBox(key, keyId, at, plaintext), sealBox(key, keyId, at, plaintext)]
        expect(openBox(key, keyId, at, first)?.equals(plaintext)).toBe(true)
        expect(first.equals(second)).toBe(false)
      }),
    )
  })

  it('does not open when any bit is another, or in another place', () => {
    const sealed = sealBox(key, keyId, at, Buffer.from('secret'))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(openBox(key, keyId, at, damaged)).toBeNull()
    }
    for (const place of [
      { ...at, rowId: 'two' },
      { ...at, column: 'x' },
      { ...at, table: 'x' },
      { table: 'allowed_commandarguments', column: '', rowId: 'one' },
    ])
      expect(openBox(key, keyId, place, sealed)).toBeNull()
    expect(openBox(key, keyId, at, sealed.subarray(0, 20))).toBeNull()
  })
})

describe('the vault', () => {
  it('refuses to seal before it is set up, and says what to do', () => {
    const vault = open(memoryStore())
    expect(vault.status().state).toBe('not-set-up')
    expect(vault.seal(at, Buffer.from('x'))).toMatchObject({ ok: false, error: { code: 'vault-not-set-up' } })
  })

  it('opens with the right passphrase only, after a restart', async () => {
    const store = memoryStore()
    const first = open(store)
    expect((await first.setup({ provider: 'passphrase', passphrase: 'short' })).ok).toBe(false)
    // None at all is another mistake than a short one.
    const none = await first.setup({ provider: 'passphrase' })
    expect(none.ok ? '' : none.error.message).toContain('none was given')
    expect(await first.setup({ provider: 'passphrase', passphrase })).toMatchObject({
      ok: true,
      value: { state: 'unlocked' },
    })
    insert(store, first, 'one', 'secret')
    const second = open(store)
    expect(second.status().state).toBe('locked')
    expect(read(store, second, 'one')).toBe('vault-locked')
    expect(await second.unlock({ passphrase: 'not the passphrase' })).toMatchObject({
      ok: false,
      error: { code: 'wrong-passphrase' },
    })
    expect((await second.unlock({ passphrase })).ok).toBe(true)
    expect(read(store, second, 'one')).toBe('secret')
  })

  it('unlocks by itself from the keychain, and never makes a new vault over one it cannot open', async () => {
    const store = memoryStore()
    const chain = keychain()
    const first = open(store, chain)
    await first.setup({ provider: 'keychain' })
    insert(store, first, 'one', 'secret')
    const second = open(store, chain)
    await second.start()
    expect(read(store, second, 'one')).toBe('secret')

    const lost = open(store, keychain())
    await lost.start()
    expect(lost.status().state).toBe('undecryptable')
    expect(await lost.setup({ provider: 'passphrase', passphrase })).toMatchObject({
      ok: false,
      error: { code: 'vault-already-set-up' },
    })

    chain.broken = true
    const away = open(store, chain)
    await away.start()
    expect(away.status()).toMatchObject({ state: 'locked', keychain: { available: false, reason: 'no keychain' } })
    chain.broken = false
    expect((await away.unlock({})).ok).toBe(true)
  })

  it('locks and forgets, and tells who listens', async () => {
    const store = memoryStore()
    const vault = open(store)
    const seen: string[] = []
    vault.onChange((status) => seen.push(status.state))
    await vault.setup({ provider: 'passphrase', passphrase })
    insert(store, vault, 'one', 'secret')
    expect(vault.lock().ok).toBe(true)
    expect(read(store, vault, 'one')).toBe('vault-locked')
    await vault.unlock({ passphrase })
    expect(read(store, vault, 'one')).toBe('secret')
    expect(seen).toEqual(['unlocked', 'locked', 'unlocked'])
  })

  it('rotates the key and the provider: everything opens under the new one and nothing under the old', async () => {
    const store = memoryStore()
    const chain = keychain()
    const vault = open(store, chain)
    await vault.setup({ provider: 'passphrase', passphrase })
    for (let index = 0; index < 50; index++) insert(store, vault, `id-${index}`, `secret ${index}`)
    const before = vault.status().keyId
    const sealedBefore = store.database
      .prepare<[], { arguments: Buffer }>('SELECT arguments FROM allowed_command')
      .all()
    expect(await vault.rotate({ provider: 'keychain' })).toMatchObject({ ok: true, value: { provider: 'keychain' } })
    expect(vault.status().keyId).not.toBe(before)
    expect(read(store, vault, 'id-49')).toBe('secret 49')
    expect(vault.open({ ...at, rowId: 'id-0' }, sealedBefore[0]!.arguments).ok).toBe(false)
    const again = open(store, chain)
    await again.start()
    expect(read(store, again, 'id-7')).toBe('secret 7')
  })

  it('rolls a rotation back when a value is damaged, and names it', async () => {
    const store = memoryStore()
    const chain = keychain()
    const vault = open(store, chain)
    await vault.setup({ provider: 'keychain' })
    insert(store, vault, 'one', 'secret')
    insert(store, vault, 'two', 'secret')
    damage(store, 'two')
    const keyId = vault.status().keyId
    expect(await vault.rotate({})).toMatchObject({
      ok: false,
      error: { code: 'vault-undecryptable', details: { table: 'allowed_command', rowId: 'two' } },
    })
    expect(vault.status()).toMatchObject({ state: 'unlocked', keyId })
    expect(read(store, vault, 'one')).toBe('secret')
    expect([...chain.kept.keys()]).toEqual([keyId])
  })

  it('renews the key of a passphrase vault without asking again while it is open; the same passphrase opens it', async () => {
    const store = memoryStore()
    const vault = open(store, keychain())
    await vault.setup({ provider: 'passphrase', passphrase })
    insert(store, vault, 'one', 'secret')
    const before = vault.status().keyId
    for (const opened of ['by its set-up', 'by a renewal', 'by unlocking']) {
      expect(await vault.rotate({}), opened).toMatchObject({ ok: true, value: { provider: 'passphrase' } })
      if (opened === 'by a renewal') {
        vault.lock()
        expect(await vault.rotate({})).toMatchObject({ error: { code: 'vault-locked' } })
        await vault.unlock({ passphrase })
      }
    }
    expect(vault.status().keyId).not.toBe(before)
    const again = open(store, keychain())
    expect(await again.unlock({ passphrase: 'another passphrase' })).toMatchObject({
      error: { code: 'wrong-passphrase' },
    })
    expect((await again.unlock({ passphrase })).ok).toBe(true)
    expect(read(store, again, 'one')).toBe('secret')
  })

  it('leaves no key in the keychain that is not used', async () => {
    const chain = keychain()
    const vault = open(memoryStore(), chain)
    await vault.start()
    await vault.setup({ provider: 'keychain' })
    await vault.rotate({})
    await vault.rotate({})
    expect([...chain.kept.keys()]).toEqual([vault.status().keyId])
    await vault.rotate({ provider: 'passphrase', passphrase })
    expect(chain.kept.size).toBe(0)
  })

  it('tells a wrong passphrase from a damaged key', async () => {
    const store = memoryStore()
    await open(store).setup({ provider: 'passphrase', passphrase })
    store.database.prepare("UPDATE vault_key SET wrapped = CAST(substr(wrapped, 1, 40) || x'00' AS BLOB)").run()
    const vault = open(store)
    expect(await vault.unlock({ passphrase: 'not the passphrase' })).toMatchObject({
      error: { code: 'wrong-passphrase' },
    })
    expect(await vault.unlock({})).toMatchObject({ error: { code: 'wrong-passphrase' } })
    expect(vault.status().state).toBe('locked')
    expect(await vault.unlock({ passphrase })).toMatchObject({ error: { code: 'vault-undecryptable' } })
    expect(vault.status().state).toBe('undecryptable')
  })

  it('reads a passphrase the same from any keyboard', async () => {
    const store = memoryStore()
    await open(store).setup({ provider: 'passphrase', passphrase: 'caf\u00e9 au lait' })
    expect((await open(store).unlock({ passphrase: 'cafe\u0301 au lait' })).ok).toBe(true)
  })

  it('keeps one session: lock and unlock within it, a new vault after it', async () => {
    const store = memoryStore()
    const first = open(store)
    await first.setup({ provider: 'memory' })
    insert(store, first, 'one', 'secret')
    expect(first.lock().ok).toBe(true)
    expect(read(store, first, 'one')).toBe('vault-locked')
    expect((await first.unlock({})).ok).toBe(true)
    expect(read(store, first, 'one')).toBe('secret')

    const second = open(store)
    await second.start()
    expect(second.status()).toMatchObject({ state: 'not-set-up', provider: null })
    expect((await second.setup({ provider: 'memory' })).ok).toBe(true)
    expect(read(store, second, 'one')).toBe('vault-undecryptable')
    insert(store, second, 'two', 'new')
    expect((await second.rotate({ provider: 'passphrase', passphrase })).ok).toBe(true)
    expect(read(store, second, 'two')).toBe('new')
  })

  it('gives a vault up only when it is told to, and keeps its wrapped key', async () => {
    const store = memoryStore()
    const first = open(store)
    await first.setup({ provider: 'passphrase', passphrase })
    insert(store, first, 'one', 'secret')
    const unlocked = await first.setup({ provider: 'memory', giveUpOld: true })
    expect(unlocked).toMatchObject({ error: { code: 'vault-already-set-up' } })

    const second = open(store)
    expect(await second.setup({ provider: 'passphrase', passphrase })).toMatchObject({
      error: { code: 'vault-already-set-up' },
    })
    expect((await second.setup({ provider: 'passphrase', passphrase: 'another passphrase', giveUpOld: true })).ok).toBe(
      true,
    )
    expect(read(store, second, 'one')).toBe('vault-undecryptable')
    const kept = store.database.prepare('SELECT state FROM vault_key ORDER BY state').all()
    expect(kept).toEqual([{ state: 'current' }, { state: 'retired' }])
  })

  it('does one thing at a time, and never undoes a lock that came in between', async () => {
    const store = memoryStore()
    const vault = open(store)
    const both = await Promise.all([
      vault.setup({ provider: 'passphrase', passphrase }),
      vault.setup({ provider: 'passphrase', passphrase }),
    ])
    expect(both.map((result) => result.ok)).toEqual([true, false])
    vault.lock()
    const opening = vault.unlock({ passphrase })
    await Promise.resolve()
    vault.lock()
    expect(await opening).toMatchObject({ error: { code: 'vault-locked' } })
    expect(vault.status().state).toBe('locked')

    await vault.unlock({ passphrase })
    insert(store, vault, 'one', 'secret')
    const rotating = vault.rotate({ passphrase: 'another passphrase' })
    await Promise.resolve()
    vault.lock()
    expect(await rotating).toMatchObject({ error: { code: 'vault-locked' } })
    expect((await vault.unlock({ passphrase })).ok).toBe(true)
    expect(read(store, vault, 'one')).toBe('secret')
  })
})

describe('a keychain that comes late', () => {
  it('is asked again until it is there, and the vault opens by itself', async () => {
    const store = memoryStore()
    const chain = keychain()
    await open(store, chain).setup({ provider: 'keychain' })
    chain.broken = true
    const clock = new FakeClock()
    const vault = new Vault({ store, clock, log: silentLog, keychain: chain })
    await vault.start()
    expect(vault.status()).toMatchObject({ state: 'locked', keychain: { available: false, reason: 'no keychain' } })
    chain.broken = false
    const opened = new Promise((resolve) => vault.onChange(({ state }) => state === 'unlocked' && resolve(state)))
    clock.advance(15_000)
    expect(await opened).toBe('unlocked')
  })

  it('does not hold up the start when it waits for its user', async () => {
    const store = memoryStore()
    const chain = keychain()
    await open(store, chain).setup({ provider: 'keychain' })
    let answer: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => (answer = resolve))
    const clock = new FakeClock()
    const vault = new Vault({
      store,
      clock,
      log: silentLog,
      keychain: { ...chain, get: (account) => waiting.then(() => chain.get(account)) },
    })
    const started = vault.start()
    clock.advance(5000)
    await started
    expect(vault.status().state).toBe('locked')
    const opened = new Promise((resolve) => vault.onChange(({ state }) => state === 'unlocked' && resolve(state)))
    answer()
    expect(await opened).toBe('unlocked')
  })

  it('is shown as not there when it keeps nothing, before somebody chooses it', async () => {
    const chain = keychain()
    const vault = open(memoryStore(), {
      ...chain,
      set: () => Promise.reject(new Error('no result found')),
    })
    await vault.start()
    expect(vault.status()).toMatchObject({
      state: 'not-set-up',
      keychain: {
        available: false,
        reason: 'The keychain has no keyring yet that could keep anything.',
        detail: 'no result found',
      },
    })
  })
})

function damage(store: Store, id: string): void {
  store.database
    .prepare(
      'UPDATE allowed_command SET arguments = CAST(substr(arguments, 1, length(arguments) - 1) AS BLOB) WHERE id = ?',
    )
    .run(id)
}
