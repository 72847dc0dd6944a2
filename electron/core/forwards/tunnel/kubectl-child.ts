import type { Socket } from 'node:net'
import { drop } from '../../../../contract/drop.ts'
import type { CauseCode } from '../../../../contract/causes.ts'
import { appError, fail, ok, type Result } from '../../../../contract/errors.ts'
import type { ClusterConnection } from '../../../../contract/sidecar.ts'
import { ownCopy } from '../../../../network/own-copy.ts'
import type { Clock } from '../../clock.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ChildProcesses, OwnedChild } from '../../processes/child-processes.ts'
import {
  failureOfExit,
  failureOfPod,
  failureOfWay,
  failureOfStart,
  lostFailure,
  notOurs,
  notReady,
  plainWords,
  silentFailure,
  stoppedFailure,
} from './kubectl-failures.ts'
import { KubectlFate } from './kubectl-fate.ts'
import { causeOfKubectlLine, clientThatReset, isHarmless, isVague, provesUnreached } from './kubectl-lines.ts'
import { isCutOff } from './kubectl-losses.ts'
import { KubectlStreams, type KubectlStream } from './kubectl-streams.ts'
import { connectLocally, type Sink } from '../listener/local-socket.ts'
import { replayBytes, reset } from '../listener/splice.ts'
import type {
  ClientsInDoubt,
  StreamClient,
  StreamVerdict,
  TunnelFailure,
  TunnelRequest,
  TunnelStream,
} from './tunnel.ts'

export type KubectlOptions = {
  readonly children: Pick<ChildProcesses, 'start'>
  readonly kubectl: () => Promise<Result<{ readonly path: string }>>
  /** A kubeconfig with nothing but this connection; the buffer is cleared once used. */
  readonly kubeconfigFor: (connection: ClusterConnection, namespace: string) => Buffer
  readonly clock: Clock
  readonly platform: Pick<Platform, 'processFacts' | 'processState' | 'rests' | 'ownerOfPort'>
}

export type KubectlChildEvents = {
  /** Its start waits for its turn, or no longer does. */
  waits(waits: boolean): void
  ready(): void
  /** A stream was closed. */
  streamClosed(): void
  /** Bytes came from the pod over a stream that was opened at `openedAt` (monotonic). */
  bytes(openedAt: number): void
  /** kubectl lives, but the port, the pod or its connection is no good any more: nothing new may be opened. */
  useless(failure: TunnelFailure): void
  /** So many clients lost their connections because of this child and not because of the pod. */
  streamsLost(count: number, failure: TunnelFailure): void
  /** The process is gone. Called once, also when it never started. */
  ended(failure: TunnelFailure): void
  line(stream: 'stdout' | 'stderr' | 'note', text: string, pid: number | null): void
}

/** How long kubectl may stay silent before it says what it forwards: it waits without a word when etcd is down. */
const startMs = 20_000
const connectMs = 2_000
/** What a kubectl said that is gone, or takes nobody, arrives after that: so long is waited for it. */
export const lastWordsMs = 500
const usageMs = 1_000

type Usage = { readonly cpuPercent: number; readonly memoryBytes: number }

/** A client of whom nothing is known. */
const somebody: StreamClient = { isGone: () => Promise.resolve(false) }

/**
 * One `kubectl port-forward` to one port of one pod. kubectl accepts local connections whatever the pod does, ends with
 * all of them when the pod refuses or resets a single one, and stays silent when its pod is deleted.
 */
export class KubectlChild {
  readonly #request: TunnelRequest
  readonly #options: KubectlOptions
  readonly #events: KubectlChildEvents
  readonly #streams: KubectlStreams
  readonly #fate: KubectlFate
  readonly #abort = new AbortController()
  /** Probes that were reset and of which kubectl has not told yet, by their own port. */
  readonly #resets = new Map<number, () => void>()
  /** Settles when all that was lost so far is counted. */
  #counting: Promise<unknown> = Promise.resolve()
  #child: OwnedChild | null = null
  #port = 0
  /** Host and port of the proxy kubectl goes through. */
  #proxy: string | null = null
  #state: 'starting' | 'ready' | 'useless' | 'ended' = 'starting'
  #wasReady = false
  #waits = false
  #lastUsage: { at: number; cpuMs: number; used: Usage } | null = null
  /** Settles when the process is gone and what was lost with it is told. */
  readonly settled: Promise<void>

