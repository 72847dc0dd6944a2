import http from 'node:http'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { ApiFailure, ClusterConnection } from '../../../contract/sidecar.ts'
import { ok, type Result } from '../../../contract/errors.ts'
import { callApi, requestOf } from '../../../network/api-call.ts'
import { failureOfAnswer } from '../../../network/api-failure.ts'
import { connectSocket } from '../../../network/connect-socket.ts'
import { failureOfError, noAnswer } from '../../../network/network-failure.ts'
import { clusterCause } from './api-words.ts'
import { dayWords, readCertificate, soonMs, subjectWords } from './certificate-words.ts'
import { failed, okay, skipped, type StepOutcome, warning } from './ladder-steps.ts'

const renew = 'Get a new kubeconfig from where this one came from, and replace the credentials of this cluster.'

/** What the resolved credentials are, without showing them; ended ones are named before the server says only "Unauthorized". */
export function stepCredentials(connection: ClusterConnection, now: number): StepOutcome {
  const { clientCertificate, token, basic, impersonate, expiresAt } = connection
  const acting = impersonate?.user === null || impersonate === null ? '' : `, acting as ${impersonate.user}`
  const certificate = clientCertificate === null ? null : readCertificate(clientCertificate)
  if (certificate !== null) {
    const end = certificate.validToDate.getTime()
    const words = `the client certificate of ${subjectWords(certificate)}`
    if (end <= now && token === null) {
      return failed('credentials-expired', 'client-certificate', `${words} expired on ${dayWords(end, now)}`, renew)
    }
    const detail = `${words}, valid until ${dayWords(end, now)}${acting}`
    return end - now < soonMs ? warning(detail, 'Get a new kubeconfig soon.') : okay(detail)
  }
  if (token !== null) {
    if (expiresAt !== null && expiresAt <= now) {
      return failed('credentials-expired', 'token', `the token expired on ${dayWords(expiresAt, now)}`, renew)
    }
    return okay(`a token${expiresAt === null ? '' : `, valid until ${new Date(expiresAt).toISOString()}`}${acting}`)
  }
  if (basic !== null) {
    return warning(
      `a user name (${basic.username}) and a password${acting}`,
      'Kubernetes servers since 1.19 ignore passwords; get a kubeconfig with a token or a certificate.',
    )
  }
  return warning(
    'the kubeconfig has no credentials',
    'The server knows you as "system:anonymous" then; get a kubeconfig with credentials.',
  )
}

export type Call = (
  path: string,
  body?: unknown,
  query?: Record<string, string | number>,
) => Promise<Result<unknown, ApiFailure>>

/** Calls of the API on kept connections; an abort of the signal throws its reason. */
export const caller =
  (dispatcher: Dispatcher, connection: ClusterConnection, signal: AbortSignal, timeoutMs: number): Call =>
  async (path, body, query) =>
    await callApi(dispatcher, connection, {
      path,
      signal,
      timeoutMs,
      ...(body === undefined ? {} : { method: 'POST', body }),
      ...(query === undefined ? {} : { query }),
    })

const refused = (failure: ApiFailure): StepOutcome => {
  const { code, detail, message, next } = clusterCause(failure)
  return failed(code, detail, message, next)
}

export type Identity = { readonly outcome: StepOutcome; readonly user: string }

/** Asks the server who it thinks we are (SelfSubjectReview, KEP-3325; older servers do not know it). */
export async function stepIdentity(call: Call): Promise<Identity> {
  for (const version of ['v1', 'v1beta1']) {
    const kind = { apiVersion: `authentication.k8s.io/${version}`, kind: 'SelfSubjectReview' }
    const answer = await call(`/apis/authentication.k8s.io/${version}/selfsubjectreviews`, kind)
    if (!answer.ok && answer.error.class === 'not-found') continue
    if (!answer.ok && answer.error.class === 'forbidden' && answer.error.rbac !== null)
      return identityWords(answer.error.rbac.user, [])
    if (!answer.ok) return unknownIdentity(refused(answer.error))
    const { userInfo } =
      (answer.value as { status?: { userInfo?: { username?: string; groups?: string[] } } }).status ?? {}
    return identityWords(userInfo?.username ?? 'unknown', userInfo?.groups ?? [])
  }
  const answer = await call('/version')
  if (!answer.ok && answer.error.class !== 'forbidden') return unknownIdentity(refused(answer.error))
  return unknownIdentity(okay('the server accepts them; it is too old to say as whom it knows you'))
}

