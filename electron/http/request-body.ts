import type { IncomingMessage } from 'node:http'
import { ok, type Result } from '../../contract/errors.ts'
import { refuse } from './refuse.ts'

export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? '0') > 0

/** How much of a body that nobody reads is taken and thrown away, so that its sender can read the answer. */
const mostDiscardedBytes = 64 * 1024 * 1024

/** Takes what is left of a body, up to the bound or until the sender gives up (`requestTimeout`). */
export async function discardRest(request: IncomingMessage): Promise<void> {
  if (!hasBody(request) || request.complete || request.destroyed) return
  let left = mostDiscardedBytes
  await new Promise<void>((resolve) => {
    request.once('close', resolve)
    request.once('end', resolve)
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left >= 0) return
      request.pause()
      resolve()
    })
  })
}

/** The body; one that is too large is left to {@link discardRest} from there on. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Result<Buffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) break
    chunks.push(chunk)
  }
  if (size <= limit) return ok(Buffer.concat(chunks))
  const words = `The body is larger than the ${Math.round(limit / 1024)} KiB allowed here.`
  return refuse('too-large', words, 'Send less at once.')
}
