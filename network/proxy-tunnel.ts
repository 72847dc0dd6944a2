import net from 'node:net'
import tls from 'node:tls'
import type { Endpoint } from './connect-socket.ts'
import { NetworkFailure } from './network-failure.ts'

type Reply = { take(bytes: number): Promise<Buffer>; until(mark: string, most: number): Promise<Buffer> }

/**
 * Asks a proxy to lead this socket to `target`: HTTP CONNECT (RFC 9110, 9.3.6) or SOCKS5 (RFC 1928, 1929).
 * The name goes to the proxy, which resolves it. Throws a {@link NetworkFailure} with detail `proxy`.
 */
export async function openTunnel(
  socket: net.Socket,
  proxyUrl: string,
  target: Endpoint,
  signal: AbortSignal,
): Promise<net.Socket> {
  const url = new URL(proxyUrl)
  const way = url.protocol === 'https:' ? tls.connect({ socket, host: url.hostname, servername: url.hostname }) : socket
  const stop = (): void => void way.destroy(signal.reason as Error)
  const silent = (): void => undefined
  way.on('error', silent)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    if (url.protocol.startsWith('socks')) await socks5(way, url, target)
    else await httpConnect(way, url, target)
    return way
  } catch (error) {
    way.destroy()
    if (signal.aborted) throw signal.reason
    throw error instanceof NetworkFailure
      ? error
      : new NetworkFailure('proxy', `the proxy at ${url.host}: ${messageOf(error)}`)
  } finally {
    signal.removeEventListener('abort', stop)
    way.off('error', silent)
  }
}

async function httpConnect(socket: net.Socket, url: URL, target: Endpoint): Promise<void> {
  const authority = target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const login = url.username === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(pair).toString('base64')}\r\n`
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`)
  const head = (await replies(socket).until('\r\n\r\n', 16_384)).toString('latin1')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
  if (status === undefined)
    throw new NetworkFailure('proxy', `what answers at ${url.host} does not speak HTTP; it may not be a proxy`)
  if (!status.startsWith('2'))
    throw new NetworkFailure('proxy', `the proxy at ${url.host} answered ${status}${words(status)}`, status)
}

const words = (status: string): string =>
  ({
    '403': ': it does not allow this address',
    '407': ': it wants a user name and password',
    '502': ': it could not reach the server',
    '503': ': it could not reach the server',
    '504': ': the server did not answer it in time',
  })[status] ?? ''

const socksFailures: readonly string[] = [
  '',
  'it failed',
  'its rules do not allow this address',
  'the network is unreachable from it',
  'the host is unreachable from it',
  'the server refused its connection',
  'the connection took too long',
  'it does not know this command',
  'it does not know this kind of address',
]

async function socks5(socket: net.Socket, url: URL, target: Endpoint): Promise<void> {
  const reply = replies(socket)
  const user = Buffer.from(decodeURIComponent(url.username))
  const password = Buffer.from(decodeURIComponent(url.password))
  socket.write(user.length === 0 ? Buffer.of(5, 1, 0) : Buffer.of(5, 2, 0, 2))
  const [version, method] = await reply.take(2)
  if (version !== 5)
    throw new NetworkFailure('proxy', `what answers at ${url.host} does not speak SOCKS5; it may not be a proxy`)
  if (method === 2 && user.length > 0) {
    socket.write(Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(password.length), password]))
    const [, verdict] = await reply.take(2)
    if (verdict !== 0)
      throw new NetworkFailure('proxy', `the proxy at ${url.host} rejected the user name and password`, 'login')
  } else if (method !== 0) {
    throw new NetworkFailure('proxy', `the proxy at ${url.host} wants a user name and password`, 'login')
  }
  socket.write(
    Buffer.concat([Buffer.of(5, 1, 0), socksAddress(target.host), Buffer.of(target.port >> 8, target.port & 0xff)]),
  )
  const [, code = 1, , kind] = await reply.take(4)
  if (code !== 0) {
    const why = socksFailures[code] ?? `it answered ${code}`
    throw new NetworkFailure('proxy', `the proxy at ${url.host} cannot connect: ${why}`, `socks-${code}`)
  }
  // The address it is bound to, of no use to us, but its bytes must be read.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await reply.take(1))[0] ?? 0)
  await reply.take(length + 2)
}

function socksAddress(host: string): Buffer {
  const family = net.isIP(host)
  if (family === 4) return Buffer.of(1, ...host.split('.').map(Number))
  if (family === 6) return Buffer.concat([Buffer.of(4), ipv6Bytes(host)])
  const name = Buffer.from(host)
  return Buffer.concat([Buffer.of(3, name.length), name])
}

function ipv6Bytes(address: string): Buffer {
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => {
          if (!group.includes('.')) return [parseInt(group, 16)]
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
          return [(a << 8) | b, (c << 8) | d]
        })
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

/** Reads exactly what was asked for and leaves the rest in the socket. */
function replies(socket: net.Socket): Reply {
  const more = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => (): void => {
        socket.off('readable', onReadable)
        socket.off('close', onClose)
        socket.off('end', onClose)
        socket.off('error', onError)
        settle()
      }
      const onReadable = done(resolve)
      const onClose = done(() => reject(new Error('it closed the connection')))
      const onError = (error: Error): void => done(() => reject(error))()
      socket.once('readable', onReadable)
      socket.once('close', onClose)
      socket.once('error', onError)
      socket.once('end', onClose)
    })
  }
  return {
    take: async (bytes) => {
      for (;;) {
        const chunk = socket.read(bytes) as Buffer | null
        if (chunk?.length === bytes) return chunk
        if (socket.readableEnded || socket.destroyed) throw new Error('it closed the connection')
        await more()
      }
    },
    until: async (mark, most) => {
      let head = Buffer.alloc(0)
      for (;;) {
        const chunk = socket.read() as Buffer | null
        if (chunk === null) {
          if (socket.readableEnded || socket.destroyed) throw new Error('it closed the connection')
          await more()
          continue
        }
        head = Buffer.concat([head, chunk])
        const end = head.indexOf(mark)
        if (end >= 0) {
          const rest = head.subarray(end + mark.length)
          if (rest.length > 0) socket.unshift(rest)
          return head.subarray(0, end)
        }
        if (head.length > most) throw new Error('its answer is too long')
      }
    },
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