const unknownIdentity = (outcome: StepOutcome): Identity => ({ outcome, user: 'you' })

function identityWords(user: string, groups: readonly string[]): Identity {
  const detail =
    groups.length === 0
      ? `the server knows you as "${user}"`
      : `the server knows you as "${user}", in ${groups.join(', ')}`
  if (user !== 'system:anonymous') return { outcome: okay(detail), user }
  const outcome = warning(
    detail,
    'It ignored the credentials, or the kubeconfig has none: get a kubeconfig with credentials that this server accepts.',
  )
  return { outcome, user }
}

type Right = { verb: string; group: string; resource: string; subresource?: string }

/** What Mooring itself needs in a namespace. Port-forward needs `create` from Kubernetes 1.35 on, before that `get` over WebSockets. */
const rights: readonly Right[] = [
  { verb: 'list', group: '', resource: 'pods' },
  { verb: 'watch', group: '', resource: 'pods' },
  { verb: 'get', group: '', resource: 'pods', subresource: 'portforward' },
  { verb: 'create', group: '', resource: 'pods', subresource: 'portforward' },
  { verb: 'list', group: '', resource: 'services' },
  { verb: 'watch', group: '', resource: 'services' },
  { verb: 'list', group: 'discovery.k8s.io', resource: 'endpointslices' },
  { verb: 'watch', group: 'discovery.k8s.io', resource: 'endpointslices' },
]

const resourceWords = ({ group, resource, subresource }: Right): string =>
  `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`

/** `list and watch pods, create pods/portforward` */
const rightsWords = (asked: readonly Right[]): string =>
  [...Map.groupBy(asked, resourceWords)]
    .map(([resource, each]) => `${each.map(({ verb }) => verb).join(' and ')} ${resource}`)
    .join(', ')

/** Asks what we may do in the namespace (SelfSubjectAccessReview), all at once. */
export async function stepAuthorization(call: Call, namespace: string, user: string): Promise<StepOutcome> {
  const answers = await Promise.all(
    rights.map((right) =>
      call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { ...right, namespace } },
      }),
    ),
  )
  const missing: Right[] = []
  for (const [index, right] of rights.entries()) {
    const answer = answers[index]
    if (answer === undefined) continue
    if (!answer.ok) {
      return answer.error.class === 'forbidden'
        ? warning(
            `the server does not say what "${user}" may do`,
            'Start a forward: if a permission is missing, it says which.',
          )
        : refused(answer.error)
    }
    const { allowed } = (answer.value as { status?: { allowed?: boolean } }).status ?? {}
    if (allowed !== true) missing.push(right)
  }
  if (missing.length === 0) return okay(`you may do everything that Mooring needs in namespace ${namespace}`)
  return warning(
    `"${user}" may not ${rightsWords(missing)} in namespace ${namespace}`,
    'Ask the cluster administrator for a role with these permissions. Other namespaces may allow more.',
  )
}

const Pod = z.object({ namespace: z.string(), name: z.string(), deletionTimestamp: z.string().optional() })
type Pod = z.infer<typeof Pod>
const PodList = z.object({ items: z.array(z.object({ metadata: Pod })) })

/** So many are looked at for one that runs. */
const mostListed = 20
/** So many are tried before it is said that no tunnel opens. */
const mostTried = 3