  constructor(request: TunnelRequest, options: KubectlOptions, events: KubectlChildEvents) {
    this.#request = request
    this.#options = options
    this.#events = events
    this.#streams = new KubectlStreams(options.clock)
    this.#fate = new KubectlFate(options.clock, options.platform)
    this.settled = this.#run()
  }

  get state(): 'starting' | 'ready' | 'useless' | 'ended' {
    return this.#state
  }

  /** Null: there is no process yet, or there never was one. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Others are started before it. */
  get waits(): boolean {
    return this.#waits
  }

  get streams(): number {
    return this.#streams.clients
  }

  get answered(): number {
    return this.#streams.answered
  }

  get blocked(): boolean {
    return this.#streams.blocked
  }

  /** {@link KubectlStreams.waitingInVain} */
  waitingInVain(who: ClientsInDoubt, ms: number): KubectlStream[] {
    return this.#streams.waitingInVain(who, ms)
  }

  /** SIGSTOP, a debugger: it accepts, and nothing moves. */
  get stopped(): boolean {
    return this.#child !== null && this.#options.platform.processState(this.#child.pid) === 'stopped'
  }

  /**
   * A stream to the pod's port. Nothing is sent before it is certain that the other end is this child: alive after
   * the connection was made, it listened on that port all along. `isLast`: no other kubectl is left to try, so the reason
   * is what the client is told.
   */
  open(client: StreamClient = somebody, isLast = true): Promise<Result<TunnelStream, TunnelFailure>> {
    return this.#open(client, isLast ? lastWordsMs : 0)
  }

  /** The same for a question of ours, which is no client. */
  openProbe(): Promise<Result<TunnelStream, TunnelFailure>> {
    return this.#open(null, lastWordsMs)
  }

