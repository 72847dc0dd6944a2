import fs from 'node:fs/promises'
import path from 'node:path'
import { createObject, type ApiClient } from './api-client.ts'
import { apiUrl, BLACKHOLE_PORT, inCluster, type ClusterLayout } from './cluster-layout.ts'
import { READER_TOKEN, STATIC_TOKEN, OIDC_AUDIENCE } from './components.ts'
import type { Issuer } from './issuer.ts'
import {
  base64,
  certificateUser,
  kubeconfig,
  writeKubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
} from './kubeconfig-file.ts'
import { loginPluginPath } from './login-plugin.ts'
import { proxiedHost, type Proxies } from './proxies.ts'

/** Users who connect, may do everything, and can forward. */
export const GOOD_USERS = [
  'admin',
  'client-certificate-files',
  'token',
  'token-file',
  'service-account',
  'exec',
  'oidc',
  'oidc-refresh',
  'impersonation',
  'http-proxy',
  'socks5-proxy',
  'tls-server-name',
] as const

/** Users who fail, each in its own way; README.md says how. */
export const FAILING_USERS = [
  'restricted',
  'expired-certificate',
  'wrong-ca',
  'wrong-server-name',
  'unreachable',
  'blackhole',
  'refused',
  'no-such-host',
  'expired-token',
  'wrong-token',
  'exec-missing',
  'proxy-refused',
  'removed-provider',
] as const

export type UserName = (typeof GOOD_USERS)[number] | (typeof FAILING_USERS)[number]

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** Gives the groups of the bed's users their rights, and makes the namespaces and the service account. */
async function grantRights(api: ApiClient): Promise<void> {
  const role = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
  const meta = (name: string, namespace?: string): object => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
  })
  await createObject(api, '/api/v1/namespaces', { metadata: meta('team') })
  await Promise.all([
    createObject(api, '/api/v1/namespaces/default/serviceaccounts', { metadata: meta('robot') }),
    createObject(api, `${RBAC}/clusterrolebindings`, {
      metadata: meta('testers'),
      roleRef: role('ClusterRole', 'cluster-admin'),
      subjects: [
        role('Group', 'testers'),
        role('Group', 'oidc:testers'),
        { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
      ],
    }),
    createObject(api, `${RBAC}/namespaces/team/roles`, {
      metadata: meta('pod-reader', 'team'),
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }],
    }),
    createObject(api, `${RBAC}/namespaces/team/rolebindings`, {
      metadata: meta('pod-reader', 'team'),
      roleRef: role('Role', 'pod-reader'),
      subjects: [role('User', 'reader')],
    }),
  ])
}

async function serviceAccountToken(api: ApiClient): Promise<string> {
  const answer = await createObject(api, '/api/v1/namespaces/default/serviceaccounts/robot/token', {
    spec: { expirationSeconds: 24 * 3600 },
  })
  return (answer as { status: { token: string } }).status.token
}

export type UserSources = { bedFolder: string; issuer: Issuer; proxies: Proxies }

type UserEntry = { cluster?: Partial<KubeconfigCluster>; user: KubeconfigUser; namespace?: string }

/**
 * Makes one kubeconfig file per user in the cluster's `users` folder.
 * @returns the file of each user
 */
