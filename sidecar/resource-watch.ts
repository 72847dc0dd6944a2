import { drop } from '../contract/drop.ts'
import type { ApiFailure } from '../contract/sidecar.ts'
import type { ClusterApi, ClusterRegistry } from './cluster-registry.ts'
import type { ObjectMeta } from './kubernetes-objects.ts'
import { failureOfWatchError } from '../network/api-failure.ts'
import { listAll } from './paged-list.ts'
import { afterRound, type Round } from './watch-schedule.ts'
import { readWatch } from './watch-stream.ts'

/** What a watch knows: objects by name, whether they were ever listed, and why it cannot be kept now. */
export type Watched<T> = { readonly items: readonly T[]; readonly synced: boolean; readonly failure: ApiFailure | null }

export type ResourceWatchOptions<Item, Kept> = {
  readonly registry: ClusterRegistry
  readonly clusterId: string
  /** Path of the list; `query` narrows it (labelSelector, fieldSelector). */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** What is kept of each object: the rest is forgotten at once. */
  readonly keep: (item: Item) => Kept
  /** Something changed; called after each event, so the listener gathers. */
  readonly changed: () => void
  readonly answerMs?: number
  readonly silenceMs?: number
  readonly random?: () => number
}

/**
 * Lists objects and keeps the list true by watching (bookmarks; a fresh list on 410), as long as it is not closed.
 * What was seen stays while the server is away. Where watching is forbidden it lists every few seconds.
 */
export class ResourceWatch<Item extends { metadata?: ObjectMeta }, Kept> {
  readonly #options: ResourceWatchOptions<Item, Kept>
  readonly #items = new Map<string, Kept>()
  readonly #unlisten: () => void
  #failure: ApiFailure | null = null
  #synced = false
  #version: string | null = null
  #closed = false
  /** Ends the running round, or the wait before the next. */
  #interrupt = new AbortController()
  /** The way to the cluster changed while a round or a wait ran. */
  #renewals = 0

  constructor(options: ResourceWatchOptions<Item, Kept>) {
    this.#options = options
    this.#unlisten = options.registry.onChange(options.clusterId, () => {
      this.#renewals += 1
      this.#interrupt.abort()
    })
    drop(this.#run(), 'it lives until close()')
  }

  get state(): Watched<Kept> {
    return { items: [...this.#items.values()], synced: this.#synced, failure: this.#failure }
  }

  close(): void {
    this.#closed = true
    this.#unlisten()
    this.#interrupt.abort()
  }

  async #run(): Promise<void> {
    let attempt = 0
    while (!this.#isClosed()) {
      this.#interrupt = new AbortController()
      const before = this.#renewals
      const api = this.#options.registry.get(this.#options.clusterId)
      if (api === null) {
        await waitFor(Infinity, this.#interrupt.signal)
        continue
      }
      const round = await this.#round(api, this.#interrupt.signal)
      if (this.#isClosed()) return
      if (this.#renewals !== before) {
        attempt = 0
        continue
      }
      if (round.kind === 'failed') this.#fail(round.failure)
      const next = afterRound(round, attempt, (this.#options.random ?? Math.random)())
      attempt = next.attempt
      if (next.list) this.#version = null
      await waitFor(next.waitMs, this.#interrupt.signal)
      if (this.#renewals !== before) attempt = 0
    }
  }

  /** A function, so that the compiler does not think it cannot change while we wait. */
  #isClosed(): boolean {
    return this.#closed
  }

  async #round(api: ClusterApi, signal: AbortSignal): Promise<Round> {
    const { path, query } = this.#options
    try {
      if (this.#version === null) {
        const listed = await listAll<[string, Kept]>(api, { path, query, signal }, (item) => [
          (item as Item).metadata?.name ?? '',
          this.#options.keep(item as Item),
        ])
        if (!listed.ok) return { kind: 'failed', failure: listed.error }
        this.#items.clear()
        for (const [name, kept] of listed.value.rows) this.#items.set(name, kept)
        this.#version = listed.value.resourceVersion
        this.#succeed()
      }
      return await this.#watch(api, signal)
    } catch (error) {
      if (signal.aborted) return { kind: 'stream', end: 'broken', lastedMs: 0 }
      // An object that cannot be read must not end the process: it is the server's answer that is wrong.
      const message = error instanceof Error ? error.message : 'unknown error'
      return {
        kind: 'failed',
        failure: failureOfWatchError({ code: 502, message: `the answer cannot be read: ${message}` }),
      }
    }
  }

  async #watch(api: ClusterApi, signal: AbortSignal): Promise<Round> {
    const { path, query, answerMs = 15_000, silenceMs = 90_000, random = Math.random } = this.#options
    const startedAt = performance.now()
    const answer = await readWatch(
      api,
      {
        path,
        query: {
          ...query,
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#version ?? undefined,
          timeoutSeconds: 300 + Math.floor(random() * 300),
        },
        signal,
        answerMs,
        silenceMs,
        onBegin: () => this.#succeed(),
      },
      (event) => this.#apply(event.type, event.object as Item),
    )
    if (answer.ok) return { kind: 'stream', end: answer.value, lastedMs: performance.now() - startedAt }
    if (answer.error.class === 'expired') return { kind: 'stale' }
    if (answer.error.class === 'forbidden') return { kind: 'listed-only' }
    return { kind: 'failed', failure: answer.error }
  }

  #apply(type: string | undefined, object: Item): void {
    this.#version = object.metadata?.resourceVersion ?? this.#version
    const name = object.metadata?.name
    if (type !== 'BOOKMARK' && name !== undefined) {
      if (type === 'DELETED') this.#items.delete(name)
      else this.#items.set(name, this.#options.keep(object))
    }
    this.#succeed()
  }

  #succeed(): void {
    this.#failure = null
    this.#synced = true
    this.#options.changed()
  }

  #fail(failure: ApiFailure): void {
    this.#failure = failure
    this.#options.changed()
  }
}

/** Waits, or until the signal ends the wait. */
async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return
  await new Promise<void>((resolve) => {
    const timer = ms === Infinity ? undefined : setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
