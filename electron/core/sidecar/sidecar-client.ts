import { createHash } from 'node:crypto'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import {
  type ApiFailure,
  type ClusterConnection,
  FromSidecar,
  type SidecarMethod,
  type SidecarParams,
  type SidecarResult,
  type TargetView,
  type ToSidecar,
  type WatchTarget,
} from '../../../contract/sidecar.ts'
import type { SidecarState } from '../../../contract/system.ts'
import { noAnswer } from '../../../network/network-failure.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { redact } from '../redact.ts'
import { Listeners } from '../listeners.ts'
import type { SidecarLauncher, SidecarProcess } from './sidecar-launcher.ts'
import { stopped, supervise, type SupervisionEvent, type Supervision, type TimerName } from './supervisor.ts'

/** The sidecar is away, was not started, or ended while it was asked. */
export type SidecarUnavailable = { readonly class: 'sidecar-unavailable'; readonly message: string }
/** A value, what the API server said, or that there is no sidecar now. */
export type SidecarAnswer<T> = Result<T, ApiFailure | SidecarUnavailable>
/** `unwatched`: nobody watches now; what was seen before may be old. */
export type WatchNews = TargetView | { readonly kind: 'unwatched' }

type Pending = { readonly settle: (answer: SidecarAnswer<unknown>) => void }
type Watch = { readonly watch: WatchTarget; readonly listener: (news: WatchNews) => void; watched: boolean }

/** How long a question waits for a sidecar that is just starting, ms. */
const patienceMs = 10_000
const usualTimeoutMs = 30_000
/** How long an orderly end may take before it is ended, ms. */
const stopMs = 2_000
const keptLines = 20

/**
 * Starts and supervises the sidecar, asks it, and keeps watches alive across its restarts. It holds nothing that matters:
 * it may be killed at any time, then questions fail with `sidecar-unavailable` and watches say `unwatched` until it is back.
 */
export class SidecarClient {
  readonly #launch: SidecarLauncher
  readonly #clock: Clock
  readonly #log: Log
  readonly #changes = new Listeners<SidecarState>()
  readonly #timers = new Map<TimerName, Timer>()
  readonly #pending = new Map<number, Pending>()
  readonly #watches = new Map<number, Watch>()
  /** Without the connection itself once it was forgotten; the digest tells a new one from the same again. */
  readonly #connections = new Map<string, { connection: ClusterConnection | null; digest: string }>()
  #supervision: Supervision = stopped
  #process: SidecarProcess | null = null
  #since: number
  #lastLines: string[] = []
  #nextId = 1
  #exit: PromiseWithResolvers<null> | null = null

  /** Each change of the state. */
  readonly onState = this.#changes.listen

  constructor(options: { launch: SidecarLauncher; clock: Clock; log: Log }) {
    this.#launch = options.launch
    this.#clock = options.clock
    this.#log = options.log
    this.#since = options.clock.now()
  }

  start(): void {
    this.#step({ kind: 'start' })
  }

  /** Ends it and starts it again; also after it failed. */
  restart(): void {
    this.#step({ kind: 'restart' })
  }

