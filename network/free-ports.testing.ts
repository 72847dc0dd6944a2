import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** Local ports that nobody listens on just now, all of them different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map((server) => {
      server.close()
      return once(server, 'close')
    }),
  )
  return ports
}

/** A local port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
