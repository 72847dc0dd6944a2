import { ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { Log } from '../log.ts'
import { redact, withoutValues } from '../redact.ts'
import { commandLine, type CommandToRun } from '../kubeconfig/credential-command.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { ChildExit, ChildProcesses } from '../processes/child-processes.ts'
import { failure, type CredentialFailure } from './credential-failure.ts'
import { execApiVersions, execInfo, parseExecCredential, type ExecCredential } from './exec-credential.ts'

const timeLimitMs = 60_000
const keptLines = 4

/** What a person types to sign in again, by the name of the program. */
const signIn: readonly (readonly [RegExp, string])[] = [
  [/^aws(-iam-authenticator)?$/, 'aws sso login'],
  [/^(gke-gcloud-auth-plugin|gcloud)$/, 'gcloud auth login'],
  [/^(kubelogin|az)$/, 'az login'],
  [/^tsh$/, 'tsh login'],
  [/^oci$/, 'oci session authenticate'],
  [/^doctl$/, 'doctl auth init'],
]

/** Variables whose values are secrets; those of others (a profile, a region) are part of what one needs to be told. */
const secretVariable = /token|secret|passw|passphrase|private|api_?key|access_?key/i

export type CommandTools = {
  readonly children: ChildProcesses
  /** The user's yes to exactly this. */
  readonly allowed: { isAllowed(command: CommandToRun): boolean }
  readonly log: Log
}

/**
 * Gets credentials from the entry's command (exec plugin), if the user allowed it: without a terminal, within a minute,
 * with the variables its kubeconfig gives it and nobody else.
 */
export async function runCredentialCommand(
  entry: KubeconfigEntry,
  way: Pick<ClusterConnection, 'certificateAuthority' | 'proxyUrl'>,
  { children, allowed, log }: CommandTools,
  signal: AbortSignal,
): Promise<Result<ExecCredential, CredentialFailure>> {
  const { exec } = entry.user
  const command = exec?.command ?? null
  if (exec === null || command === null) {
    return commandFailed('no-command', 'The kubeconfig names no command.', 'Correct it in the kubeconfig.')
  }
  const line = commandLine(command, exec.args)
  const apiVersion = exec.apiVersion
  if (apiVersion === null || !execApiVersions.some((known) => known === apiVersion)) {
    return commandFailed(
      'api-version',
      apiVersion === null
        ? 'The kubeconfig does not say which apiVersion its credential command speaks.'
        : `The kubeconfig says that its credential command speaks ${apiVersion}, which Mooring does not understand.`,
      `Update the tool that made the kubeconfig, or set apiVersion to ${execApiVersions[1]}.`,
    )
  }
  if (exec.interactiveMode === 'Always') {
    return commandFailed(
      'interactive',
      `${program(command)} needs a terminal (interactiveMode: Always), and Mooring has none to give.`,
      'Sign in with it in a terminal, or set interactiveMode to IfAvailable in the kubeconfig.',
    )
  }
  if (!allowed.isAllowed({ command, args: exec.args, env: exec.env })) {
    return failure(
      'credentials-command-not-allowed',
      null,
      `The credentials come from a command that you have not allowed (${redact(line)}).`,
      'Look at the command, and allow it if you trust it.',
    )
  }
  log.debug(`running ${program(command)} for ${entry.context}`)
  const started = await children.start({
    kind: 'credential-command',
    label: entry.context,
    command,
    args: () => [...exec.args],
    environment: {
      ...Object.fromEntries(exec.env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: execInfo(apiVersion, entry, way),
    },
    collect: true,
    timeoutMs: timeLimitMs,
    signal,
    // Its words are shown when it fails; before that they belong to nobody.
    onLine: () => undefined,
  })
  if (!started.ok) {
    if (started.error.code === 'kubectl-missing') return missing(command, exec.installHint)
    const { message, next, code } = started.error
    if (code === 'limit-reached' || code === 'storage-failed') return failure(code, null, message, next)
    return commandFailed(code, message, next)
  }
  const secrets = exec.env.filter(({ name }) => secretVariable.test(name)).map(({ value }) => value)
  return outcomeOf(await started.value.exited, { command, line, apiVersion, secrets })
}

type Ran = {
  command: string
  line: string
  apiVersion: string
  /** What the kubeconfig gave it to keep; its words are shown without them. */
  secrets: readonly string[]
}

function outcomeOf(
  exit: ChildExit,
  { command, line, apiVersion, secrets }: Ran,
): Result<ExecCredential, CredentialFailure> {
  const name = program(command)
  const login = signIn.find(([names]) => names.test(name))?.[1]
  const lookYourself =
    login === undefined
      ? `Run it in a terminal to see what it needs, then try again: ${redact(line)}`
      : `Run ${login} in a terminal to sign in, then try again.`
  const output = exit.stdout
  try {
    if (exit.timedOut) return commandFailed('timeout', `${name} did not end within a minute.`, lookYourself)
    if (exit.outputTooLarge) return commandFailed('output', `${name} printed more than 1 MiB.`, lookYourself)
    if (exit.code !== 0) {
      const lines = exit.lastLines.filter((text) => text.trim() !== '').slice(-keptLines)
      const how =
        exit.signal !== null
          ? `was ended by ${exit.signal}`
          : `ended ${exit.code === null ? 'without a code' : `with code ${exit.code}`}`
      const words = withoutValues(lines.join('\n'), secrets).slice(-1000)
      return commandFailed(words === '' ? null : words, `${name} ${how}.`, lookYourself)
    }
    const parsed = parseExecCredential(output?.toString('utf8') ?? '', apiVersion)
    return parsed.ok ? ok(parsed.value) : commandFailed('output', `${name}: ${parsed.error}.`, lookYourself)
  } finally {
    output?.fill(0)
  }
}

const program = (command: string): string => command.replace(/^.*[\\/]/, '').replace(/\.exe$/i, '')

const commandFailed = (detail: string | null, message: string, next: string): { ok: false; error: CredentialFailure } =>
  failure('credentials-command-failed', detail, message, next)

function missing(command: string, installHint: string | null): { ok: false; error: CredentialFailure } {
  const relative = /[\\/]/.test(command) && !/^([a-z]:)?[\\/]/i.test(command)
  // A hint is somebody else's text; only its plain words are shown.
  const hint = (installHint ?? '').replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()
  const next = relative
    ? 'Write the full path of the command in the kubeconfig.'
    : hint !== ''
      ? hint.slice(0, 500)
      : `Install ${program(command)}, so that it is found in a terminal, then try again.`
  return failure('credentials-command-missing', command, `The credential command ${command} was not found.`, next)
}
