import type { ClusterConnection } from '../contract/sidecar.ts'

type Credentials = Pick<ClusterConnection, 'token' | 'basic' | 'impersonate'>

/**
 * The headers that say who calls: bearer token or basic, and impersonation
 * (kubernetes.io/docs/reference/access-authn-authz/authentication, "User impersonation"). Values that repeat are arrays.
 */
export function credentialHeaders(credentials: Credentials): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  if (credentials.token !== null) headers['authorization'] = `Bearer ${credentials.token.trim()}`
  else if (credentials.basic !== null) {
    const pair = `${credentials.basic.username}:${credentials.basic.password}`
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
  }
  const { impersonate } = credentials
  if (impersonate === null) return headers
  if (impersonate.user !== null) headers['impersonate-user'] = headerText(impersonate.user)
  if (impersonate.uid !== null) headers['impersonate-uid'] = headerText(impersonate.uid)
  if (impersonate.groups.length > 0) headers['impersonate-group'] = impersonate.groups.map(headerText)
  for (const [key, values] of Object.entries(impersonate.extra)) {
    if (values.length > 0) headers[`impersonate-extra-${escapeKey(key)}`] = values.map(headerText)
  }
  return headers
}

/** Header values are bytes; the API server reads them as UTF-8, Node writes latin1. Line breaks would end the header. */
const headerText = (text: string): string => Buffer.from(text.replaceAll(/[\r\n]/g, ' '), 'utf8').toString('latin1')

/** Keys may hold characters that header names may not (RFC 7230 tokens): those travel percent-encoded, as client-go does. */
const escapeKey = (key: string): string =>
  [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character)
        ? character.toLowerCase()
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
