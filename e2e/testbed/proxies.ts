import fs from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROXIED_HOST } from './pki.ts'
import type { ClusterLayout } from './cluster-layout.ts'

/** How both proxies treat the next connections; host-faults.ts writes it as `proxy.json`. */
export type ProxySettings = {
  /** `login` wants user `ann` with the password `proxy-secret`. */
  mode: 'ok' | 'login' | 'bad-gateway' | 'hang' | 'reset'
  /** Milliseconds without a byte after which a connection is cut; 0 for never. */
  idleMs: number
  /** Milliseconds before a connection is let through. */
  delayMs: number
}

export type Proxies = { httpUrl: string; socksUrl: string; close: () => void }

const DEFAULTS: ProxySettings = { mode: 'ok', idleMs: 0, delayMs: 0 }
const LOGIN = `Basic ${Buffer.from('ann:proxy-secret').toString('base64')}`

/** The name the proxies alone can resolve; one per cluster, so that a connection proves that it went through. */
export function proxiedHost(cluster: string): string {
  return cluster === 'a' ? PROXIED_HOST : `${cluster}.${PROXIED_HOST}`
}

/** An HTTP proxy (CONNECT) and a SOCKS5 proxy on loopback. Both log each connection into the bed's folder. */
export async function startProxies(bedFolder: string, clusters: readonly ClusterLayout[]): Promise<Proxies> {
  const file = path.join(bedFolder, 'proxy.json')
  await fs.writeFile(file, JSON.stringify(DEFAULTS))
  const readSettings = async (): Promise<ProxySettings> => {
    const settings = JSON.parse(await fs.readFile(file, 'utf8')) as ProxySettings
    await sleep(settings.delayMs)
    return settings
  }
  const addresses = new Map(clusters.map((layout) => [proxiedHost(layout.name), layout.addresses.main]))
  const sockets = new Set<net.Socket>()

  const keep = (socket: net.Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const connect = (
    kind: string,
    host: string,
    port: number,
    client: net.Socket,
    idleMs: number,
    onOpen: () => void,
  ): void => {
    fs.appendFile(path.join(bedFolder, 'proxy.log'), `${kind} ${host}:${String(port)}\n`).catch(() => undefined)
    const target = net.connect(port, addresses.get(host) ?? host)
    keep(target)
    target.once('connect', () => {
      onOpen()
      client.pipe(target)
      target.pipe(client)
      if (idleMs > 0) target.setTimeout(idleMs, () => target.destroy())
    })
    target.on('close', () => client.destroy())
    client.on('close', () => target.destroy())
  }

  const httpServer = http.createServer((_request, response) => {
    response.writeHead(405).end('this proxy knows CONNECT only\n')
  })
  httpServer.on('connect', (request, client: net.Socket) => {
    keep(client)
    const refuse = (line: string): void => {
      client.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`)
    }
    readSettings()
      .then(({ mode, idleMs }) => {
        if (mode === 'hang') return
        if (mode === 'reset') client.resetAndDestroy()
        else if (mode === 'bad-gateway') refuse('502 Bad Gateway')
        else if (mode === 'login' && request.headers['proxy-authorization'] !== LOGIN) {
          refuse('407 Proxy Authentication Required')
        } else {
          const [host = '', port = '443'] = (request.url ?? '').split(':')
          connect('http', host, Number(port), client, idleMs, () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
        }
      })
      .catch(() => client.destroy())
  })

  const socksServer = net.createServer((client) => {
    keep(client)
    serveSocks(client, readSettings, (host, port, idleMs, onOpen) =>
      connect('socks', host, port, client, idleMs, onOpen),
    ).catch(() => client.destroy())
  })

  const urls = await Promise.all(
    [httpServer, socksServer].map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `127.0.0.1:${String((server.address() as net.AddressInfo).port)}`
    }),
  )
  return {
    httpUrl: `http://${urls[0] ?? ''}`,
    socksUrl: `socks5://${urls[1] ?? ''}`,
    close: () => {
      httpServer.close()
      socksServer.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** RFC 1928, CONNECT without authentication; the name is resolved here, by the proxy. */
async function serveSocks(
  client: net.Socket,
  readSettings: () => Promise<ProxySettings>,
  connect: (host: string, port: number, idleMs: number, onOpen: () => void) => void,
): Promise<void> {
  const read = async (count: number): Promise<Buffer> => {
    for (;;) {
      const bytes = client.read(count) as Buffer | null
      if (bytes !== null) return bytes
      if (client.destroyed || client.readableEnded) throw new Error('the client has gone')
      await new Promise((resolve) => {
        client.once('readable', resolve)
        client.once('close', resolve)
      })
    }
  }
  const { mode, idleMs } = await readSettings()
  if (mode === 'hang') return
  if (mode === 'reset') {
    client.resetAndDestroy()
    return
  }
  const greeting = await read(2)
  await read(greeting[1] ?? 0)
  if (mode === 'login') {
    client.end(Buffer.from([5, 0xff]))
    return
  }
  client.write(Buffer.from([5, 0]))
  const request = await read(4)
  const kind = request[3]
  const host =
    kind === 1
      ? (await read(4)).join('.')
      : kind === 3
        ? (await read((await read(1))[0] ?? 0)).toString('latin1')
        : await read(16).then((bytes) => bytes.toString('hex').replace(/(....)(?=.)/g, '$1:'))
  const port = (await read(2)).readUInt16BE(0)
  if (mode === 'bad-gateway') {
    // 1: general failure.
    client.end(Buffer.from([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]))
    return
  }
  connect(host, port, idleMs, () => client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])))
}
