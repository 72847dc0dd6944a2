import fs from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { apiUrl, inCluster, type ClusterLayout } from './cluster-layout.ts'

export type ApiAnswer = { status: number; body: unknown }

/**
 * The bed's own way to the API server, as administrator: quicker than kubectl and independent of what is tested.
 * A server that is stopped or unreachable rejects with the system's error code, one that does not answer within
 * `timeoutMs` (default 10,000) with the code ETIMEDOUT.
 */
export type ApiClient = {
  request: (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<ApiAnswer>
  close: () => void
}

/** `timeoutMs` counts to the end of the answer's body. */
async function ask(url: string, options: https.RequestOptions, body: unknown, timeoutMs: number): Promise<ApiAnswer> {
  const request = https.request(url, options)
  const timer = setTimeout(() => {
    request.destroy(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' }))
  }, timeoutMs)
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', (error) => reject(Object.assign(error, { stale: request.reusedSocket })))
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
    const answer = await text(response)
    const json = response.headers['content-type']?.startsWith('application/json') === true
    return { status: response.statusCode ?? 0, body: json ? (JSON.parse(answer) as unknown) : answer }
  } finally {
    clearTimeout(timer)
  }
}

export async function connectApi(layout: ClusterLayout): Promise<ApiClient> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => fs.readFile(inCluster(layout, 'pki', file))),
  )
  const agent = new https.Agent({ keepAlive: true, ca, cert, key })
  return {
    request: async (method, path, body, timeoutMs = 10_000) => {
      const kind = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': kind }) }
      const url = `${apiUrl(layout)}${path}`
      try {
        return await ask(url, { method, agent, headers }, body, timeoutMs)
      } catch (error) {
        const { code, stale } = error as NodeJS.ErrnoException & { stale?: boolean }
        // A kept connection says nothing about the server that is there now.
        if (stale !== true || code === 'ETIMEDOUT') throw error
        return ask(url, { method, headers, ca, cert, key, agent: false }, body, timeoutMs)
      }
    },
    close: () => agent.destroy(),
  }
}

/** Creates an object; one that is there already is left as it is. Anything else than success throws. */
export async function createObject(api: ApiClient, path: string, object: unknown): Promise<unknown> {
  const answer = await api.request('POST', path, object)
  if (answer.status >= 300 && answer.status !== 409) {
    throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
  return answer.body
}
