import { fail, ok, type Result } from '../contract/errors.ts'
import type { ApiFailure } from '../contract/sidecar.ts'
import { requestOf } from '../network/api-call.ts'
import { failureOfAnswer, failureOfWatchError } from '../network/api-failure.ts'
import { failureOfError, noAnswer } from '../network/network-failure.ts'
import type { ClusterApi } from './cluster-registry.ts'

export type WatchEvent = { type?: string; object?: unknown }
export type WatchStreamCall = {
  readonly path: string
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>
  readonly signal: AbortSignal
  /** How long the server may take to begin its answer, ms. */
  readonly answerMs: number
  /** A stream without a byte (the server sends a bookmark about every minute) for this long is dead, ms. */
  readonly silenceMs: number
  /** The server agreed: from here on events come as things happen. */
  readonly onBegin: () => void
}

/** Why a stream that had begun came to its end. */
export type StreamEnd = 'ended' | 'broken' | 'silent'

/** A line longer than this is no event of ours, bytes. */
const longestLine = 16 * 1024 * 1024

/**
 * Opens a watch and calls `onEvent` for each event, in order, until it ends. A failure means that it never began, or that
 * the server ended it with an ERROR event. An abort by the signal ends it as `broken`.
 */
export async function readWatch(
  api: ClusterApi,
  call: WatchStreamCall,
  onEvent: (event: WatchEvent) => void,
): Promise<Result<StreamEnd, ApiFailure>> {
  const dead = new AbortController()
  let silence = setTimeout(() => dead.abort(), call.answerMs)
  const signal = AbortSignal.any([call.signal, dead.signal])
  let began = false
  try {
    const request = requestOf(api.connection, { path: call.path, query: call.query }, signal)
    // Compression holds events back until a block is full.
    const headers = { ...(request.headers as Record<string, string>), 'accept-encoding': 'identity' }
    const answer = await api.watches.request({ ...request, headers })
    if (answer.statusCode !== 200) {
      const body = await answer.body.text()
      return fail(failureOfAnswer({ status: answer.statusCode, headers: answer.headers, body }))
    }
    began = true
    clearTimeout(silence)
    silence = setTimeout(() => dead.abort(), call.silenceMs)
    call.onBegin()
    const refusals: ApiFailure[] = []
    const lines = new LineSplitter((line) => {
      const event = JSON.parse(line) as WatchEvent
      if (event.type === 'ERROR') refusals.push(failureOfWatchError(event.object))
      else onEvent(event)
    })
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      clearTimeout(silence)
      silence = setTimeout(() => dead.abort(), call.silenceMs)
      lines.push(chunk)
      if (refusals[0] !== undefined) return fail(refusals[0])
    }
    return ok('ended')
  } catch (error) {
    if (began) return ok(dead.signal.aborted ? 'silent' : 'broken')
    return fail(dead.signal.aborted ? noAnswer() : failureOfError(error))
  } finally {
    clearTimeout(silence)
  }
}

/** Cuts a stream of bytes at line ends; characters that lie across chunks stay whole. */
export class LineSplitter {
  #rest: Buffer[] = []
  #length = 0
  readonly #onLine: (line: string) => void

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, end)]).toString('utf8')
      this.#rest = []
      this.#length = 0
      start = end + 1
      if (line.trim() !== '') this.#onLine(line)
    }
    if (start === chunk.length) return
    this.#rest.push(chunk.subarray(start))
    this.#length += chunk.length - start
    if (this.#length > longestLine) throw new Error('a line of the watch is too long')
  }
}
