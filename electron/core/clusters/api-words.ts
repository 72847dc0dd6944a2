import { assertNever } from '../../../contract/assert-never.ts'
import type { CauseCode } from '../../../contract/causes.ts'
import type { ClusterCause } from '../../../contract/clusters.ts'
import { appError, type AppError } from '../../../contract/errors.ts'
import type { ApiFailure } from '../../../contract/sidecar.ts'
import { rbacWords } from './rbac-words.ts'
import { isWay, type Words as WayWords, wayWords } from './way-words.ts'

type Words = { readonly code: CauseCode; readonly message: string; readonly next: string }

/** What a failed call means for the whole cluster, in words with the next step; an answer is narrowed by its class. */
export function clusterCause(failure: ApiFailure): ClusterCause {
  const { code, message, next } = wordsOf(failure)
  return { code, detail: code === 'api-unavailable' ? failure.class : failure.detail, message, next }
}

/** The same as the error of an operation. */
export function apiError(failure: ApiFailure): AppError {
  const { message, next } = wordsOf(failure)
  const details = { class: failure.class, status: failure.status, rbac: failure.rbac }
  const code = (() => {
    switch (failure.class) {
      case 'unauthorized':
        return 'credentials-rejected'
      case 'forbidden':
        return 'forbidden'
      case 'not-found':
        return 'not-found'
      case 'unreachable':
      case 'timeout':
        return 'cluster-unreachable'
      default:
        return 'api-refused'
    }
  })()
  return appError(code, message, next, { cause: failure.message, details })
}

function wordsOf(failure: ApiFailure): Words {
  const status = failure.status === null ? '' : ` (${failure.status})`
  switch (failure.class) {
    case 'unauthorized':
      return {
        code: 'credentials-rejected',
        message: 'The server does not accept these credentials.',
        next: 'Check the credentials in the kubeconfig; they may have expired. Replace them with a new kubeconfig.',
      }
    case 'forbidden':
      return {
        code: 'forbidden',
        message: refusal(failure),
        next: 'Ask the cluster administrator for this permission.',
      }
    case 'not-found':
      return {
        code: 'api-unavailable',
        message: `The server did not find what was asked for${status}: ${failure.message}.`,
        next: 'Check that it exists, and that the address leads to a Kubernetes API server.',
      }
    case 'unreachable':
      return { code: 'cluster-unreachable', ...unreachableWords(failure) }
    case 'timeout':
      return {
        code: 'api-unavailable',
        message: `The server did not answer in time${status}.`,
        next: 'Check the network and the health of the cluster; its etcd may be down.',
      }
    case 'throttled':
      return {
        code: 'api-unavailable',
        message: `The server has too much to do${status}: ${failure.message}.`,
        next: 'Wait a moment; it is tried again.',
      }
    case 'server':
    case 'unavailable':
    case 'gateway':
      return {
        code: 'api-unavailable',
        message: `The server cannot answer now${status}: ${failure.message}.`,
        next: "Check the cluster's health, and what stands in front of its API server.",
      }
    case 'conflict':
    case 'expired':
    case 'invalid':
    case 'too-large':
    case 'bad-request':
      return {
        code: 'api-unavailable',
        message: `The server refused the request${status}: ${failure.message}.`,
        next: 'Try again; if it stays so, the server may be too old, or not a Kubernetes API server.',
      }
    default:
      return assertNever(failure.class)
  }
}

/** Names verb, resource, namespace and who the server thinks you are, where it said so. */
export const refusal = ({ rbac, message }: ApiFailure): string =>
  rbac === null ? `The server does not allow this: ${message}.` : rbacWords(rbac)

/** A detail that is no way (an end of ours) is a connection that was cut. */
const unreachableWords = ({ detail, message }: ApiFailure): WayWords =>
  wayWords(isWay(detail) ? detail : 'reset', { server: 'the API server', facts: message })
