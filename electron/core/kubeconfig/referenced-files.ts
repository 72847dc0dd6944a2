import { posix, win32 } from 'node:path'
import type { ReferencedFile } from '../../../contract/kubeconfigs.ts'
import type { ResolvedContext } from './context-lookup.ts'

/** `path` null: a relative path in a text that has no folder. */
export type FileReference = { field: ReferencedFile['field']; written: string; path: string | null }

/** The files that a context's cluster and user are made of; a `-data` field makes its file unused, as in kubectl. */
export function referencedFiles({ cluster, user }: Omit<ResolvedContext, 'context'>): FileReference[] {
  const files: FileReference[] = []
  const add = (field: FileReference['field'], written: string | null, file: string | null) => {
    if (written !== null) files.push({ field, written, path: resolvePath(written, file) })
  }
  if (cluster !== null && cluster.fields.certificateAuthorityData === null)
    add('certificate-authority', cluster.fields.certificateAuthority, cluster.document.path)
  if (user === null) return files
  const { fields, document } = user
  if (fields.clientCertificateData === null) add('client-certificate', fields.clientCertificate, document.path)
  if (fields.clientKeyData === null) add('client-key', fields.clientKey, document.path)
  add('tokenFile', fields.tokenFile, document.path)
  const config = fields.authProvider?.name === 'oidc' ? fields.authProvider.config : {}
  if (config['idp-certificate-authority-data'] === undefined)
    add('idp-certificate-authority', config['idp-certificate-authority'] ?? null, document.path)
  return files
}

/** The full path; null when `written` is relative and there is no file whose folder it could start from. */
export function resolvePath(written: string, file: string | null): string | null {
  // Absolute on any system counts as absolute: a Windows path pasted on Linux is shown unchanged.
  if (posix.isAbsolute(written) || win32.isAbsolute(written)) return written
  if (file === null) return null
  const path = posix.isAbsolute(file) ? posix : win32
  return path.join(path.dirname(file), written)
}
