import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { KeychainCalls } from './keychain-calls.ts'

/** Cost of the passphrase's key: about half a second and 128 MiB, once per unlock (RFC 7914, OWASP password storage). */
const scryptCost = { N: 2 ** 17, r: 8, p: 1 } as const
const mostScryptMemory = 256 * 1024 * 1024

/** What is needed to make the key again from the passphrase; not secret. */
export const ScryptParameters = z.object({
  salt: z.base64(),
  N: z.int().positive(),
  r: z.int().positive(),
  p: z.int().positive(),
  /** Hash of the second half of what scrypt gave: tells a wrong passphrase from a damaged key. */
  check: z.base64(),
})
export type ScryptParameters = z.infer<typeof ScryptParameters>

type Derived = { key: Buffer; check: Buffer }

/** A key from a new passphrase, with a salt of its own. The caller clears the key. */
export async function newPassphraseKey(passphrase: string): Promise<{ key: Buffer; parameters: ScryptParameters }> {
  const salt = randomBytes(16)
  const { key, check } = await derive(passphrase, salt, scryptCost)
  return { key, parameters: { ...scryptCost, salt: salt.toString('base64'), check: check.toString('base64') } }
}

/** The key again; null when the passphrase is another one. The caller clears the key. */
export async function passphraseKey(passphrase: string, parameters: ScryptParameters): Promise<Buffer | null> {
  const { key, check } = await derive(passphrase, Buffer.from(parameters.salt, 'base64'), parameters)
  const expected = Buffer.from(parameters.check, 'base64')
  if (expected.length === check.length && timingSafeEqual(expected, check)) return key
  key.fill(0)
  return null
}

function derive(passphrase: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Derived> {
  return new Promise((resolve, reject) => {
    // Two keyboards may write the same letter as different code points.
    scrypt(passphrase.normalize('NFKC'), salt, 64, { N, r, p, maxmem: mostScryptMemory }, (error, both) => {
      if (error !== null) {
        reject(error)
        return
      }
      const key = Buffer.from(both.subarray(0, 32))
      const check = createHash('sha256').update(both.subarray(32)).digest()
      both.fill(0)
      resolve({ key, check })
    })
  })
}

/** The system's keychain: Secret Service, macOS Keychain, Windows Credential Manager. */
export type Keychain = {
  /** Null: nothing is stored under that account. Rejects with words when the keychain cannot be used. */
  get(account: string): Promise<Buffer | null>
  set(account: string, secret: Buffer): Promise<void>
  remove(account: string): Promise<void>
}

const service = 'Mooring'
/** The keychain may ask the user to unlock it; one that says nothing for longer counts as not there. */
const keychainTimeoutMs = 60_000

/**
 * The real keychain. On Linux the Secret Service and nothing else: the library's fallback, the kernel keyring, is lost
 * at reboot, and the saved credentials with it. The library is loaded at the first use.
 */
export function systemKeychain(timeoutMs = keychainTimeoutMs): Keychain {
  const entry = async (account: string) => {
    const { AsyncEntry } = await import('keytar')
    return new AsyncEntry(
      service,
      account,
      process.platform === 'linux' ? { linux: { store: 'secret-service' } } : undefined,
    )
  }
  const calls = new KeychainCalls(timeoutMs)
  // Kept as text (base64): keyring managers and their backups do not get every byte through.
  const read = async (account: string): Promise<Buffer | null> => {
    const kept = await (await entry(account)).getSecret()
    if (kept === null) return null
    const text = Buffer.from(kept)
    const secret = Buffer.from(text.toString('latin1'), 'base64')
    kept.fill(0)
    text.fill(0)
    return secret
  }
  const write = async (account: string, secret: Buffer): Promise<void> => {
    const text = Buffer.from(secret.toString('base64'), 'latin1')
    await (await entry(account)).setSecret(text)
    text.fill(0)
  }
  return {
    get: (account) => calls.ask(() => read(account)),
    set: (account, secret) => calls.ask(() => write(account, secret)),
    remove: async (account) => {
      await calls.ask(async () => (await entry(account)).deleteCredential())
    },
  }
}
