import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'
import type { Transport } from '../../contract/client.ts'
import { createHttpTransport, type HttpAnswer, type HttpInit } from '../../contract/http-transport.ts'

/** Reaches the owner of a data folder through its local socket (a file on Unix, a named pipe on Windows). */
export function createLocalTransport(socketPath: string): Transport & { close(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const transport = createHttpTransport({
    baseUrl: 'http://mooring',
    fetch: (url, init) => fetchOverSocket(socketPath, agent, url, init),
    openSocket: (path) => new WebSocket(`ws+unix:${socketPath}:${path}`),
  })
  return {
    ...transport,
    close: () => {
      agent.destroy()
      return Promise.resolve()
    },
  }
}

function fetchOverSocket(socketPath: string, agent: Agent, url: string, init: HttpInit): Promise<HttpAnswer> {
  const { pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const { method, headers, body, signal } = init
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const call = request(
      {
        socketPath,
        agent,
        method,
        path: pathname + search,
        headers: { ...headers, ...length },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const status = response.statusCode ?? 0
          const json = (): Promise<unknown> => Promise.resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')))
          resolve({ ok: status >= 200 && status < 300, status, json })
        })
      },
    )
    call.on('error', reject)
    // By hand: the request's own `signal` is not heard by every runtime a desktop can have.
    const giveUp = (): void => void call.destroy(new Error('given up'))
    signal?.addEventListener('abort', giveUp, { once: true })
    call.once('close', () => signal?.removeEventListener('abort', giveUp))
    if (signal?.aborted === true) giveUp()
    else call.end(body)
  })
}
