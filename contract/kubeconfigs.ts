import { z } from './zod.ts'
import { Id } from './common.ts'

/** How bad a finding is (docs/kubeconfigs.md): `error` keeps a context from being added, `info` changes nothing. */
export const Severity = z.enum(['info', 'warning', 'danger', 'error'])
export type Severity = z.infer<typeof Severity>

/** What a preview can say about a kubeconfig or a context in it. */
export const RiskCode = z.enum([
  'exec',
  'insecure-skip-tls-verify',
  'insecure-with-ca',
  'plain-http',
  'proxy',
  'bad-proxy-url',
  'credentials-in-url',
  'impersonation',
  'impersonation-without-user',
  'missing-file',
  'relative-path',
  'token-file',
  'cert-expired',
  'cert-unreadable',
  'bad-base64',
  'no-current-context',
  'current-context-missing',
  'missing-cluster',
  'no-cluster',
  'missing-user',
  'no-user',
  'unnamed-context',
  'no-server',
  'bad-server-url',
  'server-no-scheme',
  'no-credentials',
  'multiple-auth',
  'removed-auth-provider',
  'oidc-incomplete',
  'unknown-auth-provider',
  'exec-api-removed',
  'exec-no-api-version',
  'exec-no-command',
  'exec-no-interactive-mode',
  'duplicate-name',
  'duplicate-key',
  'multiple-documents',
  'name-not-string',
  'unknown-field',
  'basic-auth',
  'wildcard-server',
  'tls-server-name',
  'auth-provider-oidc',
  'exec-not-found',
  'exec-relative-command',
  'exec-too-long',
  'exec-variables',
  'redacted',
])
export type RiskCode = z.infer<typeof RiskCode>

/** Why nothing in a text can be added. */
export const KubeconfigErrorCode = z.enum([
  'yaml-syntax',
  'alias-bomb',
  'not-a-mapping',
  'wrong-shape',
  'wrong-kind',
  'wrong-api-version',
  'wrapped-in-secret',
  'base64-wrapped',
  'empty',
  'no-contexts',
  'no-usable-context',
  'duplicate-name',
  'duplicate-key',
  'name-not-string',
  'redacted',
  'too-large',
])
export type KubeconfigErrorCode = z.infer<typeof KubeconfigErrorCode>

/** How a user of a kubeconfig signs in; a user may have several. */
export const AuthKind = z.enum([
  'client-cert-data',
  'client-cert-file',
  'token',
  'token-file',
  'basic',
  'exec',
  'oidc',
  'auth-provider',
  'none',
])
export type AuthKind = z.infer<typeof AuthKind>

/** One finding; `line` and `column` (from 1) where the text has a place for it. */
export const Risk = z.object({
  code: z.union([RiskCode, KubeconfigErrorCode]),
  severity: Severity,
  message: z.string(),
  next: z.string(),
  line: z.int().positive().optional(),
  column: z.int().positive().optional(),
})
export type Risk = z.infer<typeof Risk>

/** A command that would run to get credentials, exactly as written: no shell reads it. */
export const CredentialCommand = z.object({
  command: z.string().min(1).max(4096),
  args: z.array(z.string().max(65_536)).max(1000),
  /** Names and values of the environment that the kubeconfig adds; values may be secrets and are masked when shown. */
  env: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
})
export type CredentialCommand = z.infer<typeof CredentialCommand>

/** A file a context refers to by path. */
export const ReferencedFile = z.object({
  field: z.enum([
    'certificate-authority',
    'client-certificate',
    'client-key',
    'tokenFile',
    'idp-certificate-authority',
  ]),
  /** Full path after resolving against the folder of the file it stands in; as written where there is no folder. */
  path: z.string(),
  exists: z.boolean(),
})
export type ReferencedFile = z.infer<typeof ReferencedFile>

/** A context as it would be stored, and what is to be known about it before. */
export const ContextPreview = z.object({
  context: z.string(),
  cluster: z.string(),
  /** As shown: credentials inside the address are masked. */
  server: z.string(),
  user: z.string(),
  authKinds: z.array(AuthKind),
  namespace: z.string(),
  current: z.boolean(),
  /** False: it cannot be added as it stands; the risks of severity `error` say why. */
  addable: z.boolean(),
  /** The stored cluster with the same server, user and credentials kind, if there is one. */
  duplicateOf: z.object({ id: Id, name: z.string() }).nullable(),
  /** Command that would run; null when none. */
  command: CredentialCommand.nullable(),
  /** True when the allow list holds that command already. */
  commandAllowed: z.boolean(),
  files: z.array(ReferencedFile),
  risks: z.array(Risk),
})
export type ContextPreview = z.infer<typeof ContextPreview>

/** What a kubeconfig holds; nothing was run or written for it. `problems` are about the file as a whole. */
export const KubeconfigPreview = z.object({
  verdict: z.enum(['ok', 'ok-with-warnings', 'error']),
  error: KubeconfigErrorCode.nullable(),
  contexts: z.array(ContextPreview),
  problems: z.array(Risk),
})
export type KubeconfigPreview = z.infer<typeof KubeconfigPreview>

/** Largest kubeconfig text accepted, in bytes (4 MiB). */
export const maxKubeconfigBytes = 4 * 1024 * 1024

/** What is over the limit is taken this far, to be answered with its reason (`too-large`) and not as a wrong input. */
export const maxSourceLength = 4 * maxKubeconfigBytes

const text = z.string().max(maxSourceLength)
/** Base64 of the bytes of a file, for files that are not UTF-8. */
const base64 = z.base64().max(maxSourceLength)

/**
 * Where a kubeconfig comes from: a text, the bytes of a file, or the user's default files
 * (`KUBECONFIG` or `~/.kube/config`, read by the owner).
 */
export const KubeconfigSource = {
  text: text.optional(),
  base64: base64.optional(),
  default: z.literal(true).optional(),
  /** Full path of the file that `base64` holds, where it is known: relative paths in it start from its folder. */
  path: z
    .string()
    .max(4096)
    .regex(/^(\/|[A-Za-z]:[\\/]|\\\\)/, 'must be a full path')
    .optional(),
}

type SourceFields = { text?: unknown; base64?: unknown; default?: unknown; path?: unknown }
export const exactlyOneSource = (input: SourceFields): boolean =>
  [input.text, input.base64, input.default].filter((value) => value !== undefined).length === 1 &&
  (input.path === undefined || input.base64 !== undefined)
export const sourceRule = 'give exactly one of text, base64, default; a path goes with base64'

/** The kubeconfig to look at. */
export const PreviewInput = z.strictObject(KubeconfigSource).refine(exactlyOneSource, sourceRule)

/** The user's default kubeconfig files, in the order kubectl reads them. */
export const DefaultKubeconfig = z.object({
  files: z.array(z.object({ path: z.string(), exists: z.boolean(), contexts: z.int().nonnegative() })),
})
export type DefaultKubeconfig = z.infer<typeof DefaultKubeconfig>

/** A command on the allow list. */
export const AllowedCommand = z.object({
  id: Id,
  ...CredentialCommand.shape,
  /** Clusters that use it. */
  clusters: z.array(z.string()),
  allowedAt: z.int(),
})
export type AllowedCommand = z.infer<typeof AllowedCommand>
