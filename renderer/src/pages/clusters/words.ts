import { type ClusterDependents, type LadderStepId, ladderStepNames } from '../../../../contract/clusters.ts'
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

const questions: Record<LadderStepId, string> = {
  dns: "Does the server's name lead to an address?",
  tcp: 'Does somebody answer at that address and port?',
  proxy: 'Does the proxy let us through?',
  tls: 'Is it the server we expect, and is its certificate valid?',
  credentials: 'Can the credentials be obtained?',
  identity: 'Who does the server think you are?',
  authorization: 'May you read pods and port-forward?',
  upgrade: 'Does the way there let a port-forward through?',
  latency: 'How long does an answer take?',
}
export const stepWord = (id: LadderStepId): { name: string; asks: string } => ({
  name: ladderStepNames[id],
  asks: questions[id],
})

/** What removing a cluster takes with it, in a sentence. */
export function dependentsSentence({ forwards }: ClusterDependents): string {
  const connections = forwards.reduce((sum, forward) => sum + forward.connections, 0)
  if (forwards.length === 0) return 'No forward uses it.'
  const open = connections === 0 ? '' : ` ${counted(connections, 'connection', 'connections')} would end.`
  return `${counted(forwards.length, 'forward leads', 'forwards lead')} to it and will be removed too.${open}`
}
