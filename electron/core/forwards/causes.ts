import type { Cause, CauseCode } from '../../../contract/causes.ts'
import type { ClusterStatus } from '../../../contract/clusters.ts'
import type { ApiFailure } from '../../../contract/sidecar.ts'
import { type Rbac, rbacWords } from '../clusters/rbac-words.ts'
import type { CredentialFailure } from '../credentials/credential-failure.ts'
import { causeWords, type CauseContext } from './cause-words.ts'
import type { Failure } from './evidence.ts'
import type { TunnelFailure } from './tunnel/tunnel.ts'

export { causeOfKubectlLine } from './tunnel/kubectl-lines.ts'

/**
 * What a cause asks of us: `retry` = tried again soon, clients wait; `person` = only a person can mend it: tried every
 * 15 s, clients are closed; `credentials` = the same, but not tried again until a hint, because trying runs commands
 * and locks accounts.
 */
export type CausePolicy = 'retry' | 'person' | 'credentials'

const policies: Partial<Record<CauseCode, CausePolicy>> = {
  'credentials-expired': 'credentials',
  'credentials-rejected': 'credentials',
  'credentials-command-missing': 'credentials',
  'credentials-command-failed': 'credentials',
  'credentials-command-not-allowed': 'credentials',
  'vault-locked': 'credentials',
  forbidden: 'person',
  'namespace-missing': 'person',
  'target-missing': 'person',
  'port-not-in-target': 'person',
  'local-port-taken': 'person',
  'local-port-forbidden': 'person',
  'kubectl-missing': 'person',
}

/** How a forward goes on after this cause; what the table leaves out is simply tried again. */
export const policyOf = (code: CauseCode): CausePolicy => policies[code] ?? 'retry'

/** Says only that it broke; the pod watch, or the API server, holds the reason. */
const vague = new Set<CauseCode>(['tunnel-lost', 'tunnel-stalled', 'kubectl-failed', 'connecting'])
/** kubectl waited without a word; it does so for most of what can be wrong. */
const silent = new Set(['kubectl-silent', 'no-pod-in-time'])
export const isVagueFailure = ({ code, detail, words }: Failure): boolean =>
  words === undefined && (vague.has(code) || silent.has(detail ?? ''))

/** Builds a cause with its words. `since` in ms since the epoch. */
export function causeOf(failure: Failure, context: Omit<CauseContext, 'facts'>, since: number): Cause {
  const facts = failure.facts === '' ? null : failure.facts
  const words =
    failure.words ?? causeWords(failure.code, failure.detail, { ...context, pod: failure.pod ?? context.pod, facts })
  return { code: failure.code, detail: failure.detail, message: words.message, next: words.next, since }
}

/** What the API server, or the way to it, said about a question of ours. */
export function causeOfApiFailure(failure: ApiFailure): Failure {
  const { message, rbac } = failure
  const failed = (code: CauseCode, detail: string | null, facts: string | null): Failure => ({ code, detail, facts })
  switch (failure.class) {
    case 'unauthorized':
      return failed('credentials-rejected', 'unauthorized', null)
    case 'forbidden':
      // Without an authoriser's refusal it is an admission rule or a quota: a role would not help.
      return rbac === null
        ? failed('api-unavailable', 'refused', message)
        : failed('forbidden', rbacDetail(rbac), rbacWords(rbac))
    case 'not-found':
      return /^namespaces? "/.test(message)
        ? failed('namespace-missing', null, message)
        : failed('target-missing', null, message)
    case 'unreachable':
      return failed('cluster-unreachable', failure.detail, message)
    case 'timeout':
    case 'server':
    case 'unavailable':
    case 'gateway':
    case 'throttled':
    case 'conflict':
    case 'expired':
    case 'invalid':
    case 'too-large':
    case 'bad-request':
      return failed('api-unavailable', failure.class, message)
  }
}

const rbacDetail = ({ verb, resource, path }: Rbac): string => `${verb} ${resource ?? path ?? ''}`.trim()

/** An authoriser's sentence in kubectl's line. */
const refusedLine =
  /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/

/** Why a look did not reach the cluster; null: it did, nobody looked, or it was for another reason than the way and the server. */
export function failureOfCluster({ status, cause }: Pick<ClusterStatus, 'status' | 'cause'>): Failure | null {
  if (status !== 'disconnected' || cause === null) return null
  const { code, detail } = cause
  return isAboutTheServer(code, detail) ? { code, detail, facts: null } : null
}

/** Of these answers nothing follows for other questions to the same server. */
const answers: ReadonlySet<string | null> = new Set<ApiFailure['class'] | 'refused'>([
  'refused',
  'not-found',
  'throttled',
  'conflict',
  'expired',
  'invalid',
  'too-large',
  'bad-request',
])

/** Whether it is about the way to the API server, or about the server as a whole: whoever asks it meets the same. */
export const isAboutTheServer = (
  code: string,
  detail: string | null,
): code is 'cluster-unreachable' | 'api-unavailable' =>
  code === 'cluster-unreachable' || (code === 'api-unavailable' && !answers.has(detail))

/** What a tunnel said when it ended; a refusal in the same words as everywhere. */
export function failureOfTunnel({ code, detail, message, next }: TunnelFailure): Failure {
  if (next !== undefined) return { code, detail, facts: message, words: { message, next } }
  const found = code === 'forbidden' ? refusedLine.exec(message)?.groups : undefined
  if (found === undefined) return { code, detail, facts: message }
  const rbac = {
    user: found.user ?? '',
    verb: found.verb ?? '',
    resource: found.resource ?? null,
    group: found.group ?? null,
    namespace: found.namespace ?? null,
    name: null,
    path: null,
  }
  return { code, detail: rbacDetail(rbac), facts: rbacWords(rbac) }
}

/** Why there are no credentials; their own words are the best there are. */
export const failureOfCredentials = ({ code, detail, message, next }: CredentialFailure): Failure => ({
  code,
  detail,
  facts: null,
  words: { message, next },
})
