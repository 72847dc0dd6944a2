import type { KubeconfigErrorCode, Risk, RiskCode, Severity } from '../../../contract/kubeconfigs.ts'
import type { Position } from './yaml-tree.ts'

type Words = { severity: Severity; message: (subject: string) => string; next: string }

/** Severity `error` on a context means: not addable as it stands. `danger`: it will not work, or is unsafe. */
const contextWords: Record<Exclude<RiskCode, FileCode>, Words> = {
  exec: {
    severity: 'warning',
    message: (subject) => `To get credentials this would run: ${subject}`,
    next: 'Allow it only if you know this program. Nothing runs before you allow it.',
  },
  'insecure-skip-tls-verify': {
    severity: 'danger',
    message: () => 'The server certificate is not checked: anybody on the way can read and change everything.',
    next: "Remove insecure-skip-tls-verify and give the cluster's certificate authority.",
  },
  'insecure-with-ca': {
    severity: 'danger',
    message: () =>
      'It skips the certificate check, yet it names a certificate authority; kubectl refuses the two together.',
    next: 'Remove insecure-skip-tls-verify; the certificate authority is there already.',
  },
  'plain-http': {
    severity: 'danger',
    message: () => 'The server is plain http: nothing is encrypted, and no credentials are sent over it.',
    next: 'Ask the cluster administrator for its https address.',
  },
  proxy: {
    severity: 'warning',
    message: (subject) => `All requests go through the proxy ${subject}.`,
    next: 'Go on if you know this proxy.',
  },
  'bad-proxy-url': {
    severity: 'error',
    message: (subject) => `The proxy address ${subject} cannot be used.`,
    next: 'Write proxy-url with http://, https:// or socks5://.',
  },
  'credentials-in-url': {
    severity: 'danger',
    message: (subject) => `The address in ${subject} holds a user name or password. It is masked wherever it is shown.`,
    next: 'Take the credentials out of the address, or go on: they are stored encrypted.',
  },
  impersonation: {
    severity: 'warning',
    message: (subject) => `Requests are made as somebody else: ${subject}.`,
    next: 'Go on if that is meant; your own user needs permission to impersonate.',
  },
  'impersonation-without-user': {
    severity: 'danger',
    message: () => 'It impersonates groups, a uid or extra fields but no user; kubectl refuses that.',
    next: 'Add the field "as" with the user to impersonate.',
  },
  'missing-file': {
    severity: 'danger',
    message: (subject) => `The file ${subject} does not exist on this machine.`,
    next: 'Put the file there, or use a kubeconfig with the data inside (kubectl config view --raw --flatten).',
  },
  'relative-path': {
    severity: 'danger',
    message: (subject) => `The path ${subject} is relative, and pasted text has no folder to start from.`,
    next: 'Write the full path, or paste the output of: kubectl config view --raw --flatten',
  },
  'token-file': {
    severity: 'warning',
    message: (subject) => `Its token is read from ${subject}.`,
    next: 'Go on if this file was written for this cluster; whoever runs the server can read it.',
  },
  'cert-expired': {
    severity: 'danger',
    message: (subject) => `The ${subject} has expired.`,
    next: 'Get a new kubeconfig from the cluster administrator.',
  },
  'cert-unreadable': {
    severity: 'danger',
    message: (subject) => subject,
    next: 'Get the kubeconfig again; it may have been cut or edited.',
  },
  'bad-base64': {
    severity: 'error',
    message: (subject) => `The field ${subject} is not base64; kubectl refuses the whole file for it.`,
    next: 'Copy the field again in full, or get the kubeconfig again.',
  },
  'missing-cluster': {
    severity: 'error',
    message: (subject) => `The context names the cluster "${subject}", which is not in the text.`,
    next: 'Paste the whole kubeconfig, or correct the name.',
  },
  'no-cluster': {
    severity: 'error',
    message: () => 'The context names no cluster.',
    next: 'Add the field "cluster" to the context.',
  },
  'missing-user': {
    severity: 'danger',
    message: (subject) =>
      `The context names the user "${subject}", which is not in the text: requests would be anonymous.`,
    next: 'Paste the whole kubeconfig, or correct the name.',
  },
  'no-user': {
    severity: 'warning',
    message: () => 'The context names no user: requests would be anonymous.',
    next: 'Go on if the cluster takes anonymous requests; otherwise add the field "user" to the context.',
  },
  'unnamed-context': {
    severity: 'error',
    message: () => 'The context has no name.',
    next: 'Give the context a name.',
  },
  'no-server': {
    severity: 'error',
    message: (subject) => `The cluster "${subject}" has no server address.`,
    next: 'Add the field "server" to the cluster.',
  },
  'bad-server-url': {
    severity: 'error',
    message: (subject) => `The server ${subject} is not an http or https address.`,
    next: 'Correct the address; it should begin with https://.',
  },
  'server-no-scheme': {
    severity: 'warning',
    message: (subject) => `The server ${subject} does not say http:// or https://.`,
    next: 'Write https:// before it. Until then Mooring does what kubectl does: https where the kubeconfig has TLS settings, http where not.',
  },
  'no-credentials': {
    severity: 'warning',
    message: (subject) => `The user "${subject}" has no credentials.`,
    next: 'Go on if the cluster takes anonymous requests; otherwise get a complete kubeconfig.',
  },
  'multiple-auth': {
    severity: 'danger',
    message: (subject) => `The user has ${subject}; kubectl refuses two ways to authenticate.`,
    next: 'Keep one way to authenticate and remove the other.',
  },
  'removed-auth-provider': {
    severity: 'danger',
    message: (subject) => `The auth provider "${subject}" was removed in kubectl 1.26.`,
    next: "Get a new kubeconfig with the cloud provider's own command.",
  },
  'oidc-incomplete': {
    severity: 'danger',
    message: (subject) => `The OIDC settings lack ${subject}.`,
    next: 'Get a complete kubeconfig from the cluster administrator.',
  },
  'unknown-auth-provider': {
    severity: 'danger',
    message: (subject) => `The auth provider "${subject}" is not known.`,
    next: 'Get a kubeconfig that uses a token, a certificate, OIDC or a credential command.',
  },
  'exec-api-removed': {
    severity: 'danger',
    message: () => 'The credential command uses client.authentication.k8s.io/v1alpha1, refused since kubectl 1.24.',
    next: 'Update the program and get the kubeconfig again; it should say v1 or v1beta1.',
  },
  'exec-no-api-version': {
    severity: 'danger',
    message: () => 'The credential command has no apiVersion; kubectl refuses that.',
    next: 'Add apiVersion: client.authentication.k8s.io/v1 to the exec entry.',
  },
  'exec-no-command': {
    severity: 'danger',
    message: () => 'The exec entry names no command; kubectl refuses that.',
    next: 'Add the field "command" to the exec entry.',
  },
  'exec-no-interactive-mode': {
    severity: 'danger',
    message: () => 'The exec entry of version v1 has no interactiveMode; kubectl refuses that.',
    next: 'Add interactiveMode: IfAvailable to the exec entry.',
  },
  'basic-auth': {
    severity: 'info',
    message: () => 'It signs in with a user name and password, which Kubernetes has not accepted since 1.19.',
    next: 'Get a kubeconfig with a token or a certificate, unless a proxy in front of the server checks the password.',
  },
  'wildcard-server': {
    severity: 'info',
    message: (subject) => `The server ${subject} is a wildcard address: it reaches this machine on some systems only.`,
    next: 'Use 127.0.0.1 when the cluster runs on this machine.',
  },
  'tls-server-name': {
    severity: 'info',
    message: (subject) => `The server certificate is checked for the name ${subject}.`,
    next: 'Nothing to do.',
  },
  'auth-provider-oidc': {
    severity: 'info',
    message: (subject) => `It signs in with OIDC at ${subject}.`,
    next: 'Nothing to do; the token is renewed when it ends.',
  },
  'exec-not-found': {
    severity: 'info',
    message: (subject) => `The command ${subject} was not found on this machine.`,
    next: 'Install it before you use the cluster.',
  },
  redacted: {
    severity: 'danger',
    message: () => 'The credentials were taken out of the text (REDACTED, DATA+OMITTED).',
    next: 'Paste the output of: kubectl config view --raw --flatten',
  },
  'exec-relative-command': {
    severity: 'info',
    message: (subject) => `The path of the command ${subject} is relative to the folder of the kubeconfig.`,
    next: 'Write the full path, so that it is found.',
  },
  'exec-variables': {
    severity: 'danger',
    message: (subject) => `The kubeconfig decides what code the command runs: it sets ${subject}.`,
    next: 'Allow the command only if you know why it needs this; the name alone does not say what runs.',
  },
  'exec-too-long': {
    severity: 'error',
    message: () => 'The credential command is too long: more than 1,000 arguments, or one of more than 64 KiB.',
    next: 'Get a kubeconfig with a shorter command from whoever made this one.',
  },
}

