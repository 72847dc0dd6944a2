import type { ClusterCause, ClusterStatus, ConnectionTest } from '../../../contract/clusters.ts'
import { drop } from '../../../contract/drop.ts'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ApiFailure } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { CredentialFailure, Credentials } from '../credentials/credentials.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import type { SidecarClient } from '../sidecar/sidecar-client.ts'
import { type ProbeAnswer, probeApi } from './api-probe.ts'
import { clusterCause } from './api-words.ts'
import { BackgroundChecks, type LookResult, type Need } from './background-checks.ts'
import { ClusterDiscovery, type DiscoveryOperation } from './cluster-discovery.ts'
import { noSuchCluster } from './cluster-records.ts'
import { unknownStatus } from './cluster-view.ts'
import { ConnectionTests, type TestOptions } from './connection-tests.ts'

/** A cluster as health needs it. */
export type HealthSubject = {
  readonly namespace: string
  readonly status: ClusterStatus
  readonly forwards: { readonly on: number }
}

export type HealthOptions = {
  readonly clusters: {
    get(id: string): HealthSubject | null
    entry(id: string): Result<KubeconfigEntry>
    setStatus(id: string, status: ClusterStatus): void
    readonly onChange: (listener: (change: { id: string; kind: string }) => void) => () => void
  }
  readonly credentials: Pick<Credentials, 'resolve' | 'resolveEntry' | 'onChange'>
  readonly sidecar: Pick<SidecarClient, 'request' | 'setCluster' | 'dropCluster'>
  readonly shellEnvironment: { read(): Promise<Record<string, string>> }
  readonly clock: Clock
  /** Every change of a running connection test. */
  readonly onTest: (test: ConnectionTest) => void
  readonly random?: () => number
}

type Looked = Result<ProbeAnswer, ClusterCause>

/** The second look comes this long after the first failure, ms. */
const secondLookMs = 1_000
/** A cluster that was opened is looked at for this long, ms; one with forwards that are on, always. */
const openedMs = 900_000

/** Knows how clusters are: asked, tested rung by rung, and in the background for those that somebody uses. */
export class ClusterHealth {
  readonly #options: HealthOptions
  readonly #background: BackgroundChecks
  readonly #discovery: ClusterDiscovery
  readonly #checks = new Map<string, { status: Promise<ClusterStatus>; removed: AbortController }>()
  readonly #tests: ConnectionTests
  readonly #touched = new Map<string, number>()
  readonly #unlisten: (() => void)[]
  readonly #closing = new AbortController()
  /** Ends the looks that run: they hold credentials. */
  #untilLocked = new AbortController()