export async function prepareUsers(
  cluster: { layout: ClusterLayout; api: ApiClient },
  sources: UserSources,
): Promise<Record<string, string>> {
  const { layout, api } = cluster
  await grantRights(api)
  const folder = inCluster(layout, 'users')
  await fs.mkdir(folder, { recursive: true })
  const tokenFile = path.join(folder, 'token-file.token')
  await fs.writeFile(tokenFile, `${STATIC_TOKEN}\n`, { mode: 0o600 })
  const pki = (name: string): string => inCluster(layout, 'pki', name)
  const authority = await fs.readFile(pki('ca.crt'), 'utf8')
  const admin = await certificateUser(layout, 'admin')
  const identity = { groups: ['testers'], lifetimeSeconds: 24 * 3600 }
  const { issuer, proxies } = sources
  const token = { token: STATIC_TOKEN }
  const proxied = { server: apiUrl(layout, proxiedHost(layout.name)) }
  const exec = (command: string): KubeconfigUser => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: ['get-token', '--cluster', layout.name],
      interactiveMode: 'Never',
      provideClusterInfo: true,
      installHint: 'testbed-login comes with the test bed.',
    },
  })
  const closedPort = `https://${layout.addresses.main}:1`
  // Without a network of our own, an address of the documentation range has to do.
  const blackhole = `https://${layout.namespaced ? layout.addresses.main : '192.0.2.2'}:${BLACKHOLE_PORT}`

  const entries: Record<UserName, UserEntry> = {
    admin: { user: admin },
    'client-certificate-files': {
      user: { 'client-certificate': pki('user.crt'), 'client-key': pki('user.key') },
    },
    token: { user: token },
    'token-file': { user: { tokenFile } },
    'service-account': { user: { token: await serviceAccountToken(api) } },
    exec: { user: exec(loginPluginPath(sources.bedFolder)) },
    oidc: { user: { token: issuer.issueToken({ email: 'ann@example.test', ...identity }) } },
    'oidc-refresh': {
      user: {
        'auth-provider': {
          name: 'oidc',
          config: {
            'client-id': OIDC_AUDIENCE,
            'idp-issuer-url': issuer.url,
            'idp-certificate-authority-data': base64(issuer.authority),
            // Expired: whoever uses it has to refresh first.
            'id-token': issuer.issueToken({ email: 'stale@example.test', groups: ['testers'], lifetimeSeconds: -60 }),
            'refresh-token': issuer.refreshToken,
          },
        },
      },
    },
    impersonation: { user: { ...admin, as: 'impersonated@example.test', 'as-groups': ['testers', 'auditors'] } },
    'http-proxy': { cluster: { ...proxied, proxyUrl: proxies.httpUrl }, user: token },
    'socks5-proxy': { cluster: { ...proxied, proxyUrl: proxies.socksUrl }, user: token },
    'tls-server-name': {
      cluster: { server: apiUrl(layout, layout.addresses.alias), tlsServerName: 'kubernetes.default.svc' },
      user: token,
    },
    restricted: { user: { token: READER_TOKEN }, namespace: 'team' },
    'expired-certificate': { user: await certificateUser(layout, 'expired') },
    'wrong-ca': { cluster: { authority: await fs.readFile(pki('otherca.crt'), 'utf8') }, user: token },
    'wrong-server-name': { cluster: { server: apiUrl(layout, layout.addresses.alias) }, user: token },
    unreachable: { cluster: { server: apiUrl(layout, layout.addresses.nobody) }, user: token },
    blackhole: { cluster: { server: blackhole }, user: token },
    refused: { cluster: { server: closedPort }, user: token },
    'no-such-host': { cluster: { server: apiUrl(layout, 'api.testbed.invalid') }, user: token },
    'expired-token': {
      user: { token: issuer.issueToken({ email: 'late@example.test', groups: ['testers'], lifetimeSeconds: -60 }) },
    },
    'wrong-token': { user: { token: 'testbed-nobody-has-this-token' } },
    'exec-missing': { user: exec('testbed-login-that-is-not-installed') },
    'proxy-refused': { cluster: { ...proxied, proxyUrl: 'http://127.0.0.1:1' }, user: token },
    'removed-provider': { user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'gcloud' } } } },
  }
  const files: Record<string, string> = {}
  for (const [name, entry] of Object.entries(entries)) {
    const file = path.join(folder, `${name}.kubeconfig`)
    const target = { server: apiUrl(layout), authority, ...entry.cluster }
    await writeKubeconfig(file, kubeconfig(name, target, entry.user, entry.namespace))
    files[name] = file
  }
  return files
}
