import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { ClusterStatus } from '../../../contract/clusters.ts'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { Forward } from '../../../contract/forwards.ts'
import type { ClusterConnection, TargetView, WatchTarget } from '../../../contract/sidecar.ts'
import { systemClock } from '../clock.ts'
import type { ClusterChange } from '../clusters/cluster-service.ts'
import { unknownStatus } from '../clusters/cluster-view.ts'
import type { CredentialFailure } from '../credentials/credentials.ts'
import { createPlatform } from '../platform/platform.ts'
import { SettingsService } from '../settings/settings-service.ts'
import { Listeners } from '../listeners.ts'
import type { WatchNews } from '../sidecar/sidecar-client.ts'
import type { Store } from '../store/store.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import { ForwardService, type ForwardServiceOptions } from './forward-service.ts'
import { aPod, aView } from './reconciler/reconciler-world.testing.ts'
import type { ProbeResult, Tunnel, TunnelEvents, TunnelFailure, TunnelRequest, TunnelStream } from './tunnel/tunnel.ts'
import { someConnection, TestServer } from './tunnel/tunnel.testing.ts'

/** A tunnel to a port of this machine; a test says how it fares. */
export class BenchTunnel implements Tunnel {
  readonly request: TunnelRequest
  readonly events: TunnelEvents
  state: Tunnel['state'] = 'opening'
  answer: ProbeResult = { kind: 'live', ms: 1 }
  readonly #port: number
  readonly #streams = new Set<Socket>()

  constructor(request: TunnelRequest, events: TunnelEvents, port: number) {
    this.request = request
    this.events = events
    this.#port = port
  }

  get connections(): number {
    return this.#streams.size
  }

  ready(): void {
    this.state = 'ready'
    this.events.ready()
  }

  /** What carried connections ended; `ready()` says that another does. */
  reopen(failure: TunnelFailure): void {
    this.state = 'opening'
    this.events.reopening(failure)
  }

  lose(failure: TunnelFailure): void {
    this.state = 'draining'
    this.events.lost(failure)
  }