  state(): SidecarState {
    const { state, restarts } = this.#supervision
    return { state, restarts, pid: this.#process?.pid ?? null, since: this.#since, lastLines: [...this.#lastLines] }
  }

  /** Ends it in order, by force after 2 s; resolves when it is gone. */
  async close(): Promise<void> {
    this.#exit = this.#process === null ? null : Promise.withResolvers<null>()
    this.#step({ kind: 'stop' })
    for (const timer of this.#timers.values()) timer.cancel()
    const force = this.#clock.after(stopMs, () => this.#process?.kill())
    await this.#exit?.promise
    force.cancel()
  }

  /**
   * Asks one question. A caller that loses interest aborts: the answer is then a `timeout` failure and the sidecar is
   * told. Waits up to 10 s for a sidecar that is starting.
   */
  async request<M extends SidecarMethod>(
    method: M,
    params: SidecarParams<M>,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<SidecarAnswer<SidecarResult<M>>> {
    const { signal } = options
    if (signal?.aborted === true) return fail(noLongerWanted)
    if (!(await this.#isReady(signal))) return fail(unavailable('the cluster watcher is not running'))
    const id = this.#nextId++
    const answer = await new Promise<SidecarAnswer<unknown>>((resolve) => {
      const settle = (value: SidecarAnswer<unknown>): void => {
        this.#pending.delete(id)
        late.cancel()
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      }
      const giveUp = (failure: ApiFailure): void => {
        this.#send({ kind: 'cancel', id })
        settle(fail(failure))
      }
      const onAbort = (): void => giveUp(noLongerWanted)
      const late = this.#clock.after(options.timeoutMs ?? usualTimeoutMs, () => giveUp(tooSlow))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, { settle })
      this.#send({ kind: 'request', id, method, params })
    })
    // The sidecar is ours and typed by the same contract; only the envelope is parsed.
    return answer as SidecarAnswer<SidecarResult<M>>
  }

  /** Tells the listener every view of a target until the returned function is called; survives restarts. */
  watchTarget(watch: WatchTarget, listener: (news: WatchNews) => void): () => void {
    const id = this.#nextId++
    this.#watches.set(id, { watch, listener, watched: false })
    if (this.#supervision.state === 'ready' && this.#isKept(watch)) this.#send({ kind: 'watch', id, watch })
    else queueMicrotask(() => this.#watches.has(id) && listener({ kind: 'unwatched' }))
    return () => {
      if (this.#watches.delete(id)) this.#send({ kind: 'unwatch', id })
    }
  }

  /** How to reach a cluster from now on; kept in memory and sent again after a restart. The same again costs nothing. */
  setCluster(clusterId: string, connection: ClusterConnection): void {
    const digest = createHash('sha256').update(JSON.stringify(connection)).digest('base64')
    const before = this.#connections.get(clusterId)
    this.#connections.set(clusterId, { connection, digest })
    if (before?.digest === digest && before.connection !== null) return
    this.#sendCluster(clusterId, connection)
    if (before?.connection === null)
      for (const [id, { watch }] of this.#watchesOf(clusterId)) this.#send({ kind: 'watch', id, watch })
  }

  /**
   * The vault was locked: credentials are kept neither here nor in the sidecar, so nobody watches until they are set
   * again after the unlock. Watches go on then by themselves.
   */
  forgetCredentials(): void {
    for (const [clusterId, known] of this.#connections) {
      if (known.connection === null) continue
      known.connection = null
      for (const [id, watch] of this.#watchesOf(clusterId)) {
        this.#send({ kind: 'unwatch', id })
        this.#tellUnwatched(watch)
      }
      this.#drop(clusterId)
    }
  }

  /** The network changed or the machine woke: watches start again on new connections. */
  hint(): void {
    this.#send({ kind: 'hint' })
  }

  dropCluster(clusterId: string): void {
    if (this.#connections.delete(clusterId)) this.#drop(clusterId)
  }

  #step(event: SupervisionEvent): void {
    const before = this.#supervision
    const { next, effects } = supervise(before, event, this.#clock.monotonic())
    this.#supervision = next
    for (const effect of effects) {
      switch (effect.kind) {
        case 'launch':
          this.#start()
          break
        case 'ask-to-stop':
          this.#send({ kind: 'stop' })
          break
        case 'kill':
          this.#process?.kill()
          break
        case 'ping':
          this.#send({ kind: 'ping', id: this.#nextId++ })
          break
        case 'note':
          this.#log.warn(`sidecar ${effect.text}`)
          break
        case 'timer':
          this.#timers.get(effect.timer)?.cancel()
          this.#timers.set(
            effect.timer,
            this.#clock.after(effect.ms, () => this.#step({ kind: 'timer', timer: effect.timer })),
          )
          break
      }
    }
    if (next.state === before.state) return
    this.#since = this.#clock.now()
    this.#changes.emit(this.state())
  }

  #start(): void {
    this.#process = this.#launch({
      message: (raw) => this.#receive(raw),
      line: (stream, text) => this.#note(`${stream}: ${text}`),
      exited: ({ code, signal, error }) => {
        if (this.#supervision.wanted) this.#note(error ?? `exit code ${code ?? 'none'}, signal ${signal ?? 'none'}`)
        this.#process = null
        this.#step({ kind: 'exited' })
        this.#lose()
        this.#exit?.resolve(null)
      },
    })
  }

  #receive(raw: unknown): void {
    const parsed = FromSidecar.safeParse(raw)
    if (!parsed.success) {
      this.#log.error('sidecar sent a message that is not in the contract')
      return
    }
    const message = parsed.data
    switch (message.kind) {
      case 'ready':
        this.#step({ kind: 'ready' })
        for (const [id, { connection }] of this.#connections) if (connection !== null) this.#sendCluster(id, connection)
        for (const [id, { watch }] of this.#watches) if (this.#isKept(watch)) this.#send({ kind: 'watch', id, watch })
        break
      case 'pong':
        this.#step({ kind: 'answered' })
        break
      case 'value':
        this.#pending.get(message.id)?.settle(ok(message.value))
        break
      case 'failure':
        this.#pending.get(message.id)?.settle(fail(message.failure))
        break
      case 'view': {
        const watch = this.#watches.get(message.id)
        // What was on its way when the vault was locked is old by now.
        if (watch === undefined || !this.#isKept(watch.watch)) break
        watch.watched = true
        watch.listener(message.view)
        break
      }
    }
  }

  /** Everything that waited for the process that is gone is told so. */
  #lose(): void {
    for (const { settle } of [...this.#pending.values()]) settle(fail(unavailable('the cluster watcher ended')))
    for (const watch of [...this.#watches.values()]) this.#tellUnwatched(watch)
  }

  #tellUnwatched(watch: Watch): void {
    if (!watch.watched) return
    watch.watched = false
    watch.listener({ kind: 'unwatched' })
  }

  /** False while the credentials of its cluster are forgotten. */
  #isKept({ clusterId }: WatchTarget): boolean {
    return this.#connections.get(clusterId)?.connection !== null
  }

  #watchesOf(clusterId: string): [number, Watch][] {
    return [...this.#watches].filter(([, { watch }]) => watch.clusterId === clusterId)
  }

  #drop(clusterId: string): void {
    this.#send({ kind: 'request', id: this.#nextId++, method: 'cluster.drop', params: { clusterId } })
  }

  #sendCluster(clusterId: string, connection: ClusterConnection): void {
    this.#send({ kind: 'request', id: this.#nextId++, method: 'cluster.set', params: { clusterId, connection } })
  }

  #send(message: ToSidecar): void {
    const ready = this.#supervision.state === 'ready' || message.kind === 'stop'
    if (ready) this.#process?.send(message)
  }

  #note(text: string): void {
    const safe = redact(text)
    this.#lastLines = [...this.#lastLines, safe].slice(-keptLines)
    this.#log.info(`sidecar ${safe}`)
  }

  async #isReady(signal: AbortSignal | undefined): Promise<boolean> {
    const { state } = this.#supervision
    if (state !== 'starting' && state !== 'restarting') return state === 'ready'
    return await new Promise<boolean>((resolve) => {
      const done = (): void => {
        unlisten()
        late.cancel()
        signal?.removeEventListener('abort', done)
        resolve(this.#supervision.state === 'ready')
      }
      const unlisten = this.#changes.listen(({ state: now }) => {
        if (now !== 'starting' && now !== 'restarting') done()
      })
      const late = this.#clock.after(patienceMs, done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }
}

const unavailable = (message: string): SidecarUnavailable => ({ class: 'sidecar-unavailable', message })

const tooSlow = noAnswer('no answer came in time')
const noLongerWanted = noAnswer('the caller did not wait for the answer')