/** Pods that run and are not about to end: in the namespace, or anywhere; none where none may be seen. */
async function runningPods(call: Call, namespace: string): Promise<Result<Pod[], ApiFailure>> {
  for (const path of [`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, '/api/v1/pods']) {
    const answer = await call(path, undefined, { fieldSelector: 'status.phase=Running', limit: mostListed })
    if (!answer.ok && answer.error.class !== 'forbidden') return answer
    const { data } = PodList.safeParse(answer.ok ? answer.value : null)
    const pods = (data?.items ?? []).map(({ metadata }) => metadata)
    const staying = pods.filter(({ deletionTimestamp }) => deletionTimestamp === undefined)
    if (staying.length > 0) return ok(staying)
  }
  return ok([])
}

/**
 * Opens the tunnel of a port-forward (POST with `Upgrade: SPDY/3.1`) and no stream in it, so that no port is touched:
 * shows that the way from here to a node lets upgrades through. After a failure it is asked again which pods run: one
 * that has gone meanwhile says nothing of its node.
 */
export async function stepUpgrade(
  connection: ClusterConnection,
  call: Call,
  namespace: string,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const tried = new Map<string, StepOutcome>()
  for (;;) {
    const found = await runningPods(call, namespace)
    if (!found.ok) return refused(found.error)
    const pod = found.value.find((one) => !tried.has(keyOf(one)))
    if (pod === undefined || tried.size === mostTried) {
      const failures = found.value.flatMap((one) => tried.get(keyOf(one)) ?? [])
      return failures[0] ?? skipped('there is no running pod to try it with')
    }
    const outcome = upgradeWords(pod, await tryUpgrade(connection, pod, signal))
    if (outcome.status !== 'fail' || signal.aborted) return outcome
    tried.set(keyOf(pod), outcome)
  }
}

const keyOf = ({ namespace, name }: Pod): string => `${namespace}/${name}`

function upgradeWords(pod: Pod, answer: ApiFailure | 'upgraded'): StepOutcome {
  const where = `pod ${pod.name} in ${pod.namespace}`
  if (answer === 'upgraded') return okay(`a port-forward to ${where} can be opened`)
  if (answer.class === 'forbidden') {
    const { message, next } = clusterCause(answer)
    return warning(message, next)
  }
  if (answer.status !== null && answer.status >= 500) {
    return failed(
      'node-unreachable',
      null,
      `no port-forward to ${where} can be opened: ${answer.message}`,
      "Ask the cluster administrator to look at the pod's node: its kubelet or container runtime does not answer.",
    )
  }
  return failed(
    'upgrade-refused',
    answer.status === null ? answer.detail : String(answer.status),
    `no port-forward to ${where} can be opened: ${answer.message}`,
    'A proxy or load balancer in front of the API server may not let upgrades through: have it allow them, or use another way.',
  )
}

async function tryUpgrade(
  connection: ClusterConnection,
  pod: Pod,
  signal: AbortSignal,
): Promise<ApiFailure | 'upgraded'> {
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/portforward`
  const request = requestOf(connection, { method: 'POST', path }, signal)
  try {
    const socket = await connectSocket(connection, signal)
    return await new Promise((resolve, reject) => {
      const sent = http.request({
        method: 'POST',
        path: request.path,
        host: new URL(connection.server).host,
        headers: {
          ...(request.headers as http.OutgoingHttpHeaders),
          host: new URL(connection.server).host,
          // This path answers with a protocol, not with JSON: asking for JSON gets 406.
          accept: '*/*',
          connection: 'Upgrade',
          upgrade: 'SPDY/3.1',
          'x-stream-protocol-version': 'portforward.k8s.io',
          'content-length': 0,
        },
        createConnection: () => socket,
        signal,
      })
      sent.on('error', reject)
      sent.on('upgrade', (_response, upgraded) => {
        upgraded.on('error', () => undefined)
        upgraded.destroy()
        resolve('upgraded')
      })
      sent.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          socket.destroy()
          const body = Buffer.concat(chunks).toString('utf8')
          resolve(failureOfAnswer({ status: response.statusCode ?? 0, headers: response.headers, body }))
        })
      })
      sent.end()
    })
  } catch (error) {
    const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
    if (signal.aborted && !timedOut) throw signal.reason
    return signal.aborted ? noAnswer() : failureOfError(error)
  }
}

export type Latency = {
  readonly outcome: StepOutcome
  readonly gitVersion: string | null
  readonly medianMs?: number
}

/** The median of three small questions on one connection that is open already. */
export async function stepLatency(call: Call): Promise<Latency> {
  const times: number[] = []
  let gitVersion: string | null = null
  for (let round = 0; round < 3; round += 1) {
    const begun = performance.now()
    const answer = await call('/version')
    if (!answer.ok && answer.error.class !== 'forbidden') return { outcome: refused(answer.error), gitVersion }
    times.push(performance.now() - begun)
    if (answer.ok) gitVersion = (answer.value as { gitVersion?: string }).gitVersion ?? null
  }
  const median = times.sort((a, b) => a - b)[1] ?? 0
  const detail = `${median < 10 ? median.toFixed(1) : Math.round(median)} ms for a small request (median of 3)`
  const slow = 'The connection to the cluster is slow: lists take longer, forwards work. Check the network or VPN.'
  return { outcome: median > 1_000 ? warning(detail, slow) : okay(detail), gitVersion, medianMs: median }
}
