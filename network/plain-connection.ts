import type { ClusterConnection } from '../contract/sidecar.ts'

/** A connection with nothing but an address, and what is said beside it: nobody's credentials, the usual authorities. */
export const plainConnection = (server: string, more: Partial<ClusterConnection> = {}): ClusterConnection => ({
  server,
  tlsServerName: null,
  certificateAuthority: null,
  insecureSkipTlsVerify: false,
  proxyUrl: null,
  disableCompression: false,
  token: null,
  clientCertificate: null,
  clientKey: null,
  basic: null,
  impersonate: null,
  expiresAt: null,
  ...more,
})
