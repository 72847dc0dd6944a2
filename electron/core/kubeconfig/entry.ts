import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { isUsableProxy, readServer } from './addresses.ts'
import { CertificateReader } from './certificates.ts'
import { hasTlsFields } from './context-preview.ts'
import type { ResolvedContext } from './context-lookup.ts'
import { commandOf, isRelativePath } from './credential-command.ts'
import type { ClusterFields, UserFields } from './kubeconfig-fields.ts'
import { type FileReference, referencedFiles } from './referenced-files.ts'

/**
 * One context cut down to what it needs: its cluster and its user, nothing of the others. `*Data` are base64 as in a
 * kubeconfig; file fields are full paths of files that stay outside, null where the data is inside.
 */
export type KubeconfigEntry = {
  context: string
  namespace: string
  /** `server` always has its scheme. */
  cluster: { name: string } & ClusterFields & { server: string }
  user: { name: string } & UserFields
}

export type CutOptions = {
  /** Full paths the user said yes to; their contents go into the entry. */
  readonly embedFiles: ReadonlySet<string>
  /** Reads a file; a failure is its reason (ENOENT, EACCES ...). */
  readonly readFile: (path: string) => Result<Buffer, string>
}

/** A user who brings nothing to sign in with. */
export const anonymous: UserFields = {
  clientCertificate: null,
  clientCertificateData: null,
  clientKey: null,
  clientKeyData: null,
  token: null,
  tokenFile: null,
  username: null,
  password: null,
  as: null,
  asUid: null,
  asGroups: [],
  asUserExtra: {},
  exec: null,
  authProvider: null,
}

/**
 * Cuts one context out of a kubeconfig. Files are embedded only where the user said yes; others stay references by
 * full path. Errors: context-not-addable (also a command with a relative path and no folder), file-not-readable (with the
 * full path).
 */
export function cutToContext(resolved: ResolvedContext, options: CutOptions): Result<KubeconfigEntry> {
  const { context, cluster, user } = resolved
  const address =
    cluster === null ? null : readServer(cluster.fields.server, hasTlsFields(cluster.fields, user?.fields ?? null))
  const proxy = cluster?.fields.proxyUrl ?? null
  if (cluster === null || address?.state !== 'usable' || (proxy !== null && !isUsableProxy(proxy)))
    return fail(
      appError(
        'context-not-addable',
        `The context "${context.name}" gives an address of its server or proxy that cannot be used.`,
        'Look at what the preview says about it.',
      ),
    )
  const entry: KubeconfigEntry = {
    context: context.name,
    namespace: context.fields.namespace ?? 'default',
    cluster: { ...cluster.fields, name: cluster.name, server: address.url },
    user: { ...anonymous, ...user?.fields, name: user?.name ?? '' },
  }
  dropUnusedFiles(entry)
  const command = commandOf(user)
  if (command !== null && isRelativePath(command)) return fail(relativeCommand(context.name, command))
  if (entry.user.exec !== null) entry.user.exec = { ...entry.user.exec, command }
  for (const file of referencedFiles(resolved)) {
    const placed = placeFile(entry, file, options)
    if (!placed.ok) return placed
  }
  return ok(entry)
}

/** Run from wherever the app happens to be, it could be anybody's program. */
const relativeCommand = (context: string, command: string) =>
  appError(
    'context-not-addable',
    `The context "${context}" runs ${command}, a path relative to the folder of its kubeconfig; pasted text has no folder.`,
    'Write the full path of the command.',
    { details: { context, command } },
  )

/** A `-data` field overrides its file, so the file's name need not be kept. */
function dropUnusedFiles({ cluster, user }: KubeconfigEntry): void {
  if (cluster.certificateAuthorityData !== null) cluster.certificateAuthority = null
  if (user.clientCertificateData !== null) user.clientCertificate = null
  if (user.clientKeyData !== null) user.clientKey = null
}

function placeFile(entry: KubeconfigEntry, file: FileReference, { embedFiles, readFile }: CutOptions): Result<void> {
  if (file.path === null)
    return fail(
      appError(
        'file-not-readable',
        `The context "${entry.context}" needs the file ${file.written}, whose path is relative; pasted text has no folder to start from.`,
        'Write the full path, or paste the output of: kubectl config view --raw --flatten',
        { details: { context: entry.context, path: file.written, field: file.field } },
      ),
    )
  if (!embedFiles.has(file.path)) {
    keepReference(entry, file.field, file.path)
    return ok(undefined)
  }
  const read = readFile(file.path)
  const problem = read.ok ? problemOf(file.field, read.value) : `cannot be read (${read.error})`
  if (!read.ok || problem !== null)
    return fail(
      appError(
        'file-not-readable',
        `The file ${file.path} ${problem ?? ''}.`,
        'Put the right file there, or add the cluster without embedding the file.',
        { details: { context: entry.context, path: file.path, field: file.field } },
      ),
    )
  embed(entry, file.field, read.value)
  read.value.fill(0)
  return ok(undefined)
}

function problemOf(field: FileReference['field'], contents: Buffer): string | null {
  if (contents.toString('latin1').trim() === '') return 'is empty'
  switch (field) {
    case 'certificate-authority':
    case 'client-certificate':
    case 'idp-certificate-authority':
      return new CertificateReader().read(contents.toString('base64')).state === 'readable'
        ? null
        : 'holds no PEM certificate'
    case 'client-key':
      return contents.includes('PRIVATE KEY-----') ? null : 'holds no PEM key'
    case 'tokenFile':
      return null
  }
}

function keepReference({ cluster, user }: KubeconfigEntry, field: FileReference['field'], path: string): void {
  switch (field) {
    case 'certificate-authority':
      cluster.certificateAuthority = path
      return
    case 'client-certificate':
      user.clientCertificate = path
      return
    case 'client-key':
      user.clientKey = path
      return
    case 'tokenFile':
      user.tokenFile = path
      return
    case 'idp-certificate-authority':
      setProviderField(user, { 'idp-certificate-authority': path })
  }
}

function embed({ cluster, user }: KubeconfigEntry, field: FileReference['field'], contents: Buffer): void {
  const data = contents.toString('base64')
  switch (field) {
    case 'certificate-authority':
      cluster.certificateAuthority = null
      cluster.certificateAuthorityData = data
      return
    case 'client-certificate':
      user.clientCertificate = null
      user.clientCertificateData = data
      return
    case 'client-key':
      user.clientKey = null
      user.clientKeyData = data
      return
    case 'tokenFile':
      // kubectl prefers the file over a token that stands beside it.
      user.tokenFile = null
      user.token = contents.toString('utf8').trim()
      return
    case 'idp-certificate-authority':
      setProviderField(user, { 'idp-certificate-authority-data': data }, 'idp-certificate-authority')
  }
}

function setProviderField(user: KubeconfigEntry['user'], fields: Record<string, string>, without?: string): void {
  if (user.authProvider === null) return
  const kept = Object.entries(user.authProvider.config).filter(([name]) => name !== without)
  user.authProvider = { ...user.authProvider, config: { ...Object.fromEntries(kept), ...fields } }
}

/** When the client certificate inside ends, ms since the epoch; null: there is none that can be read. */
export function credentialsEnd({ user }: KubeconfigEntry): number | null {
  if (user.clientCertificateData === null) return null
  const facts = new CertificateReader().read(user.clientCertificateData)
  return facts.state === 'readable' ? facts.notAfter : null
}
