import type { ClusterConnection } from '../../../contract/sidecar.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const when = <T>(value: T | null, field: (value: T) => object): object => (value === null ? {} : field(value))

/**
 * The smallest kubeconfig a kubectl of ours needs: one cluster, one user with resolved credentials, no command, no file
 * name. JSON is YAML. Whoever takes it clears it.
 */
export function kubeconfigForChild(connection: ClusterConnection, namespace: string): Buffer {
  const cluster = {
    server: connection.server,
    ...when(connection.certificateAuthority, (pem) => ({ 'certificate-authority-data': base64(pem) })),
    ...(connection.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...when(connection.tlsServerName, (name) => ({ 'tls-server-name': name })),
    ...when(connection.proxyUrl, (url) => ({ 'proxy-url': url })),
    ...(connection.disableCompression ? { 'disable-compression': true } : {}),
  }
  const user = {
    ...when(connection.token, (token) => ({ token })),
    ...when(connection.clientCertificate, (pem) => ({ 'client-certificate-data': base64(pem) })),
    ...when(connection.clientKey, (pem) => ({ 'client-key-data': base64(pem) })),
    ...when(connection.basic, ({ username, password }) => ({ username, password })),
    ...when(connection.impersonate, (who) => ({
      ...when(who.user, (as) => ({ as })),
      ...when(who.uid, (uid) => ({ 'as-uid': uid })),
      ...(who.groups.length === 0 ? {} : { 'as-groups': who.groups }),
      ...(Object.keys(who.extra).length === 0 ? {} : { 'as-user-extra': who.extra }),
    })),
  }
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'cluster', cluster }],
      users: [{ name: 'user', user }],
      contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user', namespace } }],
      'current-context': 'context',
    }),
  )
}