  async #open(client: StreamClient | null, wordsMs: number): Promise<Result<TunnelStream, TunnelFailure>> {
    const child = this.#child
    if (this.#state !== 'ready' || child === null) return fail(this.#fate.ended ?? notReady)
    const socket = connectLocally(this.#port)
    const { receive } = socket
    const stream = this.#streams.add(socket, client)
    socket.once('close', () => this.#events.streamClosed())
    const connected = await this.#connected(socket)
    const state = this.#options.platform.processState(child.pid)
    const alive = this.isReady() && state !== 'dead' && state !== 'stopped'
    if (!connected || !alive) {
      this.#streams.leave(stream)
      this.#streams.judge(stream)
      socket.destroy()
      if (state === 'stopped') return fail(stoppedFailure(child.pid))
      return fail((await this.#fate.failureWithin(wordsMs)) ?? lostFailure('kubectl takes no connections'))
    }
    socket.on('error', ignore)
    let verdict: Promise<StreamVerdict> | null = null
    const judge = (): Promise<StreamVerdict> => (verdict ??= this.#verdict(stream, child.pid))
    // Also when nobody asks: a stream that the pod ended is none of those that may have been refused.
    for (const end of ['end', 'error']) socket.once(end, () => drop(judge(), 'remembered for whoever asks'))
    const sinkOf =
      (sink: Sink): Sink =>
      (chunk) => {
        this.#streams.heard(stream)
        this.#fate.carries()
        this.#events.bytes(stream.openedAt)
        return sink(chunk)
      }
    return ok(Object.assign(socket, { verdict: judge, receive: (sink: Sink) => receive(sinkOf(sink)) }))
  }

  isReady(): boolean {
    return this.#state === 'ready'
  }

  /** The reason why connections fail now, as soon as there is one; null when there was none for so many ms. */
  failureWithin(ms: number): Promise<TunnelFailure | null> {
    return this.#fate.failureWithin(ms)
  }

  /** Ends the process and with it all streams, which nobody counts as lost; settles when it is gone. */
  async stop(): Promise<void> {
    const child = this.#child
    const lives = child !== null && this.#options.platform.processState(child.pid) !== 'dead'
    if (lives && this.#state !== 'ended') this.#streams.endOnPurpose()
    this.#abort.abort()
    await this.settled
  }

  /** Looked up at most once a second: every change of every row asks. */
  usage(): Usage | null {
    const at = this.#options.clock.monotonic()
    const last = this.#lastUsage
    if (last !== null && at - last.at < usageMs) return last.used
    const facts = this.#child === null ? null : this.#options.platform.processFacts(this.#child.pid)
    if (facts === null) return null
    const cpuPercent = last === null ? 0 : ((facts.cpuMs - last.cpuMs) / (at - last.at)) * 100
    const used = { cpuPercent: Math.max(0, cpuPercent), memoryBytes: facts.rssBytes }
    this.#lastUsage = { at, cpuMs: facts.cpuMs, used }
    return used
  }

  /** Resets a stream of `openProbe`; true when kubectl tells of it within so many ms. It can only once the pod's end has the stream. */
  async resetNoticed(stream: TunnelStream, ms: number): Promise<boolean> {
    const { localPort: port } = stream as TunnelStream & Partial<Socket>
    reset(stream)
    if (port === undefined) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = this.#options.clock.after(ms, () => resolve(false))
    this.#resets.set(port, () => resolve(true))
    const noticed = await promise
    timer.cancel()
    this.#resets.delete(port)
    return noticed
  }

  async #run(): Promise<void> {
    const started = await this.#start()
    if (!started.ok) {
      await this.#end(failureOfStart(started.error))
      return
    }
    const child = (this.#child = started.value)
    const tooLate = this.#options.clock.after(startMs, () => {
      if (this.#state !== 'starting') return
      this.#note(silentFailure(this.#request.target, startMs / 1000))
      this.#abort.abort()
    })
    const exit = await child.exited
    tooLate.cancel()
    child.releaseSecret()
    const lines = this.#wasReady ? [] : exit.lastLines // later ones were judged when they came
    const { label, target } = this.#request
    const failure = failureOfPod(failureOfExit(exit, lines, label), target)
    await this.#end(this.#fate.failure ?? failureOfWay(failure, this.#proxy))
  }

  async #start(): Promise<Result<OwnedChild>> {
    const { children, kubectl, kubeconfigFor } = this.#options
    const { namespace, target, remote, label } = this.#request
    const found = await kubectl()
    if (!found.ok) return found
    const connection = this.#request.connection()
    if (connection === null)
      return fail(appError('vault-locked', 'The vault was locked before kubectl could start.', 'Unlock the vault.'))
    this.#proxy = connection.proxyUrl === null ? null : ownCopy(new URL(connection.proxyUrl).host)
    const reference = target.kind === 'pod' ? `pod/${target.name}` : target.reference
    return children.start({
      kind: 'kubectl',
      label,
      command: found.value.path,
      // Without the address a port that is taken on 127.0.0.1 goes unnoticed, and a kuberc may choose another one.
      args: (kubeconfig) => [
        'port-forward',
        reference,
        `:${remote}`,
        ...['--namespace', namespace, '--address', '127.0.0.1'],
        ...(kubeconfig === null ? [] : ['--kubeconfig', kubeconfig]),
      ],
      environment: { KUBERC: 'off', LC_ALL: 'C' },
      secret: kubeconfigFor(connection, namespace),
      signal: this.#abort.signal,
      group: connection.server,
      onWaits: (waits) => {
        this.#waits = waits
        this.#events.waits(waits)
      },
      onLine: (stream, text, pid) => this.#line(stream, text, pid),
    })
  }

  #line(stream: 'stdout' | 'stderr', text: string, pid: number): void {
    if (stream === 'stdout') {
      if (text.startsWith('Handling connection for ')) return
      const port = /^Forwarding from 127\.0\.0\.1:(\d+) -> /.exec(text)?.[1]
      if (port !== undefined && this.#state === 'starting') drop(this.#listens(Number(port)), 'tells by its events')
    } else {
      const notice = this.#resets.get(clientThatReset(text) ?? 0)
      if (notice !== undefined) {
        notice()
        return
      }
      this.#blame(text)
    }
    this.#events.line(stream, text, pid)
  }

  async #listens(port: number): Promise<void> {
    const child = this.#child
    // The first line may arrive before start() was answered.
    if (child === null) {
      await new Promise(setImmediate)
      return this.#state === 'starting' ? this.#listens(port) : undefined
    }
    child.started()
    child.releaseSecret()
    const owner = await this.#options.platform.ownerOfPort('127.0.0.1', port, [child.pid])
    if (this.#state !== 'starting') return
    if (owner !== null && owner.pid !== child.pid) {
      this.#note(notOurs(port, owner.process))
      this.#abort.abort()
      return
    }
    this.#port = port
    this.#state = 'ready'
    this.#wasReady = true
    this.#events.ready()
  }

  #blame(text: string): void {
    const cause = causeOfKubectlLine(text)
    if (cause === null || isHarmless(cause) || this.#state === 'starting' || this.#state === 'ended') return
    const failure = { code: cause.code, detail: cause.detail, message: plainWords(text) }
    // `lost connection to pod` follows the reason and must not hide it.
    if (isVague(cause) && this.#fate.saidNow !== null) return
    if (provesUnreached(cause)) this.#streams.refused()
    this.#fate.says(failure)
    if (this.#state === 'ready' && endsUse.has(cause.code)) {
      this.#state = 'useless'
      this.#fate.becomesUseless()
      this.#events.useless(failure)
    }
  }

  /** A reason of ours to end it. */
  #note(failure: TunnelFailure): void {
    this.#fate.says(failure)
    this.#fate.becomesUseless()
  }

  async #verdict(stream: KubectlStream, pid: number): Promise<StreamVerdict> {
    const failure = await this.#fate.reasonOfEnd(stream, pid, () => this.#streams.wasRefused(stream))
    if (failure === null) {
      stream.answered = true // the pod ended it, so it was there
      this.#streams.judge(stream)
      return { kind: 'pod-ended' }
    }
    const neverReachedPod = this.#neverReachedPod(stream)
    this.#count([stream], failure)
    return { kind: 'tunnel-failed', failure, neverReachedPod }
  }

  /** Proven by kubectl's word, or because there was nothing that could have reached the pod. */
  #neverReachedPod(stream: KubectlStream): boolean {
    const sent = stream.socket.bytesWritten
    return (this.#streams.wasRefused(stream) && sent <= replayBytes) || (!stream.answered && sent === 0)
  }

  /** Counts each of these clients once, if the end of its stream cost it its connection. */
  #count(streams: readonly KubectlStream[], failure: TunnelFailure): void {
    const now = this.#options.clock.monotonic()
    const cut = streams.filter(
      (stream) =>
        this.#streams.judge(stream) && !this.#neverReachedPod(stream) && isCutOff(stream, failure.detail, now),
    )
    if (cut.length === 0) return
    const counted = Promise.all(cut.map(({ client }) => client?.isGone() ?? Promise.resolve(true))).then((gone) => {
      const count = gone.filter((isGone) => !isGone).length
      if (count > 0) this.#events.streamsLost(count, failure)
    })
    this.#counting = Promise.all([this.#counting, counted])
  }

  async #end(failure: TunnelFailure): Promise<void> {
    this.#state = 'ended'
    this.#count(this.#streams.unjudged, failure)
    this.#fate.ends(failure)
    this.#events.ended(failure)
    await this.#counting
  }

  async #connected(socket: Socket): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = this.#options.clock.after(connectMs, () => resolve(false))
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    const connected = await promise
    timer.cancel()
    return connected
  }
}

const ignore = (): void => undefined

/** After these nothing new may be opened, although some versions of kubectl live on. */
const endsUse: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'container-not-listening',
  'pod-replaced',
  'tunnel-stalled',
  'kubectl-failed',
  'node-unreachable',
])
