import { mkdirSync } from 'node:fs'
import PQueue from 'p-queue'
import { drop } from '../../../contract/drop.ts'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { AppStatus } from '../../../contract/system.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { createPlatform, type Platform } from '../platform/platform.ts'
import { Listeners } from '../listeners.ts'
import type { Store } from '../store/store.ts'
import { childEnvironment } from './child-environment.ts'
import { ChildRegistry, type RegisteredChild } from './child-registry.ts'
import type { ChildSpec, OwnedChild } from './child-spec.ts'
import { FairOrder, type FairOptions } from './fair-order.ts'
import { findExecutable, openToEverybody } from './find-executable.ts'
import { stopLeftovers } from './orphans.ts'
import { OwnedProcess } from './owned-process.ts'
import { createSecretFile, sweepSecretFiles, type SecretFile } from './secret-file.ts'
import { cancelled, missing, notWritten, replaceable, startFailure, tooMany } from './start-failures.ts'

export type { ChildExit, ChildSpec, OwnedChild } from './child-spec.ts'

/** A start counts as going on for at most this long. */
const startingMs = 10_000
/**
 * After this long a start gives its turn to the next although it still goes on: the turn bounds the burst of work at
 * the beginning, and a cluster that does not answer must not hold back the others.
 */
const turnMs = 2000
/** Longer than the stop sequence; a process that hangs in the kernel must not keep us. */
const closeMs = 8000

export type ChildLimits = { readonly maxChildren: number; readonly maxStarting: number }

export type ChildProcessesOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** A private folder (0700, ours) for secret files where the system needs them to have a name. */
  readonly runtimeDir: string
  readonly limits: () => ChildLimits
  /** The user's login environment; default: the environment we were started with. */
  readonly environment?: () => Promise<Record<string, string>>
  readonly platform?: Platform
}

type Counted = { readonly process: OwnedProcess; starting: boolean }

/**
 * The only place that starts child processes. Each is registered before it starts, gets a limited environment and its
 * secrets by an unnamed file, is stopped with all it started, and dies with us where the system can do that.
 */
export class ChildProcesses {
  readonly #options: ChildProcessesOptions
  readonly #platform: Platform
  readonly #log: Log
  readonly #all = new Map<OwnedProcess, ChildSpec>()
  readonly #tunnels = new Set<Counted>()
  readonly #queue: PQueue<FairOrder, FairOptions>
  readonly #countsChanged = new Listeners<AppStatus['children']>()
  readonly #closing = new AbortController()
  #queued = 0
  #launching = 0
  /** For who starts a process itself, because it needs a channel to it (the sidecar's launcher). */
  readonly registry: ChildRegistry

