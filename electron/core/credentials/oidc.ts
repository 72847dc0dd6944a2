import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { apiDispatcher } from '../../../network/api-call.ts'
import { failureOfError } from '../../../network/network-failure.ts'
import { plainConnection } from '../../../network/plain-connection.ts'
import { maskAddress } from '../kubeconfig/addresses.ts'
import { expired, failure, unreadable, type CredentialFailure } from './credential-failure.ts'

/** The fields of a kubeconfig's `auth-provider` of the name oidc (client-go, plugin/pkg/client/auth/oidc). */
export type OidcProvider = {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | null
  /** PEM; null: the system's authorities. */
  readonly certificateAuthority: string | null
  readonly refreshToken: string
}

export type OidcTokens = { readonly idToken: string; readonly refreshToken: string }

const timeLimitMs = 30_000
const maxAnswerBytes = 1024 * 1024

const Discovery = z.object({ token_endpoint: z.url({ protocol: /^https?$/ }) })
const Tokens = z.object({ id_token: z.string().optional(), refresh_token: z.string().optional() })
const Refusal = z.object({ error: z.string(), error_description: z.string().optional() })

type Answer = { readonly status: number; readonly json: unknown }

/**
 * Renews an id token at the issuer (OpenID Connect Discovery 1.0, section 4; Core 1.0, section 12; RFC 6749, section 6).
 * The issuer may hand out another refresh token, after which the old one is worth nothing: it must be stored.
 */
export async function refreshIdToken(
  provider: OidcProvider,
  proxyOf: (url: string) => string | null,
  signal: AbortSignal,
): Promise<Result<OidcTokens, CredentialFailure>> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)])
  const call = (url: string, options?: Partial<Dispatcher.RequestOptions>): Promise<Answer> =>
    request(url, options ?? {}, { ...provider, proxyUrl: proxyOf(url) }, late)
  try {
    const discovery = await call(`${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const found = Discovery.safeParse(discovery.json)
    if (discovery.status !== 200 || !found.success) {
      return unreadable(
        'oidc-discovery',
        `The sign-in server ${maskAddress(provider.issuer)} did not say where tokens are renewed.`,
      )
    }
    const answer = await askForTokens(found.data.token_endpoint, provider, call)
    return answer.status === 200 ? tokensOf(answer, provider) : refusalOf(answer, provider)
  } catch (error) {
    const network = failureOfError(error)
    const detail = late.aborted ? 'timeout' : network.detail
    return failure(
      'cluster-unreachable',
      detail,
      `The sign-in server ${maskAddress(provider.issuer)} cannot be reached: ${late.aborted ? 'no answer in time' : network.message}`,
      'Check the network, the proxy and the address of the sign-in server.',
    )
  }
}

/** The client says who it is in the header, and where the issuer does not take that, in the body. */
async function askForTokens(
  endpoint: string,
  { clientId, clientSecret, refreshToken }: OidcProvider,
  call: (url: string, options: Partial<Dispatcher.RequestOptions>) => Promise<Answer>,
): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const post = (fields: Record<string, string>, more: Record<string, string> = {}): Promise<Answer> =>
    call(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...more },
      body: new URLSearchParams(fields).toString(),
    })
  if (clientSecret === null) return post({ ...form, client_id: clientId })
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')
  const answer = await post(form, { authorization: `Basic ${basic}` })
  const refusal = Refusal.safeParse(answer.json)
  const unknownClient = answer.status === 401 || (refusal.success && refusal.data.error === 'invalid_client')
  return unknownClient ? post({ ...form, client_id: clientId, client_secret: clientSecret }) : answer
}

async function request(
  url: string,
  options: Partial<Dispatcher.RequestOptions>,
  way: { certificateAuthority: string | null; proxyUrl: string | null },
  signal: AbortSignal,
): Promise<Answer> {
  const { origin, pathname, search } = new URL(url)
  const dispatcher = apiDispatcher(issuerConnection(origin, way))
  try {
    const answer = await dispatcher.request({
      method: 'GET',
      ...options,
      headers: { accept: 'application/json', 'user-agent': 'mooring', ...(options.headers as Record<string, string>) },
      origin,
      path: pathname + search,
      signal,
    })
    let text = ''
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      text += chunk.toString('utf8')
      if (text.length > maxAnswerBytes) throw new Error('the answer is too large')
    }
    return { status: answer.statusCode, json: parseJson(text) }
  } finally {
    await dispatcher.destroy()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function tokensOf(answer: Answer, provider: OidcProvider): Result<OidcTokens, CredentialFailure> {
  const tokens = Tokens.safeParse(answer.json)
  const idToken = tokens.success ? tokens.data.id_token : undefined
  if (idToken === undefined || idToken === '') {
    return unreadable(
      'oidc-no-id-token',
      `The sign-in server ${maskAddress(provider.issuer)} renewed the sign-in but gave no ID token.`,
    )
  }
  const rotated = tokens.success ? tokens.data.refresh_token : undefined
  return ok({ idToken, refreshToken: rotated === undefined || rotated === '' ? provider.refreshToken : rotated })
}

function refusalOf(answer: Answer, { issuer }: OidcProvider): Result<OidcTokens, CredentialFailure> {
  const refusal = Refusal.safeParse(answer.json)
  const shown = maskAddress(issuer)
  if (refusal.success && refusal.data.error === 'invalid_grant') return expired('refresh-token', null)
  if (answer.status >= 500) {
    return failure(
      'cluster-unreachable',
      'sign-in-server',
      `The sign-in server ${shown} answered ${answer.status}.`,
      'Try again later, or ask the administrator of the sign-in server.',
    )
  }
  const words = refusal.success ? refusal.data.error : `status ${answer.status}`
  return fail({
    code: 'credentials-rejected',
    detail: 'oidc-refused',
    message: `The sign-in server ${shown} refused to renew the token (${words.slice(0, 100)}).`,
    next: 'Check the client ID and the client secret in the kubeconfig, or sign in again and replace the credentials.',
  })
}

/** How to speak with the issuer, in the words of a cluster's connection. */
const issuerConnection = (
  server: string,
  { certificateAuthority, proxyUrl }: { certificateAuthority: string | null; proxyUrl: string | null },
): ClusterConnection => plainConnection(server, { certificateAuthority, proxyUrl, disableCompression: true })
