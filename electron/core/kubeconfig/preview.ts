import type { AuthKind, KubeconfigErrorCode, KubeconfigPreview, Risk } from '../../../contract/kubeconfigs.ts'
import { CertificateReader } from './certificates.ts'
import { resolveContexts } from './context-lookup.ts'
import { previewContext } from './context-preview.ts'
import type { CommandToRun } from './credential-command.ts'
import { type KubeconfigModel, readKubeconfig } from './kubeconfig-model.ts'
import { fileRisk } from './risk-words.ts'
import { type KubeconfigInput, readSourceText } from './source-text.ts'

/** What a preview may know about the world; it asks nothing else, runs nothing and writes nothing. */
export type PreviewEnvironment = {
  /** Wall clock, ms since the epoch: for certificates that ended. */
  readonly now: number
  /** The file it was read from, for relative paths; null for a pasted text. */
  readonly path: string | null
  readonly fileExists: (path: string) => boolean
  /** Whether a command is found on this machine; null: not known. */
  readonly commandExists: (command: string) => boolean | null
  /** Whether the allow list holds exactly this command and these arguments. */
  readonly isAllowed: (command: CommandToRun) => boolean
  /** The stored cluster with the same server (as shown), user and kinds of credentials. */
  readonly duplicateOf: (entry: {
    server: string
    user: string
    authKinds: readonly AuthKind[]
  }) => { id: string; name: string } | null
}

/** Reads the text or bytes of a kubeconfig: see {@link previewModel}. */
export function previewKubeconfig(source: KubeconfigInput, environment: PreviewEnvironment): KubeconfigPreview {
  const model = readSource(source, environment.path)
  return previewModel(model, environment)
}

/** Reads a kubeconfig into its model; a text over 4 MiB is the error `too-large`. */
export function readSource(source: KubeconfigInput, path: string | null): KubeconfigModel {
  const text = readSourceText(source)
  if (text !== null) return readKubeconfig(text, path)
  return { documents: [], lookup: 'own-document', problems: [fileRisk('too-large')], error: 'too-large' }
}

/**
 * Says what a kubeconfig holds and risks: every context with server, user, kind of credentials, the command that would
 * run, the files it needs and all findings; nothing in it is secret. Codes: `contract/kubeconfigs.ts`.
 */
export function previewModel(model: KubeconfigModel, environment: PreviewEnvironment): KubeconfigPreview {
  const problems: Risk[] = [...model.problems]
  const currentContext = model.documents.find((document) => document.currentContext !== null)?.currentContext ?? null
  const withCertificates = { ...environment, certificates: new CertificateReader() }
  const contexts = resolveContexts(model).map((resolved) =>
    previewContext(resolved, { currentContext, environment: withCertificates }),
  )
  if (model.documents.length > 0 && contexts.length > 0) {
    if (currentContext === null) problems.push(fileRisk('no-current-context'))
    else if (!contexts.some((context) => context.current))
      problems.push(fileRisk('current-context-missing', currentContext))
  }
  const error = model.error ?? errorOfContexts(contexts)
  if (error !== null && !problems.some((problem) => problem.code === error && problem.severity === 'error'))
    problems.push({ ...fileRisk(error), severity: 'error' })
  const warned = [...problems, ...contexts.flatMap((context) => context.risks)].some((risk) => risk.severity !== 'info')
  return { verdict: error !== null ? 'error' : warned ? 'ok-with-warnings' : 'ok', error, contexts, problems }
}

function errorOfContexts(contexts: KubeconfigPreview['contexts']): KubeconfigErrorCode | null {
  if (contexts.length === 0) return 'no-contexts'
  const addable = contexts.filter((context) => context.addable)
  if (addable.length === 0) return 'no-usable-context'
  const redacted = addable.every((context) => context.risks.some((risk) => risk.code === 'redacted'))
  return redacted ? 'redacted' : null
}
