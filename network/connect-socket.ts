import net from 'node:net'
import tls from 'node:tls'
import type { ClusterConnection } from '../contract/sidecar.ts'
import { NetworkFailure, networkFailureOf } from './network-failure.ts'
import { ownCopy } from './own-copy.ts'
import { openTunnel } from './proxy-tunnel.ts'
import { type Address, resolveHost } from './resolve-host.ts'
import { tlsOptions } from './tls-options.ts'

/** A host and port to reach, and whether it speaks TLS. */
export type Endpoint = { readonly host: string; readonly port: number; readonly secure: boolean }

/** Where an address of a kubeconfig leads: `https://host:6443/prefix`, `socks5://host:1080`. */
export function endpointOf(address: string): Endpoint {
  const url = new URL(address)
  const secure = url.protocol === 'https:'
  const usual = secure ? 443 : url.protocol === 'http:' ? 80 : 1080
  return {
    host: ownCopy(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? usual : Number(url.port),
    secure,
  }
}

/** Connects to the first address that answers (RFC 8305, as Node does it). Throws a {@link NetworkFailure}. */
export async function connectTcp(
  endpoint: Endpoint,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<net.Socket> {
  const where = `${endpoint.host}:${endpoint.port}`
  const socket = net.connect({
    host: endpoint.host,
    port: endpoint.port,
    // The addresses are known already; asking again could give others than the ones that were shown.
    lookup: (_host, options, answer) =>
      options.all === true
        ? answer(null, [...addresses])
        : answer(null, addresses[0]?.address ?? endpoint.host, addresses[0]?.family ?? 4),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 2_000,
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 15_000)
  await settled(socket, 'connect', signal, (error) => {
    const failure = networkFailureOf(error)
    if (failure?.detail === 'refused')
      return new NetworkFailure('refused', `${where} refused the connection`, failure.code)
    if (failure?.detail === 'no-route')
      return new NetworkFailure('no-route', `there is no route to ${where}`, failure.code)
    return new NetworkFailure(failure?.detail ?? 'reset', `${where}: ${error.message}`, failure?.code ?? null)
  })
  return socket
}

/** Makes a socket speak TLS with the API server. Throws a {@link NetworkFailure} whose code is OpenSSL's. */
export async function startTls(
  socket: net.Socket,
  connection: ClusterConnection,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  let secured: tls.TLSSocket
  try {
    secured = tls.connect({ ...tlsOptions(connection, endpoint.host), socket })
  } catch (error) {
    // Certificates or keys that cannot be read throw at once.
    socket.destroy()
    throw new NetworkFailure('tls', error instanceof Error ? error.message : 'TLS could not start')
  }
  await settled(secured, 'secureConnect', signal, (error) => {
    const failure = networkFailureOf(error)
    const plain = failure?.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || failure?.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
    if (plain) {
      const words = `${endpoint.host}:${endpoint.port} does not speak TLS; it may be plain http`
      return new NetworkFailure('tls', words, failure.code)
    }
    if (failure?.detail === 'reset') {
      return new NetworkFailure('reset', 'the connection ended during the TLS handshake', failure.code)
    }
    return new NetworkFailure(failure?.detail ?? 'tls', failure?.message ?? error.message, failure?.code ?? null)
  })
  return secured
}

/** The whole way: names, TCP, proxy, TLS. Throws a {@link NetworkFailure}, or the signal's reason. */
export async function connectSocket(connection: ClusterConnection, signal: AbortSignal): Promise<net.Socket> {
  const server = endpointOf(connection.server)
  let socket: net.Socket
  if (connection.proxyUrl === null) {
    socket = await connectTcp(server, await resolveHost(server.host, signal), signal)
  } else {
    const proxy = endpointOf(connection.proxyUrl)
    try {
      socket = await connectTcp(proxy, await resolveHost(proxy.host, signal), signal)
    } catch (error) {
      // kubectl would name the API server here; the proxy is what failed.
      if (error instanceof NetworkFailure)
        throw new NetworkFailure('proxy', `the proxy cannot be reached: ${error.message}`, error.code)
      throw error
    }
    socket = await openTunnel(socket, connection.proxyUrl, server, signal)
  }
  return server.secure ? await startTls(socket, connection, server, signal) : socket
}

/** Waits for an event of a socket; on an error, its end, or the signal the socket is destroyed and the promise rejects. */
export async function settled(
  socket: net.Socket,
  event: 'connect' | 'secureConnect' | 'readable',
  signal: AbortSignal,
  explain: (error: Error) => Error,
): Promise<void> {
  const stop = (): void => void socket.destroy(signal.reason as Error)
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', stop, { once: true })
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new NetworkFailure('reset', 'the connection was closed')))
    })
  } catch (error) {
    socket.on('error', () => undefined)
    socket.destroy()
    if (signal.aborted) throw signal.reason
    throw error instanceof Error ? explain(error) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
