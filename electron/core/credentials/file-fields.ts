import { readFile, stat } from 'node:fs/promises'
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

/** Reads a file a kubeconfig refers to. Its full path is in the message; nothing of its contents is. */
export async function readReferenced(field: string, path: string): Promise<Result<string, CredentialFailure>> {
  try {
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = errorCode(error) ?? 'unknown'
    const words = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`
    return unreadable('file-not-readable', `The ${field} file ${path} ${words}.`)
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
