import { X509Certificate } from 'node:crypto'
import { ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { runCredentialCommand, type CommandTools } from './run-credential-command.ts'
import { expired, failure, unreadable, type CredentialFailure } from './credential-failure.ts'
import { environmentProxy } from './environment-proxy.ts'
import { pemOf, readReferenced } from './file-fields.ts'
import { refreshIdToken } from './oidc.ts'
import { expiryOfToken, fitsIntoHeader } from './token-facts.ts'

/** Who the user is to the API server, resolved. */
export type UserCredentials = Pick<
  ClusterConnection,
  'token' | 'clientCertificate' | 'clientKey' | 'basic' | 'expiresAt'
> & {
  /** The entry with renewed tokens, to be stored; null: nothing changed. */
  readonly refreshed: KubeconfigEntry | null
}

export type CredentialTools = CommandTools & {
  readonly clock: Clock
  /** The user's login environment. */
  readonly environment: Readonly<Record<string, string>>
}

type Outcome = Result<UserCredentials, CredentialFailure>
type Way = Pick<ClusterConnection, 'certificateAuthority' | 'proxyUrl'>

/** kubectl renews an id token this long before its end (client-go, oidc.go). */
const idTokenDeltaMs = 10_000

const replacements: Readonly<Record<string, string>> = {
  gcp: 'Install gke-gcloud-auth-plugin, run: gcloud container clusters get-credentials, and paste the new kubeconfig.',
  azure:
    'Install kubelogin, run: az aks get-credentials, then: kubelogin convert-kubeconfig, and paste the new kubeconfig.',
}

/**
 * Gets a user's credentials in the order kubectl has: a token or token file, a client certificate, basic; else the
 * credential command; else the auth provider. What has ended is said before anybody is asked.
 */
export async function userCredentials(
  entry: KubeconfigEntry,
  way: Way,
  tools: CredentialTools,
  options: { fresh: boolean; signal: AbortSignal },
): Promise<Outcome> {
  const { user } = entry
  const certificate = await clientCertificateOf(entry)
  if (!certificate.ok) return certificate
  const token = await staticTokenOf(entry)
  if (!token.ok) return token
  const basic =
    user.username === null && user.password === null
      ? null
      : { username: user.username ?? '', password: user.password ?? '' }

  const isStatic = token.value !== null || certificate.value !== null || basic !== null
  if (isStatic) return fixedCredentials(certificate.value, token.value, basic, tools.clock.now())
  if (user.exec !== null) {
    const given = await runCredentialCommand(entry, way, tools, options.signal)
    return given.ok ? ok({ ...given.value, basic: null, refreshed: null }) : given
  }
  if (user.authProvider !== null) return providerCredentials(entry, tools, options)
  return ok({ token: null, clientCertificate: null, clientKey: null, basic: null, expiresAt: null, refreshed: null })
}

type ClientCertificate = { readonly certificate: string; readonly key: string; readonly notAfter: number }

async function clientCertificateOf({
  user,
}: KubeconfigEntry): Promise<Result<ClientCertificate | null, CredentialFailure>> {
  const certificate = await pemOf('client-certificate', user.clientCertificateData, user.clientCertificate)
  if (!certificate.ok) return certificate
  const key = await pemOf('client-key', user.clientKeyData, user.clientKey)
  if (!key.ok) return key
  if (certificate.value === null) return ok(null)
  if (key.value === null) return unreadable('no-client-key', 'The client certificate has no key beside it.')
  try {
    const notAfter = new X509Certificate(certificate.value).validToDate.getTime()
    return ok({ certificate: certificate.value, key: key.value, notAfter })
  } catch {
    return unreadable('bad-client-certificate', 'The client certificate cannot be read.')
  }
}

/** A token file wins over a token, which stands in while the file cannot be read (client-go, transport). */
async function staticTokenOf({ user }: KubeconfigEntry): Promise<Result<string | null, CredentialFailure>> {
  if (user.tokenFile !== null) {
    const read = await readReferenced('tokenFile', user.tokenFile)
    if (!read.ok && user.token === null) return read
    const token = read.ok ? read.value.trim() : ''
    if (token !== '') return checkedToken(token)
    if (read.ok) return unreadable('empty-token', `The tokenFile ${user.tokenFile} is empty.`)
  }
  return user.token === null ? ok(null) : checkedToken(user.token)
}

const checkedToken = (token: string): Result<string, CredentialFailure> =>
  fitsIntoHeader(token)
    ? ok(token)
    : unreadable('bad-token', 'The token holds a line break or another control character.')

function fixedCredentials(
  certificate: ClientCertificate | null,
  token: string | null,
  basic: ClusterConnection['basic'],
  now: number,
): Outcome {
  const tokenEnd = token === null ? null : expiryOfToken(token)
  if (tokenEnd !== null && tokenEnd <= now) return expired('token', tokenEnd)
  // Beside a token that counts, an old certificate does no harm.
  if (certificate !== null && token === null && basic === null && certificate.notAfter <= now) {
    return expired('client-certificate', certificate.notAfter)
  }
  return ok({
    token,
    clientCertificate: certificate?.certificate ?? null,
    clientKey: certificate?.key ?? null,
    basic,
    expiresAt: tokenEnd ?? certificate?.notAfter ?? null,
    refreshed: null,
  })
}

async function providerCredentials(
  entry: KubeconfigEntry,
  { environment, clock }: CredentialTools,
  { fresh, signal }: { fresh: boolean; signal: AbortSignal },
): Promise<Outcome> {
  const name = entry.user.authProvider?.name ?? ''
  const config = entry.user.authProvider?.config ?? {}
  if (name !== 'oidc') return removedProvider(name)

  const idToken = config['id-token'] ?? ''
  const refreshToken = config['refresh-token'] ?? ''
  const end = expiryOfToken(idToken)
  const valid = idToken !== '' && end !== null && clock.now() + idTokenDeltaMs < end
  const credentials = (token: string, refreshed: KubeconfigEntry | null): Outcome =>
    ok({
      token,
      clientCertificate: null,
      clientKey: null,
      basic: null,
      expiresAt: expiryOfToken(token),
      refreshed,
    })
  if (valid && (!fresh || refreshToken === '')) return credentials(idToken, null)
  if (refreshToken === '') return expired('id-token', end)

  const authority = await pemOf(
    'idp-certificate-authority',
    config['idp-certificate-authority-data'] ?? null,
    config['idp-certificate-authority'] ?? null,
  )
  if (!authority.ok) return authority
  const issuer = config['idp-issuer-url'] ?? ''
  const clientId = config['client-id'] ?? ''
  if (!URL.canParse(issuer) || clientId === '') {
    return unreadable('oidc-incomplete', 'The OIDC settings of the kubeconfig lack idp-issuer-url or client-id.')
  }
  const tokens = await refreshIdToken(
    {
      issuer,
      clientId,
      clientSecret: config['client-secret'] ?? null,
      certificateAuthority: authority.value,
      refreshToken,
    },
    (url) => environmentProxy(url, environment),
    signal,
  )
  if (!tokens.ok) return tokens
  const renewed = { ...config, 'id-token': tokens.value.idToken, 'refresh-token': tokens.value.refreshToken }
  return credentials(tokens.value.idToken, {
    ...entry,
    user: { ...entry.user, authProvider: { name, config: renewed } },
  })
}

function removedProvider(name: string): Outcome {
  const replacement = replacements[name]
  return replacement === undefined
    ? failure(
        'credentials-rejected',
        'unknown-auth-provider',
        name === '' ? 'The auth provider of the kubeconfig has no name.' : `The auth provider ${name} is not known.`,
        'Get a kubeconfig that uses a credential command (exec), a token or a certificate.',
      )
    : failure(
        'credentials-rejected',
        'removed-auth-provider',
        `The auth provider ${name} was removed from Kubernetes 1.26.`,
        replacement,
      )
}
