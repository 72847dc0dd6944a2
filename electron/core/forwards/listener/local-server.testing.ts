import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { client } from '../tunnel/tunnel.testing.ts'

/** What the program behind a local port answers to a text. */
export async function echo(port: number, text = 'hello'): Promise<string> {
  const socket = await client(port)
  socket.write(text)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

/** Listens on a port as another program would; 0: any. */
export async function occupy(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export const free = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve))