  constructor(options: ChildProcessesOptions) {
    this.#options = options
    this.#platform = options.platform ?? createPlatform()
    this.#log = options.log
    this.registry = new ChildRegistry({ ...options, platform: this.#platform })
    mkdirSync(options.runtimeDir, { recursive: true, mode: 0o700 })
    this.#queue = new PQueue({ queueClass: FairOrder, concurrency: options.limits().maxStarting })
    if (!this.#platform.childrenDieWithUs && this.#platform.name === 'linux') {
      this.#log.warn('setpriv of util-linux is missing: after a crash children go on until the next start stops them')
    }
    process.once('exit', this.#killAllNow)
  }

  readonly onCounts = this.#countsChanged.listen

  counts(): AppStatus['children'] {
    const starting = [...this.#tunnels].filter((child) => child.starting).length
    return {
      running: this.#tunnels.size - starting,
      starting: starting + this.#launching,
      queued: this.#queued,
      limit: this.#options.limits().maxChildren,
    }
  }

  /**
   * Waits its turn, starts the child and resolves when it exists. Errors: `kubectl-missing` (whatever the command: it
   * is not there or may not be run), `kubectl-unusable`, `limit-reached`, `cancelled`, `storage-failed`.
   */
  async start(spec: ChildSpec): Promise<Result<OwnedChild>> {
    try {
      if (this.#closing.signal.aborted || spec.signal?.aborted === true) return fail(cancelled())
      return (spec.queue ?? (spec.kind === 'kubectl' ? 'tunnels' : 'none')) === 'none'
        ? await this.#launch(spec)
        : await this.#inTurn(spec)
    } finally {
      spec.secret?.fill(0)
    }
  }

  /** Stops every child, all at the same time; starts nothing any more. Takes at most 8 s. */
  async close(): Promise<void> {
    this.#closing.abort()
    const stopped = Promise.all([...this.#all.keys()].map((child) => child.stop()))
    await this.#firstOf(stopped, closeMs)
    if (this.#all.size > 0) this.#log.warn(`${this.#all.size} children did not end; the next start looks for them`)
    process.off('exit', this.#killAllNow)
  }

  /** At start, before anything else is started: stops what earlier runs left; answers how many processes that were. */
  async stopOrphans(): Promise<number> {
    const rows = this.registry.ofOtherRuns()
    const { clock } = this.#options
    const { stopped, settled } = await stopLeftovers(rows, { platform: this.#platform, clock, log: this.#log })
    for (const row of settled) this.registry.forget(row.id)
    const files = sweepSecretFiles(this.#options.runtimeDir)
    if (stopped + files > 0) this.#log.info(`stopped ${stopped} processes and removed ${files} files of earlier runs`)
    return stopped
  }

  async #inTurn(spec: ChildSpec): Promise<Result<OwnedChild>> {
    const { maxChildren, maxStarting } = this.#options.limits()
    if (this.#tunnels.size + this.#launching + this.#queued >= maxChildren) return fail(tooMany(maxChildren))
    this.#queue.concurrency = maxStarting
    const signal =
      spec.signal === undefined ? this.#closing.signal : AbortSignal.any([spec.signal, this.#closing.signal])
    const { promise, resolve, reject } = Promise.withResolvers<Result<OwnedChild>>()
    this.#count(() => this.#queued++)
    const place = { waits: true, told: false }
    const turn = async (): Promise<void> => {
      place.waits = false
      if (place.told) spec.onWaits?.(false)
      this.#count(() => {
        this.#queued--
        this.#launching++
      })
      let result: Result<OwnedProcess> = fail(cancelled())
      try {
        result = await this.#launch(spec)
      } finally {
        this.#count(() => {
          this.#launching--
          if (result.ok) this.#follow(result.value)
        })
      }
      resolve(result)
      if (result.ok) await this.#firstOf(result.value.settled, turnMs)
    }
    this.#queue.add(turn, { signal, group: spec.group ?? '' }).catch((error: unknown) => {
      if (place.waits) this.#count(() => this.#queued--)
      // p-queue rejects only for the signal; anything else is a bug.
      if (signal.aborted) resolve(fail(cancelled()))
      else reject(error)
    })
    // The queue takes at once what it can.
    place.told = place.waits
    if (place.told) spec.onWaits?.(true)
    return promise
  }

  #follow(process: OwnedProcess): void {
    const counted: Counted = { process, starting: true }
    this.#tunnels.add(counted)
    drop(
      this.#firstOf(process.settled, startingMs).then(() => this.#count(() => (counted.starting = false))),
      'only counts',
    )
    drop(
      process.exited.then(() => this.#count(() => this.#tunnels.delete(counted))),
      'only counts',
    )
  }

  #count(change: () => unknown): void {
    change()
    this.#countsChanged.emit(this.counts())
  }

  async #firstOf(settled: Promise<unknown>, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = this.#options.clock.after(ms, () => resolve(undefined))
    await Promise.race([settled, promise])
    timer.cancel()
  }

  async #launch(spec: ChildSpec): Promise<Result<OwnedProcess>> {
    const login = (await this.#options.environment?.()) ?? definedOf(process.env)
    // A name means what it means in the user's terminal: a PATH that a kubeconfig sets is for the program alone.
    const command = await findExecutable(spec.command, login.PATH ?? login.Path ?? '')
    if (command === null) return fail(missing(spec.command))
    const open = await openToEverybody(command).catch(() => null)
    if (open !== null) return fail(replaceable(command, open))
    if (this.#closing.signal.aborted || spec.signal?.aborted === true) return fail(cancelled())

    const registered = this.registry.register({ kind: spec.kind, label: spec.label, command })
    if (!registered.ok) return registered
    const entry = registered.value

    let secret: SecretFile | null = null
    try {
      if (spec.secret !== undefined) secret = createSecretFile(this.#options.runtimeDir, spec.secret, this.#platform)
    } catch (error) {
      entry.forget()
      return fail(notWritten(error))
    }
    try {
      const { clock } = this.#options
      const child = await OwnedProcess.launch({
        spec: this.#logged(spec),
        command,
        environment: childEnvironment(spec.kind, login, { ...spec.environment, ...entry.environment }),
        secret,
        platform: this.#platform,
        clock,
      })
      this.#keep(entry, child, spec)
      return ok(child)
    } catch (error) {
      secret?.release()
      entry.forget()
      return fail(startFailure(spec.command, error))
    }
  }

  #keep(entry: RegisteredChild, child: OwnedProcess, spec: ChildSpec): void {
    this.#all.set(child, spec)
    drop(entry.started(child.pid), 'its token is on record, so the next start finds it even without')
    this.#log.debug(`started ${spec.kind} ${child.pid} for ${spec.label}`)
    drop(
      child.exited.then((exit) => {
        this.#all.delete(child)
        entry.forget()
        this.#log.debug(`${spec.kind} ${child.pid} for ${spec.label} ended (${exit.signal ?? exit.code ?? 'unknown'})`)
      }),
      'never rejects',
    )
    // Asked to stop while the system was making it.
    if (this.#closing.signal.aborted || spec.signal?.aborted === true) drop(child.stop(), 'close() waits for it')
  }

  /** kubectl's lines also go to the log, which is kept in files; not the one that comes with every connection. */
  #logged(spec: ChildSpec): ChildSpec {
    if (spec.kind !== 'kubectl') return spec
    const onLine: ChildSpec['onLine'] = (stream, text, pid) => {
      if (!text.startsWith('Handling connection for')) this.#log.debug(`kubectl ${pid} (${spec.label}): ${text}`)
      spec.onLine(stream, text, pid)
    }
    return { ...spec, onLine }
  }

  readonly #killAllNow = (): void => {
    for (const child of this.#all.keys()) child.killNow()
  }
}

const definedOf = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined))
