import type { ApiFailure } from '../contract/sidecar.ts'

type FailureClass = ApiFailure['class']
type Rbac = NonNullable<ApiFailure['rbac']>

/** What a failed call answered: HTTP status, headers in lower case, body as text. */
export type FailedAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const classOfStatus: Readonly<Record<number, FailureClass>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  410: 'expired',
  413: 'too-large',
  422: 'invalid',
  429: 'throttled',
  502: 'gateway',
  503: 'unavailable',
  504: 'timeout',
}

/** Reasons that say more than the status they come with (apimachinery `StatusReason`). */
const classOfReason: Readonly<Record<string, FailureClass>> = {
  Expired: 'expired',
  Gone: 'expired',
  ServerTimeout: 'timeout',
  Timeout: 'timeout',
  TooManyRequests: 'throttled',
  ServiceUnavailable: 'unavailable',
  RequestEntityTooLarge: 'too-large',
}

type StatusObject = {
  kind?: unknown
  message?: unknown
  reason?: unknown
  code?: unknown
  details?: { name?: unknown; retryAfterSeconds?: unknown } | null
}

/** Says what a failed API call means, from its status and its `Status` object, or from the status alone where there is none. */
export function failureOfAnswer(answer: FailedAnswer): ApiFailure {
  return failureOfStatusObject(statusObjectIn(answer.body), answer)
}

/** The same for the `Status` object of a watch's ERROR event, whose code stands for the HTTP status. */
export function failureOfWatchError(object: unknown): ApiFailure {
  const status = object as StatusObject
  const code = typeof status.code === 'number' ? status.code : 500
  return failureOfStatusObject(status, { status: code, body: '' })
}

function failureOfStatusObject(object: StatusObject | null, answer: FailedAnswer): ApiFailure {
  const reason = typeof object?.reason === 'string' ? object.reason : null
  const message = typeof object?.message === 'string' && object.message !== '' ? object.message : plainMessage(answer)
  const name = typeof object?.details?.name === 'string' && object.details.name !== '' ? object.details.name : null
  return {
    class: (reason === null ? undefined : classOfReason[reason]) ?? classOf(answer.status),
    detail: null,
    status: answer.status,
    message,
    rbac: answer.status === 403 ? rbacIn(message, name) : null,
    retryAfterSeconds: retryAfter(object, answer.headers),
  }
}

function classOf(status: number): FailureClass {
  const known = classOfStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'server'
  // A redirect, or a success that is none, comes from something in front of the API server.
  return status < 400 ? 'gateway' : 'bad-request'
}

function statusObjectIn(body: string): StatusObject | null {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null) return null
    return (parsed as StatusObject).kind === 'Status' ? parsed : null
  } catch {
    return null
  }
}

function plainMessage({ status, headers, body }: FailedAnswer): string {
  const contentType = oneHeader(headers?.['content-type'])?.split(';')[0] ?? 'no content type'
  const line = body.trim().split('\n', 1)[0] ?? ''
  const readable = line.length > 0 && line.length <= 200 && !/^[<{]/.test(line)
  return readable
    ? `the server answered ${status}: ${line}`
    : `the server answered ${status} without a reason (${contentType})`
}

// The words are those of the API server's forbidden message (apiserver responsewriters/errors.go); %q quotes the names.
const quoted = '"((?:[^"\\\\]|\\\\.)*)"'
const refusedResource = new RegExp(
  `User ${quoted} cannot (\\S+) resource ${quoted} in API group ${quoted}(?: in the namespace ${quoted}| at the cluster scope)`,
)
const refusedPath = new RegExp(`User ${quoted} cannot (\\S+) path ${quoted}`)

/** Who may not do what; null where something other than an authoriser refused (a quota, an admission rule). */
function rbacIn(message: string, name: string | null): Rbac | null {
  const resource = refusedResource.exec(message)
  if (resource !== null) {
    const [, user = '', verb = '', what = '', group = '', namespace] = resource
    return {
      user: unquote(user),
      verb,
      resource: what,
      group,
      namespace: namespace === undefined ? null : unquote(namespace),
      name,
      path: null,
    }
  }
  const path = refusedPath.exec(message)
  if (path === null) return null
  const [, user = '', verb = '', where = ''] = path
  return { user: unquote(user), verb, resource: null, group: null, namespace: null, name: null, path: where }
}

const unquote = (text: string): string => text.replaceAll(/\\(["\\])/g, '$1')

function retryAfter(object: StatusObject | null, headers: FailedAnswer['headers']): number | null {
  const inBody = object?.details?.retryAfterSeconds
  if (typeof inBody === 'number' && inBody > 0) return inBody
  const inHeader = Number(oneHeader(headers?.['retry-after']))
  return Number.isFinite(inHeader) && inHeader > 0 ? inHeader : null
}

const oneHeader = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value
