import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { ok, type Result } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { decodeBase64 } from '../kubeconfig/certificates.ts'
import { unreadable, type CredentialFailure } from './credential-failure.ts'

/** The files an entry refers to: what is read again when one of them changed. */
export function filesOf({ cluster, user }: KubeconfigEntry): string[] {
  const provider = user.authProvider?.config['idp-certificate-authority']
  const files = [cluster.certificateAuthority, user.clientCertificate, user.clientKey, user.tokenFile, provider]
  return files.filter((file): file is string => file !== null && file !== undefined && file !== '')
}

/** Changes when one of the files does (also when it comes or goes). */
export async function fileMark(paths: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    paths.map(async (path) => {
      try {
        const { ino, size, mtimeMs } = await stat(path)
        return `${ino} ${size} ${mtimeMs}`
      } catch {
        return 'absent'
      }
    }),
  )
  return marks.join('|')
}

/** Far above any token or chain of certificates. */
const mostBytes = 4 * 1024 * 1024

/**
 * Reads a file a kubeconfig refers to. Its full path is in the message; nothing of its contents is. A kubeconfig may name
 * what never ends (a device) or never begins (a pipe): those are refused, and no file fills the memory.
 */
export async function readReferenced(field: string, path: string): Promise<Result<string, CredentialFailure>> {
  const refused = (words: string): Result<string, CredentialFailure> =>
    unreadable('file-not-readable', `The ${field} file ${path} ${words}.`)
  const chunks: Buffer[] = []
  try {
    // Without O_NONBLOCK opening a pipe would wait for who writes to it.
    await using file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0))
    if (!(await file.stat()).isFile()) return refused('is not a file')
    // What the system makes up (/proc) has no size that one could ask for.
    const reading: AsyncIterable<Buffer> = file.createReadStream({ end: mostBytes, autoClose: false })
    for await (const chunk of reading) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    chunks.push(bytes)
    return bytes.length > mostBytes ? refused('is longer than 4 MiB') : ok(bytes.toString('utf8'))
  } catch (error) {
    const reason = errorCode(error) ?? 'unknown'
    return refused(reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`)
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
}

/** PEM text of a field that is given as base64 data or as a file; null when neither is there. */
export async function pemOf(
  field: string,
  data: string | null,
  path: string | null,
): Promise<Result<string | null, CredentialFailure>> {
  if (data !== null) {
    const bytes = decodeBase64(data)
    return bytes === null
      ? unreadable('bad-base64', `The field ${field}-data is not base64.`)
      : ok(bytes.toString('utf8'))
  }
  return path === null ? ok(null) : readReferenced(field, path)
}
