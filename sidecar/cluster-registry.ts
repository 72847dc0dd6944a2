import type { Dispatcher } from 'undici'
import { drop } from '../contract/drop.ts'
import type { Result } from '../contract/errors.ts'
import type { ApiFailure, ClusterConnection } from '../contract/sidecar.ts'
import { type ApiCall, apiDispatcher, callApi } from '../network/api-call.ts'

/** One cluster as the sidecar knows it: how to reach it now, with connections that are kept. */
export class ClusterApi {
  readonly connection: ClusterConnection
  /** For watches: each holds a connection for minutes, so they have their own and never keep a question waiting. */
  readonly watches: Dispatcher
  #questions: Dispatcher

  constructor(connection: ClusterConnection) {
    this.connection = connection
    this.watches = apiDispatcher(connection)
    this.#questions = apiDispatcher(connection, { connections: 12 })
  }

  async call(call: ApiCall): Promise<Result<unknown, ApiFailure>> {
    const used = this.#questions
    let answer = await callApi(used, this.connection, call)
    // A kept connection that the server closed meanwhile says nothing about the server that is there now.
    const stale = !answer.ok && answer.error.class === 'unreachable' && answer.error.detail === 'reset'
    if (stale && call.method !== 'POST') answer = await callApi(used, this.connection, call)
    // A kept connection may lead nowhere after a change of network: start with new ones.
    if (!answer.ok && answer.error.class === 'timeout' && answer.error.status === null && used === this.#questions) {
      this.#questions = apiDispatcher(this.connection, { connections: 12 })
      drop(used.close(), 'calls that still run on it end by themselves')
    }
    return answer
  }

  close(): void {
    drop(this.watches.destroy(), 'nobody reads from it any more')
    drop(this.#questions.destroy(), 'nobody reads from it any more')
  }
}

/** The clusters main told about, in memory only. */
export class ClusterRegistry {
  readonly #clusters = new Map<string, ClusterApi>()
  readonly #listeners = new Map<string, Set<() => void>>()

  get(clusterId: string): ClusterApi | null {
    return this.#clusters.get(clusterId) ?? null
  }

  /** New credentials or a new address: old connections end, whoever listens starts again with the new ones. */
  set(clusterId: string, connection: ClusterConnection): void {
    const old = this.#clusters.get(clusterId)
    if (old !== undefined && JSON.stringify(old.connection) === JSON.stringify(connection)) return
    this.#clusters.set(clusterId, new ClusterApi(connection))
    this.#tell(clusterId)
    old?.close()
  }

  /** Connections may lead nowhere after a change of network: whoever listens starts again with new ones. */
  refresh(): void {
    for (const [clusterId, old] of [...this.#clusters]) {
      this.#clusters.set(clusterId, new ClusterApi(old.connection))
      this.#tell(clusterId)
      old.close()
    }
  }

  forget(clusterId: string): void {
    const old = this.#clusters.get(clusterId)
    this.#clusters.delete(clusterId)
    this.#tell(clusterId)
    old?.close()
  }

  /** Calls `listener` when the way to this cluster changed or is gone. */
  onChange(clusterId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(clusterId) ?? new Set()
    this.#listeners.set(clusterId, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(clusterId)
    }
  }

  close(): void {
    for (const id of [...this.#clusters.keys()]) this.forget(id)
  }

  #tell(clusterId: string): void {
    for (const listener of [...(this.#listeners.get(clusterId) ?? [])]) listener()
  }
}
