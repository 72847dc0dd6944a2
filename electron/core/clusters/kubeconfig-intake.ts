import { drop } from '../../../contract/drop.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { AuthKind, ContextPreview, KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import type { Clock } from '../clock.ts'
import { type ResolvedContext, resolveContexts } from '../kubeconfig/context-lookup.ts'
import {
  commandLine,
  type CommandConsent,
  type CommandToRun,
  commandToRun,
  covers,
} from '../kubeconfig/credential-command.ts'
import { cutToContext, type KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { KubeconfigModel } from '../kubeconfig/kubeconfig-model.ts'
import { type PreviewEnvironment, previewModel, readSource } from '../kubeconfig/preview.ts'
import { placesOf } from '../processes/find-executable.ts'
import { defaultKubeconfigPaths, type DefaultFiles, readDefaultKubeconfig } from './default-kubeconfig.ts'
import type { FileSystem } from './file-system.ts'

/** Where a kubeconfig comes from, as the operations take it; exactly one is set. */
export type IntakeSource = {
  text?: string | undefined
  base64?: string | undefined
  default?: true | undefined
  /** The file that `base64` holds, where it is known. */
  path?: string | undefined
}

export type Consents = {
  allowCommands?: readonly CommandConsent[] | undefined
  embedFiles?: readonly string[] | undefined
}

/** A context that may be stored: checked, with the user's consents, cut down. */
export type TakenContext = {
  entry: KubeconfigEntry
  /** Server as shown, kinds of credentials ... */
  shown: ContextPreview
  /** A command that got its yes just now; null when there is none or it was on the allow list. */
  newlyAllowed: CommandToRun | null
  /** The file it was read from; null for a pasted text. */
  sourcePath: string | null
  embedded: string[]
}

export type StoredCluster = { id: string; name: string; server: string; user: string; authKinds: readonly AuthKind[] }

type Variables = Readonly<Record<string, string | undefined>>

export type IntakeOptions = {
  readonly fileSystem: FileSystem
  /** The user's environment as in a terminal: PATH, HOME, KUBECONFIG. */
  readonly environment: () => Promise<Variables>
  readonly isAllowed: (command: CommandToRun) => boolean
  readonly storedClusters: () => StoredCluster[]
  readonly clock: Clock
  readonly os?: NodeJS.Platform
}

/** The way of every kubeconfig into the app: read, previewed, and taken only as far as the user said yes. */
export class KubeconfigIntake {
  readonly #options: IntakeOptions
  /** Null until the login shell has answered: a preview does not wait for it. */
  #variables: Variables | null = null

  constructor(options: IntakeOptions) {
    this.#options = options
    drop(this.#readVariables(), 'until then previews do not say whether a command is there')
  }

  async preview(source: IntakeSource): Promise<KubeconfigPreview> {
    const { model, environment } = await this.#read(source)
    return previewModel(model, environment)
  }

  async defaultFiles(): Promise<DefaultFiles> {
    const paths = defaultKubeconfigPaths(await this.#readVariables(), this.#options.os)
    return readDefaultKubeconfig(paths, this.#options.fileSystem)
  }

  /**
   * Takes the named contexts, all or none. Errors: kubeconfig-unusable, context-not-addable, command-not-allowed,
   * file-not-readable.
   */
  async take(
    source: IntakeSource,
    choose: (preview: KubeconfigPreview) => Result<readonly string[]>,
    consents: Consents,
  ): Promise<Result<TakenContext[]>> {
    const { model, environment } = await this.#read(source)
    return this.takeFrom(model, environment, choose, consents)
  }

  takeFrom(
    model: KubeconfigModel,
    environment: PreviewEnvironment,
    choose: (preview: KubeconfigPreview) => Result<readonly string[]>,
    consents: Consents,
  ): Result<TakenContext[]> {
    const preview = previewModel(model, environment)
    if (preview.verdict === 'error') return fail(unusable(preview))
    const chosen = choose(preview)
    if (!chosen.ok) return chosen
    const resolved = new Map(resolveContexts(model).map((each) => [each.context.name, each]))
    const taken: TakenContext[] = []
    for (const name of chosen.value) {
      const shown = preview.contexts.find((context) => context.context === name)
      const context = resolved.get(name)
      if (shown === undefined || context === undefined) return fail(noSuchContext(name, preview))
      const one = this.#takeOne(context, shown, consents)
      if (!one.ok) return one
      taken.push(one.value)
    }
    return ok(taken)
  }

  /** What a preview may know about this machine. */
  environmentFor(path: string | null): PreviewEnvironment {
    const { fileSystem, isAllowed, storedClusters, clock } = this.#options
    const variables = this.#variables
    const stored = new Map(storedClusters().map((cluster) => [likeness(cluster), cluster]))
    const commands = new Map<string, boolean>()
    return {
      now: clock.now(),
      path,
      fileExists: (file) => !this.#isOnNetwork(file) && fileSystem.isFile(file),
      commandExists: (command) => {
        if (variables === null) return null
        const known = commands.get(command) ?? this.#findCommand(command, variables)
        commands.set(command, known)
        return known
      },
      isAllowed,
      duplicateOf: (entry) => {
        const found = stored.get(likeness(entry))
        return found === undefined ? null : { id: found.id, name: found.name }
      },
    }
  }

  async #read(source: IntakeSource): Promise<{ model: KubeconfigModel; environment: PreviewEnvironment }> {
    const environment = this.environmentFor(null)
    if (source.default === true) return { model: (await this.defaultFiles()).model, environment }
    const input =
      source.text !== undefined ? { text: source.text } : { bytes: Buffer.from(source.base64 ?? '', 'base64') }
    return { model: readSource(input, source.path ?? null), environment }
  }

  /** Windows signs in at a server to look for `\\server\share`: a text of strangers must not make it do so. */
  #isOnNetwork(file: string): boolean {
    return (this.#options.os ?? process.platform) === 'win32' && /^[\\/]{2}/.test(file)
  }

  async #readVariables(): Promise<Variables> {
    this.#variables = await this.#options.environment()
    return this.#variables
  }

  #takeOne(resolved: ResolvedContext, shown: ContextPreview, consents: Consents): Result<TakenContext> {
    if (!shown.addable) return fail(notAddable(shown))
    const { command } = shown
    const consented = command !== null && (consents.allowCommands ?? []).some((consent) => covers(consent, command))
    if (command !== null && !shown.commandAllowed && !consented) return fail(commandNotAllowed(shown, command))
    const embedFiles = new Set(consents.embedFiles)
    const entry = cutToContext(resolved, { embedFiles, readFile: (path) => this.#options.fileSystem.readFile(path) })
    if (!entry.ok) return entry
    return ok({
      entry: entry.value,
      shown,
      newlyAllowed: shown.commandAllowed ? null : commandToRun(resolved.user),
      sourcePath: resolved.user?.document.path ?? resolved.context.document.path,
      embedded: shown.files.map((file) => file.path).filter((path) => embedFiles.has(path)),
    })
  }

  #findCommand(command: string, variables: Variables): boolean {
    const { fileSystem, os } = this.#options
    const searchPath = variables['PATH'] ?? variables['Path'] ?? ''
    return placesOf(command, searchPath, os).some((path) => !this.#isOnNetwork(path) && fileSystem.isFile(path))
  }
}

/** What makes two clusters look like the same one. */
const likeness = (cluster: { server: string; user: string; authKinds: readonly AuthKind[] }): string =>
  JSON.stringify([cluster.server, cluster.user, [...cluster.authKinds].sort()])

function unusable(preview: KubeconfigPreview) {
  const problem = preview.problems.find((each) => each.code === preview.error && each.severity === 'error')
  return appError(
    'kubeconfig-unusable',
    problem?.message ?? 'Nothing in the kubeconfig can be added.',
    problem?.next ?? 'Look at what the preview says about it.',
    { details: { error: preview.error, problems: preview.problems } },
  )
}

const noSuchContext = (name: string, preview: KubeconfigPreview) =>
  appError('context-not-addable', `The kubeconfig has no context "${name}".`, 'Choose one of those it has.', {
    details: { context: name, contexts: preview.contexts.map((context) => context.context) },
  })

function notAddable(shown: ContextPreview) {
  const reasons = shown.risks.filter((risk) => risk.severity === 'error')
  return appError(
    'context-not-addable',
    `The context "${shown.context}" cannot be added: ${reasons.map((risk) => risk.message).join(' ')}`,
    reasons[0]?.next ?? 'Look at what the preview says about it.',
    { details: { context: shown.context, reasons } },
  )
}

const commandNotAllowed = (shown: ContextPreview, { command, args }: { command: string; args: string[] }) =>
  appError(
    'command-not-allowed',
    `The context "${shown.context}" gets its credentials by running a command that is not allowed yet: ${commandLine(command, args)}`,
    'Allow exactly this command, or leave the context out.',
    { details: { context: shown.context, command, args } },
  )
