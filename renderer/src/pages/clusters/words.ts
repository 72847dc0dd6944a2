import type { ClusterDependents, LadderStepId } from '../../../../contract/clusters.ts'
import type { AuthKind } from '../../../../contract/kubeconfigs.ts'

const authWords: Record<AuthKind, string> = {
  'client-cert-data': 'client certificate',
  'client-cert-file': 'client certificate in a file',
  token: 'token',
  'token-file': 'token in a file',
  basic: 'name and password',
  exec: 'command',
  oidc: 'OpenID Connect',
  'auth-provider': 'auth provider',
  none: 'no credentials',
}

/** How a user proves who they are, in words. */
export const authWord = (kind: AuthKind): string => authWords[kind]
export const authList = (kinds: readonly AuthKind[]): string => kinds.map(authWord).join(' and ')

const plural = new Intl.PluralRules('en')

/** `1 forward`, `3 forwards`. */
export const counted = (count: number, one: string, many: string): string =>
  `${count} ${plural.select(count) === 'one' ? one : many}`

const stepWords: Record<LadderStepId, { name: string; asks: string }> = {
  dns: { name: 'Name', asks: 'Does the server’s name lead to an address?' },
  tcp: { name: 'Connection', asks: 'Does somebody answer at that address and port?' },
  proxy: { name: 'Proxy', asks: 'Does the proxy let us through?' },
  tls: { name: 'Certificate', asks: 'Is it the server we expect, and is its certificate valid?' },
  credentials: { name: 'Credentials', asks: 'Can the credentials be obtained?' },
  identity: { name: 'Identity', asks: 'Who does the server think you are?' },
  authorization: { name: 'Permissions', asks: 'May you read pods and port-forward?' },
  upgrade: { name: 'Tunnel', asks: 'Does the way there let a port-forward through?' },
  latency: { name: 'Latency', asks: 'How long does an answer take?' },
}
export const stepWord = (id: LadderStepId): { name: string; asks: string } => stepWords[id]

/** What removing a cluster takes with it, in a sentence. */
export function dependentsSentence({ forwards }: ClusterDependents): string {
  const connections = forwards.reduce((sum, forward) => sum + forward.connections, 0)
  if (forwards.length === 0) return 'No forward uses it.'
  const open = connections === 0 ? '' : ` ${counted(connections, 'connection', 'connections')} would end.`
  return `${counted(forwards.length, 'forward leads', 'forwards lead')} to it and will be removed too.${open}`
}
