import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ApiFailure, ClusterConnection } from '../../../contract/sidecar.ts'
import { apiDispatcher, callApi } from '../../../network/api-call.ts'

/** A server that answers; the version is null (and the latency 0) where these credentials may not ask for it. Ms. */
export type ProbeAnswer = { readonly gitVersion: string | null; readonly latencyMs: number }

/** Limit of one look at a cluster, ms. */
export const probeMs = 5_000
/** Where nobody answers, that is known before the whole time is over: it is the way then, and not the API server. */
const connectShare = 0.9

/**
 * Looks whether a cluster answers these credentials: one `GET /version` on a new connection. Latency is that of the question, without the
 * making of the connection. An abort by the signal throws its reason.
 */
export async function probeApi(
  connection: ClusterConnection,
  signal?: AbortSignal,
  limitMs = probeMs,
): Promise<Result<ProbeAnswer, ApiFailure>> {
  const dispatcher = apiDispatcher(connection, { connections: 1, connectMs: limitMs * connectShare })
  const ask = async (): Promise<Result<unknown, ApiFailure>> =>
    await callApi(dispatcher, connection, {
      path: '/version',
      timeoutMs: limitMs,
      ...(signal === undefined ? {} : { signal }),
    })
  try {
    const first = await ask()
    if (!first.ok) return first.error.class === 'forbidden' ? ok({ gitVersion: null, latencyMs: 0 }) : fail(first.error)
    const begun = performance.now()
    const second = await ask()
    const latencyMs = Math.round((performance.now() - begun) * 10) / 10
    const { gitVersion } = (second.ok ? second.value : first.value) as { gitVersion?: unknown }
    return ok({ gitVersion: typeof gitVersion === 'string' ? gitVersion : null, latencyMs })
  } finally {
    await dispatcher.destroy()
  }
}
