import type { AuthKind, Risk } from '../../../contract/kubeconfigs.ts'
import { maskAddress } from './addresses.ts'
import { type CertificateReader, dayOf, readKey } from './certificates.ts'
import { commandLine, commandOf, isRelativePath, isTooLong } from './credential-command.ts'
import type { ExecFields, UserFields } from './kubeconfig-fields.ts'
import type { Entry } from './kubeconfig-model.ts'
import { contextRisk } from './risk-words.ts'

/** How the user authenticates, in the order in which a client would try. */
export function authKindsOf(user: UserFields | null): AuthKind[] {
  if (user === null) return ['none']
  const kinds: AuthKind[] = []
  if (user.exec !== null) kinds.push('exec')
  if (user.authProvider !== null) kinds.push(user.authProvider.name === 'oidc' ? 'oidc' : 'auth-provider')
  if (user.clientCertificateData !== null) kinds.push('client-cert-data')
  else if (user.clientCertificate !== null) kinds.push('client-cert-file')
  if (user.token !== null) kinds.push('token')
  if (user.tokenFile !== null) kinds.push('token-file')
  if (user.username !== null || user.password !== null) kinds.push('basic')
  return kinds.length === 0 ? ['none'] : kinds
}

export type UserRiskOptions = {
  readonly secure: boolean
  readonly now: number
  readonly certificates: CertificateReader
  /** Whether a command can be found on this machine; null: not known. */
  readonly commandExists: (command: string) => boolean | null
}

/** What is wrong or risky about a user entry; follows what client-go refuses (clientcmd validateAuthInfo, oidc, exec). */
export function userRisks(entry: Entry<UserFields>, options: UserRiskOptions): Risk[] {
  const risks: Risk[] = []
  const user = entry.fields
  const add = (code: Parameters<typeof contextRisk>[0], subject = '', field = ''): void => {
    const offset = entry.reader.offsets.get(field) ?? entry.offset
    risks.push(contextRisk(code, subject, entry.document.positionOf(offset)))
  }

  if (user.exec !== null) execRisks(user.exec, commandOf(entry), options, add)
  providerRisks(user, add)
  certificateRisks(user, options, add)
  if (authKindsOf(user)[0] === 'none') add('no-credentials', entry.name)
  const basic = user.username !== null || user.password !== null
  if (basic) add('basic-auth', '', 'username')
  if (user.token !== null && basic) add('multiple-auth', 'a token and a password', 'token')
  if (user.exec !== null && user.authProvider !== null)
    add('multiple-auth', 'a credential command and an auth provider', 'exec')
  const others = user.asUid !== null || user.asGroups.length > 0 || Object.keys(user.asUserExtra).length > 0
  if (user.as !== null) add('impersonation', impersonated(user), 'as')
  else if (others) {
    add('impersonation', impersonated(user), 'as-groups')
    add('impersonation-without-user', '', 'as-groups')
  }
  if ([user.token, user.password, user.clientKeyData, user.clientCertificateData].some(isRedacted)) add('redacted')
  return risks
}

/** Variables by which loaders, interpreters and shells take in code; none of them is a place for a secret. */
const decidesCode =
  /^(PATH|LD_.+|DYLD_.+|NODE_(OPTIONS|PATH)|PYTHON(PATH|HOME|STARTUP)|PERL5?(LIB|OPT)|RUBY(LIB|OPT)|(JAVA_TOOL|_JAVA)_OPTIONS|CLASSPATH|BASH_ENV|ENV|SHELL|IFS|GIT_.+|AWS_CONFIG_FILE)$/i

type Add = (code: Parameters<typeof contextRisk>[0], subject?: string, field?: string) => void

function execRisks(exec: ExecFields, command: string | null, { commandExists }: UserRiskOptions, add: Add): void {
  if (command === null) add('exec-no-command', '', 'exec')
  else if (isTooLong(command, exec.args)) add('exec-too-long', '', 'exec.command')
  else {
    add('exec', commandLine(command, exec.args), 'exec.command')
    if (isRelativePath(command)) add('exec-relative-command', command, 'exec.command')
    else if (commandExists(command) === false) add('exec-not-found', command, 'exec.command')
    const deciding = exec.env.filter(({ name }) => decidesCode.test(name))
    if (deciding.length > 0)
      add(
        'exec-variables',
        deciding
          .map(({ name, value }) => `${name}=${value}`)
          .join(', ')
          .slice(0, 500),
        'exec.env',
      )
  }
  if (exec.apiVersion === null) add('exec-no-api-version', '', 'exec')
  else if (exec.apiVersion === 'client.authentication.k8s.io/v1alpha1') add('exec-api-removed', '', 'exec.apiVersion')
  else if (exec.apiVersion === 'client.authentication.k8s.io/v1' && exec.interactiveMode === null)
    add('exec-no-interactive-mode', '', 'exec')
}

function providerRisks({ authProvider }: UserFields, add: Add): void {
  if (authProvider === null) return
  const { name, config } = authProvider
  if (name === 'gcp' || name === 'azure') add('removed-auth-provider', name, 'auth-provider.name')
  else if (name !== 'oidc') add('unknown-auth-provider', name ?? '', 'auth-provider')
  else {
    const lacking = ['idp-issuer-url', 'client-id'].filter((field) => (config[field] ?? '') === '')
    if (lacking.length > 0) add('oidc-incomplete', lacking.join(' and '), 'auth-provider.config')
    const issuer = config['idp-issuer-url'] ?? 'a sign-in server that is not named'
    add('auth-provider-oidc', maskAddress(issuer), 'auth-provider.name')
  }
}

function certificateRisks(user: UserFields, { secure, now, certificates }: UserRiskOptions, add: Add): void {
  if (user.clientCertificateData !== null) {
    const facts = certificates.read(user.clientCertificateData)
    if (facts.state === 'bad-base64') add('bad-base64', 'client-certificate-data', 'client-certificate-data')
    else if (facts.state === 'unreadable' && secure)
      add('cert-unreadable', 'The client certificate is not a PEM certificate.', 'client-certificate-data')
    else if (facts.state === 'readable' && secure && facts.notAfter <= now)
      add('cert-expired', `client certificate (valid until ${dayOf(facts.notAfter)})`, 'client-certificate-data')
  }
  if (user.clientKeyData !== null) {
    const state = readKey(user.clientKeyData)
    if (state === 'bad-base64') add('bad-base64', 'client-key-data', 'client-key-data')
    else if (state === 'unreadable' && secure)
      add('cert-unreadable', 'The key of the client certificate is not a PEM key.', 'client-key-data')
  }
  const hasCertificate = user.clientCertificateData !== null || user.clientCertificate !== null
  if (hasCertificate && user.clientKeyData === null && user.clientKey === null && secure)
    add('cert-unreadable', 'The client certificate has no key; kubectl refuses that.', 'client-certificate-data')
}

function impersonated({ as, asUid, asGroups }: UserFields): string {
  const parts = [as === null ? [] : [`user ${as}`], asUid === null ? [] : [`uid ${asUid}`]].flat()
  if (asGroups.length > 0) parts.push(`groups ${asGroups.join(', ')}`)
  return parts.length === 0 ? 'extra fields only' : parts.join(', ')
}

/** What "kubectl config view" and people put where a secret was; DATA+OMITTED is legal base64. */
const isRedacted = (value: string | null): boolean =>
  value !== null && /^(?:DATA\+OMITTED|[[<(]?(?:redacted|omitted|removed)[\])>]?|[*•x]{3,})$/i.test(value.trim())
