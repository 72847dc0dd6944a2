import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Platform } from '../platform/platform.ts'

const prefix = 'child-secret-'

/** A file that one child may read: by an inherited descriptor without a name, or by a path only we can read. */
export type SecretFile = {
  /** What the child is told to open. */
  readonly pathForChild: string
  /** To be inherited as descriptor 3; null when the child opens the path. */
  readonly descriptor: number | null
  /** Lets go of our descriptor; call it once the child has its own. */
  closeOurs(): void
  /** Removes what is left of it. Doing so twice is fine. */
  release(): void
}

/**
 * Writes a secret for one child. On Linux the name is gone before the first byte is written, so a crash at any moment
 * leaves nothing behind; a child that opens /proc/self/fd/3 gets it from the start each time (kubectl reads it twice,
 * which a pipe would not survive). Throws what the file system throws.
 */
export function createSecretFile(folder: string, secret: Buffer, platform: Platform): SecretFile {
  const path = join(folder, `${prefix}${randomUUID()}`)
  const flags =
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | ((constants.O_NOFOLLOW as number | undefined) ?? 0)
  let descriptor: number | null = openSync(path, flags, 0o600)
  const remove = (): void => rmSync(path, { force: true })
  const closeOurs = (): void => {
    if (descriptor !== null) closeSync(descriptor)
    descriptor = null
  }
  try {
    if (platform.unlinkedFiles) remove()
    for (let at = 0; at < secret.length;) at += writeSync(descriptor, secret, at, secret.length - at, at)
  } catch (error) {
    closeOurs()
    remove()
    throw error
  }
  if (platform.unlinkedFiles) {
    return { pathForChild: '/proc/self/fd/3', descriptor, closeOurs, release: closeOurs }
  }
  closeOurs()
  return { pathForChild: path, descriptor: null, closeOurs, release: remove }
}

/** Removes secret files that an earlier run left; answers how many. */
export function sweepSecretFiles(folder: string): number {
  const left = readdirSync(folder).filter((name) => name.startsWith(prefix))
  for (const name of left) rmSync(join(folder, name), { force: true })
  return left.length
}
