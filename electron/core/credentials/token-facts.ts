/** When a JSON Web Token ends (its `exp` claim, RFC 7519), ms since the epoch; null: no JWT, or it does not say. */
export function expiryOfToken(token: string): number | null {
  const parts = token.split('.')
  if (parts.length !== 3) return null
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return null
    return typeof claims.exp === 'number' && Number.isFinite(claims.exp) ? Math.floor(claims.exp * 1000) : null
  } catch {
    return null
  }
}

/** Whether a token can stand in a header (RFC 9110, 5.5: no control characters), as Go's http client asks. */
export const fitsIntoHeader = (token: string): boolean => !/[^\t\x20-\x7e\x80-\u{10ffff}]/u.test(token)
