import { FieldReader } from './field-reader.ts'
import { toPlainValue, type YamlNode } from './yaml-tree.ts'

/** A cluster as a kubeconfig writes it; `*Data` are base64, as in the file. Null: absent or empty. */
export type ClusterFields = {
  server: string | null
  tlsServerName: string | null
  certificateAuthority: string | null
  certificateAuthorityData: string | null
  insecureSkipTlsVerify: boolean
  proxyUrl: string | null
  disableCompression: boolean
  /** The extension `client.authentication.k8s.io/exec`, handed to credential commands that ask for cluster information. */
  execExtension: unknown
}

export type ExecFields = {
  apiVersion: string | null
  command: string | null
  args: string[]
  env: { name: string; value: string }[]
  provideClusterInfo: boolean
  interactiveMode: string | null
  installHint: string | null
}

export type UserFields = {
  clientCertificate: string | null
  clientCertificateData: string | null
  clientKey: string | null
  clientKeyData: string | null
  token: string | null
  tokenFile: string | null
  username: string | null
  password: string | null
  as: string | null
  asUid: string | null
  asGroups: string[]
  asUserExtra: Record<string, string[]>
  exec: ExecFields | null
  authProvider: { name: string | null; config: Record<string, string> } | null
}

export type ContextFields = { cluster: string | null; user: string | null; namespace: string | null }

export function readCluster(node: YamlNode | undefined): { fields: ClusterFields; reader: FieldReader } {
  const reader = new FieldReader(node)
  const fields: ClusterFields = {
    server: reader.text('server'),
    tlsServerName: reader.text('tls-server-name'),
    certificateAuthority: reader.text('certificate-authority'),
    certificateAuthorityData: reader.text('certificate-authority-data'),
    insecureSkipTlsVerify: reader.flag('insecure-skip-tls-verify'),
    proxyUrl: reader.text('proxy-url'),
    disableCompression: reader.flag('disable-compression'),
    execExtension: readExecExtension(reader.items('extensions')),
  }
  return { fields, reader }
}

function readExecExtension(extensions: readonly YamlNode[]): unknown {
  for (const item of extensions) {
    if (item.kind !== 'mapping') continue
    const name = item.entries.get('name')
    const extension = item.entries.get('extension')
    if (name?.kind === 'scalar' && name.text === 'client.authentication.k8s.io/exec' && extension !== undefined)
      return toPlainValue(extension)
  }
  return null
}

export function readUser(node: YamlNode | undefined): { fields: UserFields; reader: FieldReader } {
  const reader = new FieldReader(node)
  const fields: UserFields = {
    clientCertificate: reader.text('client-certificate'),
    clientCertificateData: reader.text('client-certificate-data'),
    clientKey: reader.text('client-key'),
    clientKeyData: reader.text('client-key-data'),
    token: reader.text('token'),
    tokenFile: reader.text('tokenFile'),
    username: reader.text('username'),
    password: reader.text('password'),
    as: reader.text('as'),
    asUid: reader.text('as-uid'),
    asGroups: reader.texts('as-groups'),
    asUserExtra: reader.textLists('as-user-extra'),
    exec: readExec(reader),
    authProvider: readAuthProvider(reader),
  }
  reader.items('extensions')
  return { fields, reader }
}

function readExec(user: FieldReader): ExecFields | null {
  const reader = user.inside('exec')
  if (reader === null) return null
  const env = reader.items('env').flatMap((item) => {
    const variable = new FieldReader(item, 'exec.env.')
    const name = variable.text('name')
    const value = variable.text('value') ?? ''
    user.join(variable)
    return name === null ? [] : [{ name, value }]
  })
  const fields: ExecFields = {
    apiVersion: reader.text('apiVersion'),
    command: reader.text('command'),
    args: reader.texts('args'),
    env,
    provideClusterInfo: reader.flag('provideClusterInfo'),
    interactiveMode: reader.text('interactiveMode'),
    installHint: reader.text('installHint'),
  }
  user.join(reader)
  return fields
}

function readAuthProvider(user: FieldReader): UserFields['authProvider'] {
  const reader = user.inside('auth-provider')
  if (reader === null) return null
  const fields = { name: reader.text('name'), config: reader.textMap('config') }
  user.join(reader)
  return fields
}

export function readContext(node: YamlNode | undefined): { fields: ContextFields; reader: FieldReader } {
  const reader = new FieldReader(node)
  const fields = { cluster: reader.text('cluster'), user: reader.text('user'), namespace: reader.text('namespace') }
  reader.items('extensions')
  return { fields, reader }
}
