import { appError, fail, type AppError, type ErrorCode, type Result } from '../../../contract/errors.ts'
import type { SidecarMethod, SidecarParams, SidecarResult } from '../../../contract/sidecar.ts'
import type { CredentialFailure, Credentials } from '../credentials/credentials.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import type { SidecarClient } from '../sidecar/sidecar-client.ts'
import { apiError } from './api-words.ts'
import { noSuchCluster } from './cluster-records.ts'

/** Lists are read within this time, ms. */
const listMs = 30_000

export type DiscoveryOptions = {
  readonly credentials: Pick<Credentials, 'resolve'>
  readonly sidecar: Pick<SidecarClient, 'request' | 'setCluster'>
  /** Somebody looks at the cluster; false: there is no such cluster. */
  readonly opened: (clusterId: string) => boolean
}

export type DiscoveryOperation = `clusters.${'namespaces' | 'pods' | 'services' | 'workloads'}`

/** What is in a cluster, for choosing: asks the sidecar, with credentials that count now. */
export class ClusterDiscovery {
  readonly #options: DiscoveryOptions

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  handlers(): HandlersOf<DiscoveryOperation> {
    return {
      'clusters.namespaces': ({ id }, { signal }) => this.#ask(id, 'namespaces', { clusterId: id }, signal),
      'clusters.pods': ({ id, namespace, phase }, { signal }) =>
        this.#ask(id, 'pods', { clusterId: id, ...given('namespace', namespace), ...given('phase', phase) }, signal),
      'clusters.services': ({ id, namespace }, { signal }) =>
        this.#ask(id, 'services', { clusterId: id, ...given('namespace', namespace) }, signal),
      'clusters.workloads': ({ id, namespace }, { signal }) =>
        this.#ask(id, 'workloads', { clusterId: id, ...given('namespace', namespace) }, signal),
    }
  }

  /** One question. Where the server no longer accepts the credentials, new ones are tried once. */
  async #ask<M extends SidecarMethod>(
    clusterId: string,
    method: M,
    params: SidecarParams<M>,
    signal: AbortSignal,
  ): Promise<Result<SidecarResult<M>>> {
    const { credentials, sidecar, opened } = this.#options
    if (!opened(clusterId)) return fail(noSuchCluster())
    const isCancelled = (): boolean => signal.aborted
    for (const fresh of [false, true]) {
      const resolved = await credentials.resolve(clusterId, { signal, fresh })
      if (isCancelled()) return fail(cancelled)
      if (!resolved.ok) return fail(credentialError(resolved.error))
      sidecar.setCluster(clusterId, resolved.value)
      const answer = await sidecar.request(method, params, { signal, timeoutMs: listMs })
      if (answer.ok) return answer
      if (isCancelled()) return fail(cancelled)
      if (answer.error.class === 'sidecar-unavailable') return fail(sidecarAway)
      if (answer.error.class !== 'unauthorized' || fresh) return fail(apiError(answer.error))
    }
    throw new Error('both rounds end with an answer')
  }
}

const given = <Key extends string>(key: Key, value: string | undefined): { [Name in Key]?: string } =>
  value === undefined || value === '' ? {} : ({ [key]: value } as { [Name in Key]: string })

const cancelled = appError('cancelled', 'Cancelled.', 'Try again.')

const sidecarAway = appError(
  'sidecar-unavailable',
  'The cluster watcher (sidecar) is not running.',
  'It is started again by itself; if it does not come back, restart it in Diagnostics. Forwards go on.',
)

const codes: Readonly<Record<string, ErrorCode>> = {
  'vault-locked': 'vault-locked',
  'storage-failed': 'storage-failed',
  'credentials-command-not-allowed': 'command-not-allowed',
  'cluster-unreachable': 'cluster-unreachable',
}

/** Why there are no credentials, as the error of an operation. */
export function credentialError({ code, detail, message, next }: CredentialFailure): AppError {
  if (detail === 'cancelled') return cancelled
  if (code === 'storage-failed' && detail === 'not-found') return appError('not-found', message, next)
  return appError(codes[code] ?? 'credentials-rejected', message, next, { details: { code, detail } })
}
