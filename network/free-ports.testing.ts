import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below what systems give to whoever connects or asks for any port, and apart from what Mooring gives to forwards. */
const first = 10_000
const count = 10_000

/** Local ports that nobody listens on just now, all of them different. */
export async function freePorts(wanted: number): Promise<number[]> {
  const held = new Map<number, Server>()
  while (held.size < wanted) {
    const port = first + Math.floor(Math.random() * count)
    if (held.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (isFree) held.set(port, server)
  }
  await Promise.all(
    [...held.values()].map((server) => {
      server.close()
      return once(server, 'close')
    }),
  )
  return [...held.keys()]
}

/** A local port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
