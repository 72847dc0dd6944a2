import { appError, fail, type AppError, type ErrorCode, type Result } from '../../../contract/errors.ts'
import type { SidecarMethod, SidecarParams, SidecarResult } from '../../../contract/sidecar.ts'
import type { CredentialFailure, Credentials } from '../credentials/credentials.ts'
import type { SidecarClient } from '../sidecar/sidecar-client.ts'
import { apiError } from './api-words.ts'

/** Lists are read within this time, ms. */
const listMs = 30_000

/** Asks the sidecar about clusters, with credentials that count now. */
export class ClusterDiscovery {
  readonly #credentials: Pick<Credentials, 'resolve'>
  readonly #sidecar: Pick<SidecarClient, 'request' | 'setCluster'>

  constructor(options: {
    credentials: Pick<Credentials, 'resolve'>
    sidecar: Pick<SidecarClient, 'request' | 'setCluster'>
  }) {
    this.#credentials = options.credentials
    this.#sidecar = options.sidecar
  }

  /** One question. Where the server no longer accepts the credentials, new ones are tried once. */
  async ask<M extends SidecarMethod>(
    clusterId: string,
    method: M,
    params: SidecarParams<M>,
    signal: AbortSignal,
  ): Promise<Result<SidecarResult<M>>> {
    const isCancelled = (): boolean => signal.aborted
    for (const fresh of [false, true]) {
      const resolved = await this.#credentials.resolve(clusterId, { signal, fresh })
      if (isCancelled()) return fail(cancelled)
      if (!resolved.ok) return fail(credentialError(resolved.error))
      this.#sidecar.setCluster(clusterId, resolved.value)
      const answer = await this.#sidecar.request(method, params, { signal, timeoutMs: listMs })
      if (answer.ok) return answer
      if (isCancelled()) return fail(cancelled)
      if (answer.error.class === 'sidecar-unavailable') return fail(sidecarAway)
      if (answer.error.class !== 'unauthorized' || fresh) return fail(apiError(answer.error))
    }
    throw new Error('both rounds end with an answer')
  }
}

const cancelled = appError('cancelled', 'Cancelled.', 'Try again.')

const sidecarAway = appError(
  'sidecar-unavailable',
  'The sidecar, which reads clusters, is not running.',
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
