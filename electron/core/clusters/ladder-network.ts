import type net from 'node:net'
import { isIP } from 'node:net'
import type { X509Certificate } from 'node:crypto'
import type tls from 'node:tls'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { connectTcp, type Endpoint, endpointOf, startTls } from '../../../network/connect-socket.ts'
import { NetworkFailure } from '../../../network/network-failure.ts'
import { ownCopy } from '../../../network/own-copy.ts'
import { openTunnel } from '../../../network/proxy-tunnel.ts'
import { type Address, resolveHost } from '../../../network/resolve-host.ts'
import {
  certificateOf,
  dayWords,
  issuerWords,
  namesIn,
  readCertificate,
  soonMs,
  subjectWords,
} from './certificate-words.ts'
import { failed, okay, skipped, type StepOutcome, warning } from './ladder-steps.ts'

/** How a rung ended, and what the next one starts from; null: there is no next one. */
export type Reached<T> = { readonly outcome: StepOutcome; readonly value: T | null }

/** The host that is connected to first: the proxy's, where there is one. */
export const firstHop = (way: ClusterConnection): Endpoint => endpointOf(way.proxyUrl ?? way.server)

const part = (way: ClusterConnection): string => (way.proxyUrl === null ? '' : ' (the proxy)')
const detailOf = (way: ClusterConnection, failure: NetworkFailure): string =>
  way.proxyUrl === null ? failure.detail : 'proxy'

/** Resolves the {@link firstHop}. As with the rungs below, an abort by the caller throws its reason. */
export async function stepDns(way: ClusterConnection, signal: AbortSignal): Promise<Reached<Address[]>> {
  const { host } = firstHop(way)
  const family = isIP(host)
  if (family !== 0)
    return {
      outcome: skipped(`the address ${host}${part(way)} needs no name`),
      value: [{ address: host, family }],
    }
  try {
    const addresses = await resolveHost(host, signal)
    const listed = addresses.map(({ address }) => address).join(', ')
    return { outcome: okay(`the name ${host}${part(way)} leads to ${listed}`), value: addresses }
  } catch (error) {
    if (!(error instanceof NetworkFailure)) throw error
    const next = 'Check the name in the kubeconfig, and whether a VPN or another DNS server is needed.'
    return {
      outcome: failed('cluster-unreachable', detailOf(way, error), `${error.message}${part(way)}`, next),
      value: null,
    }
  }
}