type FileCode =
  | 'no-current-context'
  | 'current-context-missing'
  | 'duplicate-name'
  | 'duplicate-key'
  | 'multiple-documents'
  | 'name-not-string'
  | 'unknown-field'

const fileWords: Record<FileCode | KubeconfigErrorCode, Words> = {
  'no-current-context': {
    severity: 'warning',
    message: () => 'No current context is set.',
    next: 'Nothing to do: choose contexts here.',
  },
  'current-context-missing': {
    severity: 'warning',
    message: (subject) => `The current context "${subject}" is not in the text.`,
    next: 'Nothing to do: choose contexts here.',
  },
  'duplicate-name': {
    severity: 'error',
    message: (subject) => `${subject}: nobody can say which one is meant.`,
    next: 'Rename one of them, or paste the files one after the other.',
  },
  'duplicate-key': {
    severity: 'error',
    message: (subject) => `The key "${subject}" is there twice in one place: kubectl would silently use the last one.`,
    next: 'Join the two parts into one, or remove one of them.',
  },
  'multiple-documents': {
    severity: 'warning',
    message: (subject) => `The text holds ${subject} documents; kubectl would read only the first. All are shown here.`,
    next: 'Choose the contexts you want.',
  },
  'name-not-string': {
    severity: 'error',
    message: (subject) => `The value of ${subject} must be text, but kubectl reads it as a number, true or false.`,
    next: 'Put the value in quotes.',
  },
  'unknown-field': {
    severity: 'info',
    message: (subject) => `The field ${subject} is not known to kubectl.`,
    next: 'Nothing to do; it is not used.',
  },
  redacted: {
    severity: 'danger',
    message: () => 'The credentials were taken out of the text (REDACTED, DATA+OMITTED).',
    next: 'Paste the output of: kubectl config view --raw --flatten',
  },
  'yaml-syntax': {
    severity: 'error',
    message: () => 'The text is not YAML.',
    next: 'Paste the kubeconfig alone, unchanged; in a file, correct the line.',
  },
  'alias-bomb': {
    severity: 'error',
    message: () => 'The aliases (*) in the text would make it far larger than any kubeconfig.',
    next: 'Do not use this file; no kubeconfig looks like this.',
  },
  'not-a-mapping': {
    severity: 'error',
    message: () => 'The text is not a kubeconfig: it has no fields such as clusters, contexts and users.',
    next: 'Paste the whole kubeconfig, from apiVersion to its end.',
  },
  'wrong-shape': {
    severity: 'error',
    message: (subject) =>
      `The field ${subject} holds the wrong kind of value: text, a list or a mapping, where another of these belongs.`,
    next: 'Correct the field, or get the kubeconfig again.',
  },
  'wrong-kind': {
    severity: 'error',
    message: (subject) => `This is a ${subject}, not a kubeconfig (kind: Config).`,
    next: 'Paste a kubeconfig; of a list, paste one Config at a time.',
  },
  'wrong-api-version': {
    severity: 'error',
    message: (subject) => `The apiVersion is ${subject}; a kubeconfig has v1.`,
    next: 'Paste a kubeconfig with apiVersion: v1.',
  },
  'wrapped-in-secret': {
    severity: 'error',
    message: () => 'This is a Kubernetes Secret; the kubeconfig is inside it, in base64.',
    next: 'Take it out first: kubectl get secret NAME -o jsonpath={.data.KEY} | base64 -d',
  },
  'base64-wrapped': {
    severity: 'error',
    message: () => 'The whole text is in base64.',
    next: 'Decode it first (base64 -d) and paste the result.',
  },
  empty: {
    severity: 'error',
    message: () => 'There is nothing in the text.',
    next: 'Paste a kubeconfig, from apiVersion to its end.',
  },
  'no-contexts': {
    severity: 'error',
    message: () => 'The kubeconfig has no contexts.',
    next: 'Paste a kubeconfig with at least one context.',
  },
  'no-usable-context': {
    severity: 'error',
    message: () => 'None of the contexts can be used as it stands.',
    next: 'Look at what each context lacks.',
  },
  'too-large': {
    severity: 'error',
    message: () => 'The text is over the limit of 4 MiB.',
    next: 'Paste only the contexts you need (kubectl config view --raw --minify --context NAME).',
  },
}

/** A finding about one context. `subject` is what the words name: a path, an address, a command. */
export function contextRisk(code: keyof typeof contextWords, subject = '', position?: Position): Risk {
  return worded(code, contextWords[code], subject, position)
}

/** A finding about the text as a whole, or an error that keeps all of it out. */
export function fileRisk(code: keyof typeof fileWords, subject = '', position?: Position): Risk {
  return worded(code, fileWords[code], subject, position)
}

const worded = (code: Risk['code'], words: Words, subject: string, position: Position | undefined): Risk => ({
  code,
  severity: words.severity,
  message: words.message(subject),
  next: words.next,
  ...position,
})
