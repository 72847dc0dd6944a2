import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Where a sealed value stands: it can be opened nowhere else. */
export type SealedAt = { readonly table: string; readonly column: string; readonly rowId: string }

/** Version of the format below; part of what is authenticated. */
const version = 1
const nonceBytes = 12
const tagBytes = 16
const keyIdBytes = 16
const headBytes = 1 + keyIdBytes + nonceBytes

/** The place as bytes, each part with its length before it, so that no two places read the same. */
function associatedData(at: SealedAt): Buffer {
  return Buffer.concat(
    [String(version), at.table, at.column, at.rowId].flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8')
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** AES-256-GCM with a random nonce: version, key id (16 bytes), nonce, ciphertext, tag. */
export function sealBox(key: Buffer, keyId: Buffer, at: SealedAt, plaintext: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associatedData(at))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([Buffer.from([version]), keyId, nonce, ciphertext, cipher.getAuthTag()])
}

/** True when a box names this key; says nothing about whether it can be opened. */
export const isOfKey = (sealed: Buffer, keyId: Buffer): boolean => sealed.subarray(1, 1 + keyIdBytes).equals(keyId)

/** The plaintext, for the caller to clear; null when the box is damaged, of another key, or of another place. */
export function openBox(key: Buffer, keyId: Buffer, at: SealedAt, sealed: Buffer): Buffer | null {
  if (sealed.length < headBytes + tagBytes || sealed[0] !== version) return null
  if (!isOfKey(sealed, keyId)) return null
  const nonce = sealed.subarray(1 + keyIdBytes, headBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associatedData(at))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const first = decipher.update(sealed.subarray(headBytes, sealed.length - tagBytes))
  try {
    const rest = decipher.final()
    if (rest.length === 0) return first
    return Buffer.concat([first, rest])
  } catch {
    first.fill(0)
    return null
  }
}
