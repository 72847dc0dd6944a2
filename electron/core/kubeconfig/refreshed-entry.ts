import type { KubeconfigEntry } from './entry.ts'

/** Fields of an OIDC provider's settings that change when its tokens are refreshed. */
const tokens: ReadonlySet<string> = new Set(['id-token', 'refresh-token', 'access-token', 'expiry'])

/** True when two entries differ in the tokens of their auth provider at most: the same credentials, refreshed. */
export const sameButTokens = (one: KubeconfigEntry, other: KubeconfigEntry): boolean =>
  withoutTokens(one) === withoutTokens(other)

function withoutTokens({ context, cluster, user }: KubeconfigEntry): string {
  const config = Object.entries(user.authProvider?.config ?? {})
    .filter(([name]) => !tokens.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const authProvider = user.authProvider === null ? null : { name: user.authProvider.name, config }
  return JSON.stringify([context, cluster, { ...user, authProvider }])
}
