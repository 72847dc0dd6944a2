import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, type Dispatcher } from 'undici'
import { fail, ok, type Result } from '../contract/errors.ts'
import type { ApiFailure, ClusterConnection } from '../contract/sidecar.ts'
import { failureOfAnswer } from './api-failure.ts'
import { connectSocket, endpointOf } from './connect-socket.ts'
import { NetworkFailure, failureOfError, noAnswer } from './network-failure.ts'
import { credentialHeaders } from './request-headers.ts'

/** How many connections may be open at once, and how long making one may take (ms). */
export type DispatcherLimits = { readonly connections?: number; readonly connectMs?: number }

/** Connections to one API server, kept and reused (HTTP/1.1), made through the cluster's proxy with its TLS settings. */
export function apiDispatcher(connection: ClusterConnection, limits: DispatcherLimits = {}): Dispatcher {
  const connectMs = limits.connectMs ?? 10_000
  return new Agent({
    ...(limits.connections === undefined ? {} : { connections: limits.connections }),
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
    maxHeaderSize: 65_536,
    connect: (_options, done) => {
      const late = AbortSignal.timeout(connectMs)
      connectSocket(connection, late).then(
        (socket) => done(null, socket),
        (error: unknown) => done(late.aborted ? tooLate(connection, connectMs) : (error as Error), null),
      )
    },
  })
}

const tooLate = (connection: ClusterConnection, ms: number): NetworkFailure => {
  const { host, port } = endpointOf(connection.server)
  return new NetworkFailure('timeout', `${host}:${port} did not answer within ${ms / 1000} s`)
}

/** One call of the Kubernetes API. `path` starts with a slash and is below the server's address, which may have a path itself. */
export type ApiCall = {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** For the whole call, ms. */
  readonly timeoutMs?: number
}

/** Largest answer that is read, bytes. A page of 500 pods is about 5 MB. */
const maxAnswerBytes = 128 * 1024 * 1024
const unzip = promisify(gunzip)

/** Does one call and reads its JSON. Failures are values; an abort by the caller's signal throws its reason. */
export async function callApi(
  dispatcher: Dispatcher,
  connection: ClusterConnection,
  call: ApiCall,
): Promise<Result<unknown, ApiFailure>> {
  const late = AbortSignal.timeout(call.timeoutMs ?? 15_000)
  const signal = call.signal === undefined ? late : AbortSignal.any([call.signal, late])
  try {
    const answer = await dispatcher.request(requestOf(connection, call, signal))
    const bytes = await readAll(answer.body, maxAnswerBytes)
    if (bytes === null) {
      return fail({ ...failureOfAnswer({ status: 413, body: '' }), message: 'the answer is larger than 128 MiB' })
    }
    const body = answer.headers['content-encoding'] === 'gzip' ? await unzip(bytes) : bytes
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      return fail(failureOfAnswer({ status: answer.statusCode, headers: answer.headers, body: body.toString('utf8') }))
    }
    return jsonOf(body, answer)
  } catch (error) {
    if (call.signal?.aborted === true) throw call.signal.reason
    return fail(late.aborted ? noAnswer() : failureOfError(error))
  }
}

/** The request of a call, with the headers that say who calls. */
export function requestOf(
  connection: ClusterConnection,
  call: ApiCall,
  signal: AbortSignal,
): Dispatcher.RequestOptions & { origin: string } {
  const server = new URL(connection.server)
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(key, String(value))
  const prefix = server.pathname.replace(/\/+$/, '')
  const near = server.hostname === 'localhost' || server.hostname.startsWith('127.')
  return {
    origin: server.origin,
    path: `${prefix}${call.path}${query.size === 0 ? '' : `?${query.toString()}`}`,
    method: call.method ?? 'GET',
    headers: {
      accept: 'application/json',
      'user-agent': 'mooring',
      // Unpacking costs more than it saves where the bytes travel through memory only.
      ...(connection.disableCompression || near ? {} : { 'accept-encoding': 'gzip' }),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      // As with kubectl: nobody is told who calls where everybody on the way could read it.
      ...(server.protocol === 'https:' ? credentialHeaders(connection) : {}),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    signal,
    headersTimeout: 0,
    bodyTimeout: 0,
  }
}

async function readAll(body: AsyncIterable<Buffer>, most: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function jsonOf(body: Buffer, answer: Dispatcher.ResponseData): Result<unknown, ApiFailure> {
  try {
    return ok(JSON.parse(body.toString('utf8')))
  } catch {
    const type = String(answer.headers['content-type'] ?? 'no content type')
    const failure = failureOfAnswer({ status: answer.statusCode, headers: answer.headers, body: '' })
    return fail({
      ...failure,
      class: 'gateway',
      message: `the answer is not JSON (${type}); something in front of the API server may have sent it`,
    })
  }
}
