import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import type { Identity } from './certificates.testing.ts'

export type TestServer = AsyncDisposable & {
  readonly port: number
  /** Requests as they arrived: method, path, headers with repeated lines kept apart. */
  readonly requests: { method: string; path: string; rawHeaders: string[] }[]
  /** Connections that were made so far. */
  readonly connections: () => number
  /** Ends all connections now, without a word. */
  readonly cut: () => void
}

/** A real server on this machine, over TLS when it has an identity. */
export async function startServer(answer: http.RequestListener, identity?: Identity): Promise<TestServer> {
  const requests: TestServer['requests'] = []
  const listener: http.RequestListener = (request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', rawHeaders: request.rawHeaders })
    answer(request, response)
  }
  const server =
    identity === undefined
      ? http.createServer(listener)
      : https.createServer({ key: identity.key, cert: identity.certificate }, listener)
  return { requests, ...(await listening(server)) }
}

/** A server that speaks whatever `talk` makes of each connection. */
export async function startTcpServer(talk: (socket: net.Socket) => void): Promise<TestServer> {
  return { requests: [], ...(await listening(net.createServer(talk))) }
}

async function listening(server: net.Server): Promise<Omit<TestServer, 'requests'>> {
  const sockets = new Set<net.Socket>()
  let count = 0
  server.on('connection', (socket: net.Socket) => {
    count += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cut()
      await closed
    },
  }
}

export { plainConnection } from './plain-connection.ts'

/** Answers with JSON. */
export function sendJson(response: http.ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
