import type { KubeconfigEntry } from './entry.ts'
import { readCluster, readContext, readUser } from './kubeconfig-fields.ts'
import type { YamlNode } from './yaml-tree.ts'

/** The entry as a kubeconfig of one context, in JSON (which is YAML): what is stored, encrypted. */
export function entryToText({ context, namespace, cluster, user }: KubeconfigEntry): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{ name: cluster.name, cluster: clusterFields(cluster) }],
    users: [{ name: user.name, user: userFields(user) }],
    contexts: [{ name: context, context: { cluster: cluster.name, user: user.name, namespace } }],
  })
}

/** Reads what {@link entryToText} wrote; anything else is a bug and throws. */
export function entryFromText(text: string): KubeconfigEntry {
  const root = nodeOf(JSON.parse(text))
  const [cluster, user, context] = ['clusters', 'users', 'contexts'].map((field) => only(root, field))
  const contextFields = readContext(fieldOf(context, 'context')).fields
  const clusterFields = readCluster(fieldOf(cluster, 'cluster')).fields
  return {
    context: nameOf(context),
    namespace: contextFields.namespace ?? 'default',
    cluster: { ...clusterFields, name: nameOf(cluster), server: clusterFields.server ?? '' },
    user: { ...readUser(fieldOf(user, 'user')).fields, name: nameOf(user) },
  }
}

const clusterFields = (cluster: KubeconfigEntry['cluster']) => ({
  server: cluster.server,
  'tls-server-name': cluster.tlsServerName,
  'certificate-authority': cluster.certificateAuthority,
  'certificate-authority-data': cluster.certificateAuthorityData,
  'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify,
  'proxy-url': cluster.proxyUrl,
  'disable-compression': cluster.disableCompression,
  extensions:
    cluster.execExtension === null
      ? []
      : [{ name: 'client.authentication.k8s.io/exec', extension: cluster.execExtension }],
})

const userFields = (user: KubeconfigEntry['user']) => ({
  'client-certificate': user.clientCertificate,
  'client-certificate-data': user.clientCertificateData,
  'client-key': user.clientKey,
  'client-key-data': user.clientKeyData,
  token: user.token,
  tokenFile: user.tokenFile,
  username: user.username,
  password: user.password,
  as: user.as,
  'as-uid': user.asUid,
  'as-groups': user.asGroups,
  'as-user-extra': user.asUserExtra,
  exec: user.exec,
  'auth-provider': user.authProvider,
})

/** JSON as the tree that the readers of kubeconfigs take. */
function nodeOf(value: unknown): YamlNode {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf), offset: 0 }
  if (typeof value === 'object' && value !== null)
    return {
      kind: 'mapping',
      entries: new Map(Object.entries(value).map(([name, field]) => [name, nodeOf(field)])),
      offset: 0,
    }
  if (value === null) return { kind: 'scalar', text: '', type: 'null', offset: 0 }
  if (typeof value === 'number') return { kind: 'scalar', text: `${value}`, type: 'number', offset: 0 }
  if (typeof value === 'boolean') return { kind: 'scalar', text: value ? 'true' : 'false', type: 'boolean', offset: 0 }
  return { kind: 'scalar', text: typeof value === 'string' ? value : '', type: 'string', offset: 0 }
}

function only(root: YamlNode, field: string): YamlNode {
  const list = fieldOf(root, field)
  const item = list?.kind === 'list' ? list.items[0] : undefined
  if (item === undefined) throw new Error(`a stored kubeconfig has no ${field}`)
  return item
}

const fieldOf = (node: YamlNode | undefined, field: string): YamlNode | undefined =>
  node?.kind === 'mapping' ? node.entries.get(field) : undefined

const nameOf = (node: YamlNode | undefined): string => {
  const name = fieldOf(node, 'name')
  return name?.kind === 'scalar' ? name.text : ''
}