  constructor(options: HealthOptions) {
    this.#options = options
    this.#discovery = new ClusterDiscovery({ ...options, opened: (id) => this.#opened(id) })
    this.#tests = new ConnectionTests({ ...options, learned: (test, latencyMs) => this.#learnFrom(test, latencyMs) })
    this.#background = new BackgroundChecks({
      clock: options.clock,
      ...(options.random === undefined ? {} : { random: options.random }),
      look: (id) => this.check(id),
      need: (id) => this.#need(id),
    })
    this.#unlisten = [
      options.clusters.onChange(({ id, kind }) => this.#clusterChanged(id, kind)),
      options.credentials.onChange((id) => {
        if (this.#need(id) !== 'none') this.#background.touch(id)
      }),
    ]
  }

  /** A cluster was opened or got a forward: from now on it is looked at in the background. */
  touch(id: string): void {
    this.#touched.set(id, this.#options.clock.monotonic())
    this.#background.touch(id)
  }

  /** A forward reached it, or failed on the way: if it seemed otherwise, it is looked at. */
  seen(id: string, works: boolean): void {
    this.#background.seen(id, works)
  }

  /** The network changed or the machine woke: clusters in use are looked at now. */
  hint(): void {
    this.#background.hurry()
  }

  /** Looks now; callers at the same time share one look. Bounded: about 11 s for a cluster that does not answer. */
  async check(id: string): Promise<ClusterStatus> {
    const running = this.#checks.get(id)
    if (running !== undefined) return await running.status
    const removed = new AbortController()
    const status = this.#check(id, removed.signal).finally(() => this.#checks.delete(id))
    this.#checks.set(id, { status, removed })
    return await status
  }

  /**
   * Tests the connection rung by rung; a second caller joins the test that runs. It ends when nobody waits for it any more.
   * Every change is told to `onTest`, and to `onProgress` of who started it.
   */
  test(id: string, options: TestOptions = {}): Promise<ConnectionTest> {
    return this.#tests.test(id, options)
  }

  /** Tests a kubeconfig before it is stored; nobody is told. */
  testEntry(entry: KubeconfigEntry, signal?: AbortSignal): Promise<ConnectionTest> {
    return this.#tests.testEntry(entry, signal)
  }

  /** Tests and looks that run hold credentials: they end, and say why. */
  vaultLocked(): void {
    this.#tests.vaultLocked()
    this.#untilLocked.abort()
    this.#untilLocked = new AbortController()
  }

  handlers(): HandlersOf<'clusters.health' | 'clusters.test' | DiscoveryOperation> {
    return {
      'clusters.health': async ({ id }) => await this.#known(id, async () => ok(await this.check(id))),
      'clusters.test': async ({ id }, { signal }) =>
        await this.#known(id, async () => ok(await this.test(id, { signal }))),
      ...this.#discovery.handlers(),
    }
  }

  close(): void {
    this.#closing.abort()
    for (const unlisten of this.#unlisten) unlisten()
    this.#tests.close()
    this.#background.close()
  }

  /** Somebody looks at it; false: there is no such cluster. */
  #opened(id: string): boolean {
    if (this.#options.clusters.get(id) === null) return false
    this.touch(id)
    return true
  }

  async #known<T>(id: string, answer: () => Promise<Result<T>>): Promise<Result<T>> {
    if (this.#options.clusters.get(id) !== null) return await answer()
    return fail(noSuchCluster())
  }

  async #check(id: string, removed: AbortSignal): Promise<ClusterStatus> {
    const { clusters } = this.#options
    const before = clusters.get(id)?.status ?? unknownStatus
    clusters.setStatus(id, { ...before, checking: true })
    let looked = await this.#look(id, removed)
    // One lost packet is no news: only a second failure changes what is shown.
    if (!looked.ok && !removed.aborted && before.status !== 'disconnected' && isWorthASecondLook(looked.error)) {
      await this.#pause(secondLookMs)
      looked = await this.#look(id, removed)
    }
    const status = this.#statusOf(looked, before)
    if (removed.aborted) return status
    if (!this.#closing.signal.aborted) clusters.setStatus(id, status)
    this.#background.noticed(id, lookResult(status.cause))
    return status
  }

  #statusOf(looked: Looked, before: ClusterStatus): ClusterStatus {
    const now = this.#options.clock.now()
    if (!looked.ok) {
      // Credentials that cannot be had say nothing about the cluster.
      const status = looked.error.code === 'vault-locked' ? 'unknown' : 'disconnected'
      return { ...before, status, latencyMs: null, cause: looked.error, checkedAt: now, checking: false }
    }
    const { gitVersion, latencyMs } = looked.value
    return {
      status: 'connected',
      serverVersion: gitVersion ?? before.serverVersion,
      latencyMs,
      cause: null,
      checkedAt: now,
      lastConnectedAt: now,
      checking: false,
    }
  }

  async #look(id: string, removed: AbortSignal): Promise<Looked> {
    const first = await this.#probe(id, false, removed)
    // Tokens end early when they are taken back: new ones are tried once.
    return !first.ok && first.error.code === 'credentials-rejected' ? await this.#probe(id, true, removed) : first
  }

  async #probe(id: string, fresh: boolean, removed: AbortSignal): Promise<Looked> {
    const looking = this.#untilLocked.signal
    const closing = this.#closing.signal
    const signal = AbortSignal.any([closing, removed, looking])
    const resolved = await this.#options.credentials.resolve(id, { fresh, signal })
    if (!resolved.ok) return fail(causeOf(resolved.error))
    try {
      const answer: Result<ProbeAnswer, ApiFailure> = await probeApi(resolved.value, signal)
      return answer.ok ? answer : fail(clusterCause(answer.error))
    } catch (error) {
      if (closing.aborted) return fail(lookEnded('Mooring is ending.', 'Start it again.'))
      if (removed.aborted) return fail(lookEnded('The cluster was removed.', 'Add it again to see it.'))
      // Asked again, a locked vault says so itself.
      if (looking.aborted) return await this.#probe(id, fresh, removed)
      throw error
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#options.clock.after(ms, resolve)
      this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** A test is a look too, and a better one. */
  #learnFrom({ clusterId, status, serverVersion, cause }: ConnectionTest, latencyMs: number | null): void {
    const before = this.#options.clusters.get(clusterId)?.status
    if (before === undefined || status === 'unknown') return
    const looked: Looked =
      status === 'connected'
        ? ok({ gitVersion: serverVersion, latencyMs: latencyMs ?? 0 })
        : fail(
            cause ?? {
              code: 'cluster-unreachable',
              detail: null,
              message: 'The connection test failed.',
              next: 'Test again.',
            },
          )
    this.#options.clusters.setStatus(clusterId, this.#statusOf(looked, before))
    this.#background.noticed(clusterId, lookResult(looked.ok ? null : looked.error))
  }

  #need(id: string): Need {
    const cluster = this.#options.clusters.get(id)
    if (cluster === null) return 'none'
    if (cluster.forwards.on > 0) return 'waited-for'
    const touchedAt = this.#touched.get(id) ?? -Infinity
    return this.#options.clock.monotonic() - touchedAt < openedMs ? 'looked-at' : 'none'
  }

  #clusterChanged(id: string, kind: string): void {
    if (kind === 'removed') {
      this.#touched.delete(id)
      this.#background.forget(id)
      this.#options.sidecar.dropCluster(id)
      // What runs holds its credentials.
      this.#checks.get(id)?.removed.abort()
      this.#tests.clusterRemoved(id)
      return
    }
    if (kind === 'opened') this.touch(id)
    if (kind !== 'credentials') return
    this.#background.forget(id)
    if (this.#need(id) !== 'none') this.touch(id)
    drop(this.#handOn(id), 'watches go on with the new credentials')
  }

  async #handOn(id: string): Promise<void> {
    const resolved = await this.#options.credentials.resolve(id, { signal: this.#closing.signal })
    if (resolved.ok) this.#options.sidecar.setCluster(id, resolved.value)
  }
}

const lookEnded = (message: string, next: string): ClusterCause => ({
  code: 'cluster-unreachable',
  detail: 'cancelled',
  message,
  next,
})

const causeOf = ({ code, detail, message, next }: CredentialFailure): ClusterCause => ({ code, detail, message, next })

const isAboutCredentials = (cause: ClusterCause): boolean =>
  cause.code.startsWith('credentials-') || cause.code === 'vault-locked'

/** What the server or a command said for certain does not change within a second. */
const isWorthASecondLook = (cause: ClusterCause): boolean => !isAboutCredentials(cause) && cause.detail !== 'tls'

/** Credentials wait for a person or for new ones: asking again and again would run commands and lock accounts. */
function lookResult(cause: ClusterCause | null): LookResult {
  if (cause === null) return 'well'
  return isAboutCredentials(cause) ? 'needs-a-person' : 'away'
}
