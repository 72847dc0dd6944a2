import type { ConnectionTest } from '../../../contract/clusters.ts'
import type { Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import { wayOf } from '../credentials/cluster-way.ts'
import { failureOfStore } from '../credentials/credential-failure.ts'
import type { CredentialFailure, Credentials, ResolveOptions } from '../credentials/credentials.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { runLadder } from './connection-ladder.ts'
import { EndedFor, failed, newTest, stepEnded, testEnded } from './ladder-steps.ts'

export type ConnectionTestsOptions = {
  readonly clusters: {
    get(id: string): { readonly namespace: string } | null
    entry(id: string): Result<KubeconfigEntry>
  }
  readonly credentials: Pick<Credentials, 'resolve' | 'resolveEntry'>
  readonly shellEnvironment: { read(): Promise<Record<string, string>> }
  readonly clock: Clock
  /** Every change of a running test. */
  readonly onTest: (test: ConnectionTest) => void
  /** A test of a stored cluster came to its end. */
  readonly learned: (test: ConnectionTest, latencyMs: number | null) => void
}

export type TestOptions = { readonly signal?: AbortSignal; readonly onProgress?: (test: ConnectionTest) => void }

type RunningTest = { readonly done: Promise<ConnectionTest>; readonly abort: AbortController; waiting: number }

const lockedMeanwhile = (): EndedFor =>
  new EndedFor(
    failed(
      'vault-locked',
      null,
      'The vault was locked while the test ran, so the test was ended.',
      'Unlock the vault, then test again.',
    ),
  )

const removedMeanwhile = (): EndedFor =>
  new EndedFor(
    failed(
      'cluster-unreachable',
      'cancelled',
      'The cluster was removed while the test ran, so the test was ended.',
      'Add the cluster again to test it.',
    ),
  )

/** Runs connection tests, one at a time for each cluster. */
export class ConnectionTests {
  readonly #options: ConnectionTestsOptions
  readonly #running = new Map<string, RunningTest>()
  /** Those of kubeconfigs that are not stored. */
  #entries = new AbortController()

  constructor(options: ConnectionTestsOptions) {
    this.#options = options
  }

  close(): void {
    this.#end()
  }

  /** Tests that run hold credentials: they end, and say why. */
  vaultLocked(): void {
    this.#end(lockedMeanwhile())
  }

  /** A test of a cluster that is gone holds its credentials: it ends, and says why. */
  clusterRemoved(id: string): void {
    this.#running.get(id)?.abort.abort(removedMeanwhile())
  }

  /**
   * Tests the connection rung by rung; a second caller joins the test that runs. It ends when nobody waits for it any more.
   * Every change is told to `onTest`, and to `onProgress` of who started it.
   */
  async test(id: string, options: TestOptions = {}): Promise<ConnectionTest> {
    const before = this.#running.get(id)
    // One that was given up already ends without a result.
    const joins = before !== undefined && !before.abort.signal.aborted
    const running = joins ? before : this.#start(id, options.onProgress)
    running.waiting += 1
    const leave = (): void => {
      running.waiting -= 1
      if (running.waiting === 0) running.abort.abort()
    }
    options.signal?.addEventListener('abort', leave, { once: true })
    try {
      return await running.done
    } finally {
      options.signal?.removeEventListener('abort', leave)
    }
  }

  /** Tests a kubeconfig before it is stored; nobody is told. */
  async testEntry(entry: KubeconfigEntry, signal?: AbortSignal): Promise<ConnectionTest> {
    return await this.#climb('', entry, (options) => this.#options.credentials.resolveEntry(entry, options), {
      namespace: entry.namespace,
      signal: signal === undefined ? this.#entries.signal : AbortSignal.any([signal, this.#entries.signal]),
    })
  }

  #end(reason?: EndedFor): void {
    for (const { abort } of this.#running.values()) abort.abort(reason)
    this.#entries.abort(reason)
    this.#entries = new AbortController()
  }

  #start(id: string, onProgress: ((test: ConnectionTest) => void) | undefined): RunningTest {
    const abort = new AbortController()
    const running: RunningTest = {
      abort,
      waiting: 0,
      done: this.#run(id, abort.signal, (test) => {
        this.#options.onTest(test)
        onProgress?.(test)
      }).finally(() => this.#running.get(id) === running && this.#running.delete(id)),
    }
    this.#running.set(id, running)
    return running
  }

  async #run(id: string, signal: AbortSignal, onStep: (test: ConnectionTest) => void): Promise<ConnectionTest> {
    const { clusters, credentials, clock } = this.#options
    const entry = clusters.entry(id)
    if (!entry.ok) {
      const { code, detail, message, next } = failureOfStore(entry.error)
      const begun = newTest(id, clock.now())
      const told = stepEnded(begun, 'credentials', failed(code, detail, message, next), null)
      const test = testEnded(told, { status: 'unknown', why: 'not reached', finishedAt: clock.now() })
      onStep(test)
      return test
    }
    let latencyMs: number | null = null
    const namespace = clusters.get(id)?.namespace ?? entry.value.namespace
    // Who tests wants to know how it is now, not why it failed a moment ago.
    const since = clock.now()
    const resolve = (options: ResolveOptions): ReturnType<Credentials['resolve']> =>
      credentials.resolve(id, { ...options, since })
    const onLatency = (ms: number): void => void (latencyMs = ms)
    const test = await this.#climb(id, entry.value, resolve, { namespace, signal, onStep, onLatency })
    this.#options.learned(test, latencyMs)
    return test
  }

  async #climb(
    clusterId: string,
    entry: KubeconfigEntry,
    resolve: (options: ResolveOptions) => Promise<Result<ClusterConnection, CredentialFailure>>,
    more: {
      namespace: string
      signal?: AbortSignal
      onStep?: (test: ConnectionTest) => void
      onLatency?: (ms: number) => void
    },
  ): Promise<ConnectionTest> {
    const { way, authority } = await wayOf(entry, await this.#options.shellEnvironment.read())
    return await runLadder({
      clusterId,
      way,
      authority,
      resolve: (signal, fresh) => resolve({ signal, fresh }),
      clock: this.#options.clock,
      ...more,
    })
  }
}
