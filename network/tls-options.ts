import net from 'node:net'
import tls from 'node:tls'
import type { ClusterConnection } from '../contract/sidecar.ts'

type TlsFields = Pick<
  ClusterConnection,
  'tlsServerName' | 'certificateAuthority' | 'insecureSkipTlsVerify' | 'clientCertificate' | 'clientKey'
>

/** How to speak TLS with the API server: its authority, our certificate, and the name its certificate must carry. */
export function tlsOptions(connection: TlsFields, host: string): tls.ConnectionOptions {
  const name = connection.tlsServerName ?? host
  return {
    // An address must not be sent as server name (RFC 6066, section 3).
    ...(net.isIP(name) === 0 ? { servername: name } : { servername: '' }),
    checkServerIdentity: (_ignored, certificate) => tls.checkServerIdentity(name, certificate),
    ca: connection.certificateAuthority ?? publicAuthorities(),
    rejectUnauthorized: !connection.insecureSkipTlsVerify,
    // A trusted intermediate ends the chain, as it does for kubectl (Go).
    allowPartialTrustChain: true,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    ...(connection.clientCertificate === null ? {} : { cert: connection.clientCertificate }),
    ...(connection.clientKey === null ? {} : { key: connection.clientKey }),
  }
}

let authorities: string[] | undefined

/** Without an authority in the kubeconfig the system's own counts, as with kubectl; Node alone would ask its bundled list. */
function publicAuthorities(): string[] {
  authorities ??= [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])]
  return authorities
}
