import { createPrivateKey, X509Certificate } from 'node:crypto'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { fitsIntoHeader } from './token-facts.ts'

/** The versions of the credential command protocol that exist today (KEP-541). */
export const execApiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const

/** What a credential command gave. */
export type ExecCredential = {
  readonly token: string | null
  readonly clientCertificate: string | null
  readonly clientKey: string | null
  /** ms since the epoch; null: until the server says no. */
  readonly expiresAt: number | null
}

/** The value of KUBERNETES_EXEC_INFO: what the command may know. It never gets a terminal from us. */
export function execInfo(
  apiVersion: string,
  entry: KubeconfigEntry,
  way: Pick<ClusterConnection, 'certificateAuthority' | 'proxyUrl'>,
): string {
  const { cluster, user } = entry
  const { certificateAuthority, proxyUrl } = way
  const known = {
    server: cluster.server,
    ...(cluster.tlsServerName === null ? {} : { 'tls-server-name': cluster.tlsServerName }),
    ...(cluster.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(certificateAuthority === null
      ? {}
      : { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') }),
    ...(proxyUrl === null ? {} : { 'proxy-url': proxyUrl }),
    ...(cluster.disableCompression ? { 'disable-compression': true } : {}),
    config: cluster.execExtension,
  }
  const spec = { ...(user.exec?.provideClusterInfo === true ? { cluster: known } : {}), interactive: false }
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec })
}

const text = z.string().nullish()
const Answer = z.object({ kind: z.string().optional(), apiVersion: z.string().optional(), status: z.unknown() })
const Status = z.object({
  token: text,
  clientCertificateData: text,
  clientKeyData: text,
  expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
})

/**
 * Reads what a credential command printed, as strictly as kubectl does (client-go, plugin/pkg/client/auth/exec).
 * The error is a sentence for people; it never repeats the output, which may hold a secret.
 */
export function parseExecCredential(output: string, apiVersion: string): Result<ExecCredential, string> {
  const answer = Answer.safeParse(readObject(output))
  if (!answer.success || answer.data.kind !== 'ExecCredential') return fail('it did not print an ExecCredential')
  if (answer.data.apiVersion !== apiVersion) {
    const printed = answer.data.apiVersion ?? 'no version'
    return fail(`the kubeconfig asks for ${apiVersion} and it printed ${printed.slice(0, 80)}`)
  }
  const { status } = answer.data
  if (status === undefined || status === null) return fail('it printed no status')
  const read = Status.safeParse(status)
  if (!read.success) return fail(`its status cannot be read (${String(read.error.issues[0]?.path[0] ?? 'wrong type')})`)
  const empty = (value: string | null | undefined): string | null =>
    value === undefined || value === '' ? null : value
  const token = empty(read.data.token)
  const clientCertificate = empty(read.data.clientCertificateData)
  const clientKey = empty(read.data.clientKeyData)
  if (token === null && clientCertificate === null && clientKey === null) {
    return fail('it printed neither a token nor a certificate')
  }
  if ((clientCertificate === null) !== (clientKey === null)) return fail('it printed only a certificate or only a key')
  if (token !== null && !fitsIntoHeader(token)) return fail('its token holds a line break or another control character')
  if (clientCertificate !== null && clientKey !== null && !belongTogether(clientCertificate, clientKey)) {
    return fail('its certificate and key cannot be read, or do not belong together')
  }
  const expires = read.data.expirationTimestamp
  const expiresAt = expires === undefined || expires === null ? null : Date.parse(expires)
  return ok({ token, clientCertificate, clientKey, expiresAt })
}

/** JSON, or YAML as kubectl's decoder takes it. */
function readObject(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    try {
      return parseYaml(output, { maxAliasCount: 10, logLevel: 'silent' })
    } catch {
      return null
    }
  }
}

/** Whether PEM texts are a certificate and its own key. */
function belongTogether(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
