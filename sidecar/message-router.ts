import { assertNever } from '../contract/assert-never.ts'
import { drop } from '../contract/drop.ts'
import { fail, ok, type Result } from '../contract/errors.ts'
import {
  type ApiFailure,
  type FromSidecar,
  type SidecarMethod,
  sidecarMethods,
  type TargetView,
  ToSidecar,
  type WatchTarget,
} from '../contract/sidecar.ts'
import type { ClusterApi, ClusterRegistry } from './cluster-registry.ts'
import { listNamespaces, listPods, listServices, listWorkloads, reviewAccess, serverVersion } from './discovery.ts'
import { TargetWatch } from './target-watch.ts'

type SharedWatch = { readonly watch: TargetWatch; readonly ids: Set<number>; last: TargetView | null }

/** Does what the other side asks: questions with an answer each, watches until they are taken back, heartbeats. */
export class MessageRouter {
  readonly #registry: ClusterRegistry
  readonly #send: (message: FromSidecar) => void
  readonly #stop: () => void
  readonly #running = new Map<number, AbortController>()
  readonly #watches = new Map<string, SharedWatch>()

  constructor(options: { registry: ClusterRegistry; send: (message: FromSidecar) => void; stop: () => void }) {
    this.#registry = options.registry
    this.#send = options.send
    this.#stop = options.stop
  }

  receive(raw: unknown): void {
    const message = ToSidecar.parse(raw)
    switch (message.kind) {
      case 'request': {
        drop(this.#answer(message.id, message.method, message.params), 'it sends its own answer')
        return
      }
      case 'cancel':
        return this.#running.get(message.id)?.abort()
      case 'watch': {
        this.#watch(message.id, message.watch)
        return
      }
      case 'unwatch': {
        this.#unwatch(message.id)
        return
      }
      case 'ping': {
        this.#send({ kind: 'pong', id: message.id })
        return
      }
      case 'hint': {
        this.#registry.refresh()
        return
      }
      case 'stop': {
        this.#stop()
        return
      }
      default:
        return assertNever(message)
    }
  }

  close(): void {
    for (const { watch } of this.#watches.values()) watch.close()
    this.#watches.clear()
    for (const running of this.#running.values()) running.abort()
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    const running = new AbortController()
    this.#running.set(id, running)
    const answer = await this.#ask(method, params, running.signal)
    this.#running.delete(id)
    // Who cancelled does not listen any more.
    if (running.signal.aborted) return
    this.#send(answer.ok ? { kind: 'value', id, value: answer.value } : { kind: 'failure', id, failure: answer.error })
  }

  async #ask(method: string, params: unknown, signal: AbortSignal): Promise<Result<unknown, ApiFailure>> {
    if (!Object.hasOwn(sidecarMethods, method)) return fail(badRequest(`no method ${method}`))
    try {
      return await this.#dispatch(method as SidecarMethod, params, signal)
    } catch (error) {
      // What a server sends is not ours to trust: an answer of another shape must not end this process.
      return fail(badRequest(error instanceof Error ? error.message : 'unknown'))
    }
  }

  async #dispatch(method: SidecarMethod, raw: unknown, signal: AbortSignal): Promise<Result<unknown, ApiFailure>> {
    switch (method) {
      case 'cluster.set': {
        const { clusterId, connection } = sidecarMethods[method].params.parse(raw)
        this.#registry.set(clusterId, connection)
        return ok(null)
      }
      case 'cluster.drop':
        this.#registry.forget(sidecarMethods[method].params.parse(raw).clusterId)
        return ok(null)
      case 'version':
        return this.#with(sidecarMethods[method].params.parse(raw), (api) => serverVersion(api, signal))
      case 'namespaces':
        return this.#with(sidecarMethods[method].params.parse(raw), (api) => listNamespaces(api, { signal }))
      case 'pods':
        return this.#with(sidecarMethods[method].params.parse(raw), (api, asked) => listPods(api, { ...asked, signal }))
      case 'services':
        return this.#with(sidecarMethods[method].params.parse(raw), (api, asked) =>
          listServices(api, { ...asked, signal }),
        )
      case 'workloads':
        return this.#with(sidecarMethods[method].params.parse(raw), (api, asked) =>
          listWorkloads(api, { ...asked, signal }),
        )
      case 'access':
        return this.#with(sidecarMethods[method].params.parse(raw), (api, { questions }) =>
          reviewAccess(api, questions, signal),
        )
    }
  }

  async #with<P extends { clusterId: string }, T>(
    params: P,
    ask: (api: ClusterApi, params: P) => Promise<Result<T, ApiFailure>>,
  ): Promise<Result<T, ApiFailure>> {
    const api = this.#registry.get(params.clusterId)
    return api === null ? fail(badRequest('this cluster is not known here')) : await ask(api, params)
  }

  /** Watches of the same target share one; each is told everything. */
  #watch(id: number, watch: WatchTarget): void {
    const key = JSON.stringify([watch.clusterId, watch.namespace, watch.target])
    let shared = this.#watches.get(key)
    if (shared === undefined) {
      const ids = new Set<number>()
      const emit = (view: TargetView): void => {
        const current = this.#watches.get(key)
        if (current !== undefined) current.last = view
        for (const one of ids) this.#send({ kind: 'view', id: one, view })
      }
      shared = { watch: new TargetWatch({ registry: this.#registry, watch, emit }), ids, last: null }
      this.#watches.set(key, shared)
    }
    shared.ids.add(id)
    if (shared.last !== null) this.#send({ kind: 'view', id, view: shared.last })
  }

  #unwatch(id: number): void {
    for (const [key, shared] of this.#watches) {
      if (!shared.ids.delete(id) || shared.ids.size > 0) continue
      shared.watch.close()
      this.#watches.delete(key)
    }
  }
}

const badRequest = (message: string): ApiFailure => ({
  class: 'bad-request',
  detail: null,
  status: null,
  message,
  rbac: null,
  retryAfterSeconds: null,
})
