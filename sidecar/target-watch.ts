import { drop } from '../contract/drop.ts'
import type { TargetView, WatchTarget } from '../contract/sidecar.ts'
import type { ClusterRegistry } from './cluster-registry.ts'
import { listPath } from './discovery.ts'
import type { ObjectMeta } from './kubernetes-objects.ts'
import { ResourceWatch } from './resource-watch.ts'
import {
  keepPod,
  type KeptPod,
  keepService,
  type KeptService,
  keepSlice,
  type KeptSlice,
  keepWorkload,
  type KeptWorkload,
} from './target-objects.ts'
import { buildView } from './target-view.ts'

export type TargetWatchOptions = {
  readonly registry: ClusterRegistry
  readonly watch: WatchTarget
  readonly emit: (view: TargetView) => void
  readonly random?: () => number
}

type ListedKind = Parameters<typeof listPath>[0]

/** A change is told at once; those that follow within this time become one view, ms. */
const gatherMs = 20
/** How often a namespace that is missing is looked for again, ms. */
const namespaceMs = 5_000

/** Watches everything that says where a forward leads, and tells a new view when it differs from the last one. */
export class TargetWatch {
  readonly #options: TargetWatchOptions
  readonly #service: ResourceWatch<object, KeptService> | null
  readonly #workload: ResourceWatch<object, KeptWorkload> | null
  readonly #slices: ResourceWatch<object, KeptSlice> | null
  #pods: { readonly selector: string; readonly watch: ResourceWatch<object, KeptPod> } | null = null
  #timer: NodeJS.Timeout | undefined
  #toldAt = -Infinity
  #namespace: { exists: boolean; askedAt: number } | 'asking' | null = null
  #namespaceTimer: NodeJS.Timeout | undefined
  #last = ''
  #closed = false

  constructor(options: TargetWatchOptions) {
    this.#options = options
    const { target } = options.watch
    const named = target.kind === 'selector' ? {} : { fieldSelector: `metadata.name=${target.name}` }
    this.#service = target.kind === 'service' ? this.#watch('service', named, keepService) : null
    this.#slices =
      target.kind === 'service'
        ? this.#watch('endpointslice', { labelSelector: `kubernetes.io/service-name=${target.name}` }, keepSlice)
        : null
    this.#workload =
      target.kind === 'service' || target.kind === 'pod' || target.kind === 'selector'
        ? null
        : this.#watch(target.kind, named, keepWorkload)
    if (target.kind === 'pod') this.#pods = { selector: '', watch: this.#watch('pod', named, keepPod) }
    if (target.kind === 'selector') this.#followPods(target.selector)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#namespaceTimer)
    for (const watch of [this.#service, this.#workload, this.#slices, this.#pods?.watch]) watch?.close()
  }

  #watch<Kept>(
    kind: ListedKind,
    query: Record<string, string>,
    keep: (item: object) => Kept,
  ): ResourceWatch<object, Kept> {
    const { registry, watch, random } = this.#options
    return new ResourceWatch<object & { metadata?: ObjectMeta }, Kept>({
      registry,
      clusterId: watch.clusterId,
      path: listPath(kind, watch.namespace),
      query,
      keep,
      changed: () => this.#changed(),
      ...(random === undefined ? {} : { random }),
    })
  }

  #followPods(selector: string): void {
    if (this.#pods?.selector === selector) return
    this.#pods?.watch.close()
    this.#pods = { selector, watch: this.#watch('pod', { labelSelector: selector }, keepPod) }
  }

  #changed(): void {
    if (this.#closed) return
    const wait = Math.max(0, this.#toldAt + gatherMs - performance.now())
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#tell()
    }, wait)
  }

  #tell(): void {
    const owner = this.#service?.state.items[0] ?? this.#workload?.state.items[0]
    if (owner !== undefined) {
      if (owner.selector !== null) this.#followPods(owner.selector)
      else this.#forgetPods()
    }
    const view = buildView({
      target: this.#options.watch.target,
      service: this.#service?.state ?? null,
      workload: this.#workload?.state ?? null,
      slices: this.#slices?.state ?? null,
      pods: this.#pods?.watch.state ?? null,
      namespaceExists: typeof this.#namespace === 'object' ? (this.#namespace?.exists ?? true) : true,
    })
    if (view === null) return
    const empty = !view.targetExists || view.pods.length === 0
    if (!empty || view.failure !== null) this.#namespace = this.#namespace === 'asking' ? 'asking' : null
    else if (this.#mustAskForNamespace()) return
    const text = JSON.stringify(view)
    if (text === this.#last) return
    this.#last = text
    this.#toldAt = performance.now()
    this.#options.emit(view)
  }

  #forgetPods(): void {
    this.#pods?.watch.close()
    this.#pods = null
  }

  /** A list in a namespace that does not exist is empty, not an error: so where nothing is found, the namespace is asked for. */
  #mustAskForNamespace(): boolean {
    if (this.#namespace === 'asking') return true
    const known = this.#namespace !== null
    if (known && performance.now() - (this.#namespace?.askedAt ?? 0) < namespaceMs) return false
    this.#namespace = this.#namespace === null ? 'asking' : { ...this.#namespace, askedAt: performance.now() }
    drop(this.#askForNamespace(), 'it tells when it knows')
    return !known
  }

  async #askForNamespace(): Promise<void> {
    const { registry, watch } = this.#options
    const path = `/api/v1/namespaces/${encodeURIComponent(watch.namespace)}`
    const answer = await registry.get(watch.clusterId)?.call({ path, timeoutMs: 5_000 })
    // Who may not read namespaces cannot know: then it counts as there.
    const missing = answer?.ok === false && answer.error.class === 'not-found'
    this.#namespace = { exists: !missing, askedAt: performance.now() }
    this.#changed()
    clearTimeout(this.#namespaceTimer)
    if (!this.#closed) this.#namespaceTimer = setTimeout(() => this.#changed(), namespaceMs)
  }
}
