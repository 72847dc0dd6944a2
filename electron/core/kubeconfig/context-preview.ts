import type { ContextPreview, Risk } from '../../../contract/kubeconfigs.ts'
import { holdsCredentials, isUsableProxy, maskAddress, readServer, type ServerAddress } from './addresses.ts'
import { CertificateReader, dayOf } from './certificates.ts'
import type { ResolvedContext } from './context-lookup.ts'
import { commandToRun, shownCommand } from './credential-command.ts'
import type { ClusterFields, UserFields } from './kubeconfig-fields.ts'
import type { Entry } from './kubeconfig-model.ts'
import type { PreviewEnvironment } from './preview.ts'
import { referencedFiles } from './referenced-files.ts'
import { contextRisk, fileRisk } from './risk-words.ts'
import { authKindsOf, userRisks } from './user-risks.ts'

/** True when kubectl's transport would find anything for TLS; decides the scheme of an address without one. */
export const hasTlsFields = (cluster: ClusterFields, user: UserFields | null): boolean =>
  cluster.insecureSkipTlsVerify ||
  cluster.certificateAuthority !== null ||
  cluster.certificateAuthorityData !== null ||
  user?.clientCertificate != null ||
  user?.clientCertificateData != null

/** Says what one context is and what it risks. */
export function previewContext(
  { context, cluster, user }: ResolvedContext,
  {
    currentContext,
    environment,
  }: { currentContext: string | null; environment: PreviewEnvironment & { certificates: CertificateReader } },
): ContextPreview {
  const risks: Risk[] = []
  const at = context.document.positionOf(context.offset)
  const { fields } = context
  const address: ServerAddress =
    cluster === null
      ? { state: 'missing' }
      : readServer(cluster.fields.server, hasTlsFields(cluster.fields, user?.fields ?? null))
  const secure = address.state === 'usable' && address.secure

  if (context.name === '') risks.push(contextRisk('unnamed-context', '', at))
  if (fields.cluster === null) risks.push(contextRisk('no-cluster', '', at))
  else if (cluster === null) risks.push(contextRisk('missing-cluster', fields.cluster, at))
  else risks.push(...clusterRisks(cluster, address, environment))
  if (fields.user === null) risks.push(contextRisk('no-user', '', at))
  else if (user === null) risks.push(contextRisk('missing-user', fields.user, at))
  else risks.push(...userRisks(user, { ...environment, secure }))
  for (const entry of [context, cluster, user])
    for (const { field, offset } of entry?.reader.wrongShape ?? [])
      risks.push(fileRisk('wrong-shape', field, entry?.document.positionOf(offset)))

  const server = maskAddress(cluster?.fields.server ?? '')
  const files = previewFiles({ cluster, user, tokenGoesTo: secure ? server : null }, environment, risks)
  const authKinds = authKindsOf(user?.fields ?? null)
  const command = commandToRun(user)
  const userName = fields.user ?? ''
  return {
    context: context.name,
    cluster: fields.cluster ?? '',
    server,
    user: userName,
    authKinds,
    namespace: fields.namespace ?? 'default',
    current: context.name !== '' && context.name === currentContext,
    addable: !risks.some((risk) => risk.severity === 'error'),
    duplicateOf: environment.duplicateOf({ server, user: userName, authKinds }),
    command: command === null ? null : shownCommand(command),
    commandAllowed: command !== null && environment.isAllowed(command),
    files,
    risks,
  }
}

function clusterRisks(
  entry: Entry<ClusterFields>,
  address: ServerAddress,
  { certificates, now }: { certificates: CertificateReader; now: number },
): Risk[] {
  const risks: Risk[] = []
  const cluster = entry.fields
  const add = (code: Parameters<typeof contextRisk>[0], subject = '', field = ''): void => {
    const offset = entry.reader.offsets.get(field) ?? entry.offset
    risks.push(contextRisk(code, subject, entry.document.positionOf(offset)))
  }
  const shown = maskAddress(cluster.server ?? '')
  const secure = address.state === 'usable' && address.secure
  if (address.state === 'missing') add('no-server', entry.name)
  else if (address.state === 'bad') add('bad-server-url', shown, 'server')
  else {
    if (address.schemeMissing) add('server-no-scheme', shown, 'server')
    if (!address.secure) add('plain-http', '', 'server')
    if (address.wildcard) add('wildcard-server', shown, 'server')
  }
  if (cluster.server !== null && holdsCredentials(cluster.server)) add('credentials-in-url', 'server', 'server')
  if (cluster.proxyUrl !== null) {
    add('proxy', maskAddress(cluster.proxyUrl), 'proxy-url')
    if (!isUsableProxy(cluster.proxyUrl)) add('bad-proxy-url', maskAddress(cluster.proxyUrl), 'proxy-url')
    if (holdsCredentials(cluster.proxyUrl)) add('credentials-in-url', 'proxy-url', 'proxy-url')
  }
  const hasAuthority = cluster.certificateAuthority !== null || cluster.certificateAuthorityData !== null
  if (cluster.insecureSkipTlsVerify) {
    add('insecure-skip-tls-verify', '', 'insecure-skip-tls-verify')
    if (hasAuthority && secure) add('insecure-with-ca', '', 'insecure-skip-tls-verify')
  }
  if (cluster.tlsServerName !== null) add('tls-server-name', cluster.tlsServerName, 'tls-server-name')
  if (cluster.certificateAuthorityData !== null) {
    const facts = certificates.read(cluster.certificateAuthorityData)
    const field = 'certificate-authority-data'
    if (facts.state === 'bad-base64') add('bad-base64', field, field)
    else if (facts.state === 'unreadable' && secure)
      add('cert-unreadable', 'The certificate authority is not a PEM certificate.', field)
    // A bundle works as long as one of its certificates does.
    else if (facts.state === 'readable' && secure && facts.lastNotAfter <= now)
      add('cert-expired', `certificate authority (valid until ${dayOf(facts.lastNotAfter)})`, field)
  }
  return risks
}

type FileUsers = {
  readonly cluster: Entry<ClusterFields> | null
  readonly user: Entry<UserFields> | null
  /** The server that gets what is in a token file, which wins over all else a user has; null: nobody does. */
  readonly tokenGoesTo: string | null
}

function previewFiles(
  { cluster, user, tokenGoesTo }: FileUsers,
  environment: PreviewEnvironment,
  risks: Risk[],
): ContextPreview['files'] {
  return referencedFiles({ cluster, user }).map(({ field, written, path }) => {
    const entry = field === 'certificate-authority' ? cluster : user
    const place = field === 'idp-certificate-authority' ? 'auth-provider.config' : field
    const position = entry?.document.positionOf(entry.reader.offsets.get(place) ?? entry.offset)
    const exists = path !== null && environment.fileExists(path)
    if (!exists) risks.push(contextRisk('missing-file', path ?? written, position))
    else if (field === 'tokenFile' && tokenGoesTo !== null)
      risks.push(contextRisk('token-file', `${path} and sent to ${tokenGoesTo}`, position))
    if (path === null) risks.push(contextRisk('relative-path', written, position))
    return { field, path: path ?? written, exists }
  })
}