  async open(): Promise<Result<TunnelStream, TunnelFailure>> {
    if (this.state !== 'ready') return fail({ code: 'stopping', detail: null, message: 'not open' })
    const socket = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    this.#streams.add(socket)
    socket.on('data', () => this.events.evidence())
    socket.once('close', () => {
      this.#streams.delete(socket)
      if (this.state === 'draining' && this.#streams.size === 0) this.state = 'closed'
    })
    return ok(socket)
  }

  probe(): Promise<ProbeResult> {
    return Promise.resolve(this.answer)
  }

  probeBeside(): Promise<void> {
    return Promise.resolve()
  }

  drain(): void {
    this.state = this.#streams.size === 0 ? 'closed' : 'draining'
  }

  close(): Promise<void> {
    this.state = 'closed'
    for (const socket of this.#streams) socket.destroy()
    return Promise.resolve()
  }

  usage(): null {
    return null
  }
}

/**
 * A forward service on a real store, real local ports and a real program behind them; tunnels, the watch and credentials
 * do what a test says (by default: everything works).
 */
export class ForwardBench implements AsyncDisposable {
  readonly store: Store
  readonly folder = mkdtempSync(join(tmpdir(), 'forwards-'))
  readonly clusterId = randomUUID()
  clusterName = 'dev'
  clusterStatus: ClusterStatus = unknownStatus
  /** How often somebody asked for the whole cluster. */
  clusterReads = 0
  readonly tunnels: BenchTunnel[] = []
  readonly told: { id: string; kind: string }[] = []
  readonly #vault = new Listeners<{ state: 'locked' | 'unlocked' }>()
  readonly #clusterChanges = new Listeners<ClusterChange>()
  readonly #watches = new Set<{ watch: WatchTarget; listener: (news: WatchNews) => void }>()
  readonly server = new TestServer((socket) => socket.pipe(socket))
  /** What a new tunnel does by itself. */
  opening: (tunnel: BenchTunnel) => void = (tunnel) => queueMicrotask(() => tunnel.ready())
  view: TargetView = aView([aPod('web-1')])
  lookForSleep: () => void = () => undefined
  credentials: () => Result<ClusterConnection, CredentialFailure> = () => ok(someConnection)
  service: ForwardService

  constructor() {
    this.store = memoryStore()
    this.#addCluster()
    this.service = this.#createService(this.store)
  }

  static async started(): Promise<ForwardBench> {
    const bench = new ForwardBench()
    await bench.server.listen()
    bench.service.start()
    return bench
  }

  /** The app ends in order, or (`crash`) without a word, and starts again on the same data. */
  async restart(): Promise<void> {
    await this.service.close()
    this.#watches.clear()
    this.service = this.#createService(this.store)
    this.service.start()
  }

  see(view: TargetView): void {
    this.view = view
    for (const { listener } of [...this.#watches]) listener(view)
  }

  /** Nobody watches the pods any more, until something is seen again. */
  unwatch(): void {
    for (const { listener } of [...this.#watches]) listener({ kind: 'unwatched' })
  }

  clusterChanged(change: Omit<ClusterChange, 'id'>): void {
    this.#clusterChanges.emit({ id: this.clusterId, ...change })
  }

  vaultChanged(state: 'locked' | 'unlocked'): void {
    this.#vault.emit({ state })
  }

  async create(input: Partial<Parameters<ForwardService['create']>[0]> = {}): Promise<Result<Forward>> {
    return this.service.create({
      clusterId: this.clusterId,
      namespace: 'default',
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 80, local: 0, bind: '127.0.0.1' }],
      desired: 'on',
      ...input,
    })
  }

  /** Waits until the forward fits; fails with what it was last. */
  async until(id: string, fits: (forward: Forward) => boolean): Promise<Forward> {
    const deadline = Date.now() + 10_000
    for (;;) {
      const forward = this.service.get(id)
      if (forward !== null && fits(forward)) return forward
      if (Date.now() > deadline) throw new Error(`not so within 10 s: ${JSON.stringify(forward)}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async live(input: Parameters<ForwardBench['create']>[0] = {}): Promise<Forward> {
    const created = await this.create(input)
    if (!created.ok) throw new Error(created.error.message)
    return this.until(created.value.id, ({ state }) => state === 'live')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close()
    await this.server[Symbol.asyncDispose]()
    this.store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #createService(store: Store): ForwardService {
    const settings = new SettingsService({ store })
    const options = {
      lookForSleep: () => this.lookForSleep(),
      store,
      clock: systemClock,
      log: silentLog,
      logsDir: join(this.folder, 'logs'),
      platform: createPlatform(),
      settings,
      vault: { onChange: this.#vault.listen },
      clusters: {
        get: (id: string) => {
          this.clusterReads += 1
          return id === this.clusterId ? { name: this.clusterName, status: this.clusterStatus } : null
        },
        onChange: this.#clusterChanges.listen,
      },
      credentials: { resolve: () => Promise.resolve(this.credentials()), onChange: () => () => undefined },
      sidecar: {
        setCluster: () => undefined,
        hint: () => undefined,
        request: () => Promise.resolve(ok([{ allowed: true }, { allowed: false }])),
        watchTarget: (watch: WatchTarget, listener: (news: WatchNews) => void) => {
          const entry = { watch, listener }
          this.#watches.add(entry)
          queueMicrotask(() => this.#watches.has(entry) && listener(this.view))
          return () => void this.#watches.delete(entry)
        },
      },
      children: {
        counts: () => ({ running: 0, starting: 0, queued: 0, limit: 128 }),
        onCounts: () => () => undefined,
      },
      openTunnel: (request: TunnelRequest, events: TunnelEvents) => {
        const tunnel = new BenchTunnel(request, events, this.server.port)
        this.tunnels.push(tunnel)
        this.opening(tunnel)
        return tunnel
      },
    }
    // Stands for parts of which a forward uses a few methods only.
    const service = new ForwardService(options as unknown as ForwardServiceOptions)
    service.onChange(({ id, kind }) => this.told.push({ id, kind }))
    return service
  }

  #addCluster(): void {
    const kubeconfigId = randomUUID()
    this.store.write((database) => {
      database
        .prepare('INSERT INTO kubeconfigs (id, sealed, created_at, updated_at) VALUES (?, ?, 0, 0)')
        .run(kubeconfigId, Buffer.from('sealed'))
      database
        .prepare(
          `INSERT INTO clusters (id, kubeconfig_id, name, context, server, user_name, auth_kinds, namespace, position, created_at, updated_at)
           VALUES (?, ?, 'dev', 'dev', 'https://dev', 'me', '[]', 'default', 0, 0, 0)`,
        )
        .run(this.clusterId, kubeconfigId)
    })
  }
}
