import type { ApiFailure } from '../contract/sidecar.ts'
import { errorCode } from './error-code.ts'
import { ownCopy } from './own-copy.ts'

/** On which part of the way a connection ended. */
export type UnreachableDetail = 'dns' | 'refused' | 'timeout' | 'tls' | 'proxy' | 'no-route' | 'reset'

/** The way to the API server is broken; `message` is for people and holds no secret. An Error, so that it passes through undici. */
export class NetworkFailure extends Error {
  readonly detail: UnreachableDetail
  /** The code of the system or of OpenSSL, where there is one. */
  readonly code: string | null

  constructor(detail: UnreachableDetail, message: string, code: string | null = null) {
    // Kept as the cause for as long as it lasts; the address it names may have held a password.
    super(ownCopy(message))
    this.name = 'NetworkFailure'
    this.detail = detail
    this.code = code
  }
}

const details: Readonly<Record<string, UnreachableDetail>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  EHOSTDOWN: 'no-route',
  ENETDOWN: 'no-route',
  EADDRNOTAVAIL: 'no-route',
  EACCES: 'no-route',
  EPERM: 'no-route',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  EPROTO: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  CERT_REVOKED: 'tls',
  CERT_SIGNATURE_FAILURE: 'tls',
  CERT_UNTRUSTED: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
}

/** Reads an error of the system, of TLS or of undici; null when it says nothing about the network. */
export function networkFailureOf(error: unknown): NetworkFailure | null {
  if (error instanceof NetworkFailure) return error
  if (!(error instanceof Error)) return null
  // Several addresses were tried: the first failure stands for all of them.
  if (error instanceof AggregateError && error.errors.length > 0) {
    for (const one of error.errors as unknown[]) {
      const found = networkFailureOf(one)
      if (found !== null) return found
    }
  }
  const code = errorCode(error)
  if (code !== null) {
    const detail = details[code] ?? (/^ERR_(TLS|SSL|OSSL)_/.test(code) ? 'tls' : undefined)
    if (detail !== undefined) return new NetworkFailure(detail, error.message, code)
  }
  return error.cause === undefined ? null : networkFailureOf(error.cause)
}

/** The failure of a call that got no answer. `no-answer`: connected, but nothing came in time. */
export function failureOfError(error: unknown): ApiFailure {
  const code = errorCode(error)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return noAnswer()
  const network = networkFailureOf(error)
  if (network !== null) return unreachable(network.detail, network.message)
  return unreachable('reset', error instanceof Error ? error.message : 'the connection ended')
}

/** The failure of a call that found no way to the server, or lost it; `message` without a full stop. */
export const unreachable = (detail: UnreachableDetail, message: string): ApiFailure => ({
  class: 'unreachable',
  detail,
  status: null,
  message,
  rbac: null,
  retryAfterSeconds: null,
})

/** The failure of a call that was made and not answered in time. */
export const noAnswer = (message = 'connected, but no answer came in time'): ApiFailure => ({
  class: 'timeout',
  detail: null,
  status: null,
  message,
  rbac: null,
  retryAfterSeconds: null,
})
