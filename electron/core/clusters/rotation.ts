import type { ConnectionTest, RotateInput } from '../../../contract/clusters.ts'
import { type AppError, appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import type { z } from 'zod'
import type { CommandToRun } from '../kubeconfig/credential-command.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { type ClusterRecords, noSuchCluster } from './cluster-records.ts'
import type { KubeconfigIntake, TakenContext } from './kubeconfig-intake.ts'
import type { SourceWatch } from './source-watch.ts'

/** What rotation needs of a connection test. */
export type EntryTest = Pick<ConnectionTest, 'status' | 'cause' | 'steps' | 'serverVersion'>

export type RotationOptions = {
  readonly records: ClusterRecords
  readonly intake: KubeconfigIntake
  readonly sources: SourceWatch
  readonly allow: (command: CommandToRun) => Result<unknown>
  readonly testEntry: (entry: KubeconfigEntry, signal: AbortSignal) => Promise<EntryTest>
}

/**
 * Replaces a cluster's credentials: read, checked, tested against the cluster, then swapped in one transaction. Until
 * that moment the old ones are in force; after it they are destroyed.
 */
export class Rotation {
  readonly #options: RotationOptions

  constructor(options: RotationOptions) {
    this.#options = options
  }

  /**
   * Errors: not-found, kubeconfig-unusable, context-not-addable, command-not-allowed, file-not-readable,
   * credentials-rejected and cluster-unreachable (the failed test in `details.test`), cancelled, those of the vault.
   */
  async rotate(input: z.output<typeof RotateInput>, signal: AbortSignal): Promise<Result<void>> {
    const row = this.#options.records.clusters.get(input.id)
    if (row === null) return fail(noSuchCluster())
    const choose = (preview: KubeconfigPreview) => chooseContext(preview, input.context, row.context)
    const taken = await this.#options.intake.take(input, choose, input)
    if (!taken.ok) return taken
    const refuse = input.evenIfUnreachable === true ? null : refusalOf
    return this.#swap(input.id, taken.value, refuse, signal)
  }

  /**
   * Takes over what changed in the file the cluster was read from, tested like any other; the offer stays while the
   * cluster cannot be reached. Errors: as for {@link rotate}; file-not-readable when the file or the context in it is
   * gone.
   */
  async fromSource(id: string, signal: AbortSignal): Promise<Result<void>> {
    const { records, intake, sources } = this.#options
    const row = records.clusters.get(id)
    const kubeconfig = row === null ? null : records.kubeconfigs.get(row.kubeconfig_id)
    if (kubeconfig === null) return fail(noSuchCluster())
    const source = records.source(kubeconfig)
    if (!source.ok) return source
    if (source.value === null) return fail(noSource())
    const { path, context, embedded } = source.value
    const model = await sources.modelOf(source.value)
    if (model === null) return fail(sourceGone(path, context))
    const choose = (preview: KubeconfigPreview): Result<string[]> =>
      preview.contexts.some((each) => each.context === context) ? ok([context]) : fail(sourceGone(path, context))
    const environment = intake.environmentFor(path)
    const taken = intake.takeFrom(model, environment, choose, { embedFiles: embedded })
    if (!taken.ok) return taken
    return this.#swap(id, taken.value, refusalOf, signal)
  }

  async #swap(
    id: string,
    [taken]: readonly TakenContext[],
    refuse: ((test: EntryTest) => AppError | null) | null,
    signal: AbortSignal,
  ): Promise<Result<void>> {
    const { records, testEntry, allow } = this.#options
    if (taken === undefined) throw new Error('nothing was taken')
    // The test runs the command, so its yes is stored first; it is the user's own word and stays whatever the test says.
    if (taken.newlyAllowed !== null) {
      const allowed = allow(taken.newlyAllowed)
      if (!allowed.ok) return allowed
    }
    if (refuse !== null) {
      const refusal = refuse(await testEntry(taken.entry, signal))
      if (signal.aborted) return fail(cancelled())
      if (refusal !== null) return fail(refusal)
    }
    return records.change((database) => records.replaceKubeconfig(database, id, taken))
  }
}

/** The context that is meant: the named one, the only one, or the one called as the cluster's. */
function chooseContext(preview: KubeconfigPreview, named: string | undefined, present: string): Result<string[]> {
  if (named !== undefined) return ok([named])
  const names = preview.contexts.map((context) => context.context)
  const [only] = names
  if (names.length === 1 && only !== undefined) return ok([only])
  if (names.includes(present)) return ok([present])
  return fail(
    appError(
      'context-not-addable',
      'The kubeconfig holds several contexts.',
      'Choose the one that holds the new credentials.',
      {
        details: { contexts: names },
      },
    ),
  )
}

/** Why credentials are not taken over after this test; null: they work. */
function refusalOf(test: EntryTest): AppError | null {
  if (test.status === 'connected') return null
  const { cause } = test
  const rejected = cause !== null && (cause.code.startsWith('credentials-') || cause.code === 'forbidden')
  return appError(
    cause?.code === 'vault-locked' ? 'vault-locked' : rejected ? 'credentials-rejected' : 'cluster-unreachable',
    `The test with the new credentials failed, so the old ones stay: ${cause?.message ?? 'the cluster did not answer.'}`,
    cause?.next ?? 'Try again once the cluster answers, or store them without a test.',
    { details: { test } },
  )
}

const cancelled = () => appError('cancelled', 'The change was cancelled; the old credentials stay.', 'Try again.')

const noSource = () =>
  appError('file-not-readable', 'The cluster was not read from a file.', 'Paste the new kubeconfig instead.')

const sourceGone = (path: string, context: string) =>
  appError(
    'file-not-readable',
    `The file ${path} no longer holds the context "${context}".`,
    'Paste the new kubeconfig instead.',
    { details: { path, context } },
  )
