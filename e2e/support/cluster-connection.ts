import fs from 'node:fs'
import { parse } from 'yaml'
import type { ClusterConnection } from '../../contract/sidecar.ts'

type Named<Key extends string, Value> = { name: string } & Record<Key, Value>
type Fields = Record<string, string | undefined>
type Kubeconfig = {
  'current-context': string
  contexts: Named<'context', { cluster: string; user: string }>[]
  clusters: Named<'cluster', Fields>[]
  users: Named<'user', Fields & { 'as-groups'?: string[] }>[]
}

/** The connection of a kubeconfig of the bed whose credentials need no command: certificates, tokens and files of them. */
export function connectionOf(file: string): ClusterConnection {
  const config = parse(fs.readFileSync(file, 'utf8')) as Kubeconfig
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster ?? {}
  const user: Kubeconfig['users'][number]['user'] = config.users.find(({ name }) => name === context?.user)?.user ?? {}
  const data = (fields: Fields, name: string): string | null => {
    const embedded = fields[`${name}-data`]
    if (embedded !== undefined) return Buffer.from(embedded, 'base64').toString('utf8')
    return fields[name] === undefined ? null : fs.readFileSync(fields[name], 'utf8')
  }
  return {
    server: cluster['server'] ?? '',
    tlsServerName: cluster['tls-server-name'] ?? null,
    certificateAuthority: data(cluster, 'certificate-authority'),
    insecureSkipTlsVerify: false,
    proxyUrl: cluster['proxy-url'] ?? null,
    disableCompression: false,
    token: user.token ?? (user.tokenFile === undefined ? null : fs.readFileSync(user.tokenFile, 'utf8')),
    clientCertificate: data(user, 'client-certificate'),
    clientKey: data(user, 'client-key'),
    basic: null,
    impersonate:
      user.as === undefined ? null : { user: user.as, uid: null, groups: user['as-groups'] ?? [], extra: {} },
    expiresAt: null,
  }
}