/** Connects to the {@link firstHop}; the caller destroys the socket. */
export async function stepTcp(
  way: ClusterConnection,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Reached<net.Socket>> {
  const hop = firstHop(way)
  try {
    const socket = await connectTcp(hop, addresses, signal)
    return { outcome: okay(`connected to ${socket.remoteAddress ?? hop.host}:${hop.port}${part(way)}`), value: socket }
  } catch (error) {
    const failure = networkFailure(error, signal, `${hop.host}:${hop.port} did not answer in time`)
    return {
      outcome: failed(
        'cluster-unreachable',
        detailOf(way, failure),
        `${failure.message}${part(way)}`,
        tcpNext(way, failure),
      ),
      value: null,
    }
  }
}

function tcpNext(way: ClusterConnection, failure: NetworkFailure): string {
  if (way.proxyUrl !== null)
    return "Check the proxy's address in the kubeconfig or the environment, and whether it runs."
  switch (failure.detail) {
    case 'refused':
      return 'Check the port, and whether the cluster runs.'
    case 'timeout':
      return 'Nothing comes back from there: check the VPN and firewalls, and whether the address is still in use.'
    case 'no-route':
      return 'Check the network connection, and whether a VPN must be connected.'
    default:
      return 'Check the network and what stands in front of the server.'
  }
}

/** Lets the proxy lead to the server; without a proxy the socket is there already. */
export async function stepProxy(
  way: ClusterConnection,
  socket: net.Socket,
  signal: AbortSignal,
): Promise<Reached<net.Socket>> {
  if (way.proxyUrl === null) return { outcome: skipped('no proxy is used'), value: socket }
  const { protocol, host } = new URL(way.proxyUrl)
  try {
    const through = await openTunnel(socket, way.proxyUrl, endpointOf(way.server), signal)
    return {
      outcome: okay(ownCopy(`the ${protocol.replace(':', '')} proxy ${host} leads to ${new URL(way.server).host}`)),
      value: through,
    }
  } catch (error) {
    const failure = networkFailure(error, signal, `the proxy at ${host} did not answer in time`)
    const login = failure.code === '407' || failure.code === 'login'
    const next = login
      ? 'Put the user name and password into the proxy address of the kubeconfig.'
      : "Check that the proxy can reach the server, and the proxy's rules."
    return { outcome: failed('cluster-unreachable', 'proxy', failure.message, next), value: null }
  }
}

/** Looks at the server's certificate on a connection of its own, which it ends. `now` in ms since the epoch. */
export async function stepTls(
  way: ClusterConnection,
  socket: net.Socket,
  signal: AbortSignal,
  now: number,
): Promise<Reached<null>> {
  const server = endpointOf(way.server)
  if (!server.secure) {
    const detail = 'nothing is encrypted, so no credentials are sent: the address is plain http'
    return { outcome: warning(detail, 'Use an https address, unless this never leaves the machine.'), value: null }
  }
  let secured: tls.TLSSocket
  try {
    // Verified below and nothing is sent on it: a refused handshake would not show the certificate that was refused.
    secured = await startTls(socket, { ...way, insecureSkipTlsVerify: true }, server, signal)
  } catch (error) {
    const failure = networkFailure(error, signal, 'the server did not complete the TLS handshake in time')
    const detail = failure.detail === 'timeout' || failure.detail === 'reset' ? failure.detail : 'tls'
    const next =
      detail === 'tls'
        ? 'Check that the address is that of the API server, and check the certificate authority in the kubeconfig.'
        : 'Check the server and what stands in front of it: one of them may be overloaded or stopped, or refuse this machine.'
    return { outcome: failed('cluster-unreachable', detail, failure.message, next), value: null }
  }
  const certificate = certificateOf(secured.getPeerCertificate())
  const problem: unknown = secured.authorized ? null : secured.authorizationError
  const protocol = secured.getProtocol() ?? 'TLS'
  secured.destroy()
  if (certificate === null) {
    return {
      outcome: failed(
        'cluster-unreachable',
        'tls',
        'the server showed no certificate',
        'Check that the address is that of the API server.',
      ),
      value: null,
    }
  }
  const seen = { way, host: way.tlsServerName ?? server.host, certificate, protocol, now }
  if (problem === null || problem === undefined) return { outcome: trusted(seen), value: null }
  return { outcome: distrusted(seen, codeOf(problem)), value: null }
}

/** The code arrives as the error itself or as its code, depending on who found it (chain or name). */
function codeOf(problem: unknown): string {
  if (typeof problem === 'string') return problem
  if (!(problem instanceof Error)) return 'unknown'
  return 'code' in problem && typeof problem.code === 'string' ? problem.code : problem.message
}

type Seen = { way: ClusterConnection; host: string; certificate: X509Certificate; protocol: string; now: number }

function trusted({ way, certificate, protocol, now }: Seen): StepOutcome {
  const end = certificate.validToDate.getTime()
  const words = `${protocol}, certificate for ${names(certificate)}, valid until ${dayWords(end, now)}`
  if (way.insecureSkipTlsVerify) return unverified(words)
  if (end - now < soonMs) return warning(words, "Ask the cluster administrator to renew the server's certificate soon.")
  return okay(words)
}

const unverified = (words: string): StepOutcome =>
  warning(
    `${words}; not verified, because the kubeconfig says insecure-skip-tls-verify`,
    'Anyone on the way can read and change everything: use the certificate authority in place of this setting.',
  )

const names = (certificate: X509Certificate): string => {
  const all = namesIn(certificate)
  return all.length === 0 ? 'no name' : `${all.slice(0, 12).join(', ')}${all.length > 12 ? ' …' : ''}`
}

function distrusted(seen: Seen, code: string): StepOutcome {
  const { way, host, certificate, now } = seen
  const tlsFailure = (detail: string, next: string): StepOutcome =>
    way.insecureSkipTlsVerify ? unverified(detail) : failed('cluster-unreachable', 'tls', detail, next)
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return tlsFailure(
        `the certificate is for ${names(certificate)}, not for ${host}`,
        'Use one of these names as server, or set tls-server-name in the kubeconfig to one of them.',
      )
    case 'CERT_HAS_EXPIRED': {
      const end = certificate.validToDate.getTime()
      const whose = end < now ? "the server's certificate" : 'a certificate authority of the server'
      const when = end < now ? ` on ${dayWords(end, now)}` : ''
      return tlsFailure(
        `${whose} expired${when}`,
        "Ask the cluster administrator to renew it; check this machine's clock.",
      )
    }
    case 'CERT_NOT_YET_VALID':
      return tlsFailure(
        `the server's certificate is valid only from ${dayWords(certificate.validFromDate.getTime(), now)}`,
        "Check this machine's clock.",
      )
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return tlsFailure(
        `the server's certificate (${issuerWords(certificate)}) is signed by itself, and the kubeconfig does not hold it`,
        'Get a new kubeconfig, or its certificate authority, from where this one came from.',
      )
    default:
      return tlsFailure(
        `the certificate is signed by ${issuerWords(certificate)}, which ${authorityWords(way)} (${code})`,
        'Get a new kubeconfig: the certificate authority of the cluster may have changed. A proxy that opens TLS connections shows a certificate of its own, too.',
      )
  }
}

function authorityWords({ certificateAuthority }: ClusterConnection): string {
  if (certificateAuthority === null) return 'this system does not trust; the kubeconfig names no certificate authority'
  const authority = readCertificate(certificateAuthority)
  if (authority === null) return 'nobody vouches for: the certificate authority in the kubeconfig cannot be read'
  return `the certificate authority in the kubeconfig, ${subjectWords(authority)}, does not vouch for`
}

/** What happened, also when it was the time that ran out; an abort by the caller goes on as it is. */
function networkFailure(error: unknown, signal: AbortSignal, late: string): NetworkFailure {
  if (error instanceof NetworkFailure) return error
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  if (signal.aborted && timedOut) return new NetworkFailure('timeout', late)
  throw error
}
