import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Client } from '../../../contract/client.ts'
import { drop } from '../../../contract/drop.ts'
import type { AppError } from '../../../contract/errors.ts'

/** A connection test that this page asked for: it runs, or it could not be done. */
export type AskedTest = { readonly running: boolean; readonly error: AppError | null }

/** Connection tests by cluster id, started from anywhere and shown where the cluster is open. */
export type ConnectionTests = {
  readonly asked: StoreApi<{ readonly tests: ReadonlyMap<string, AskedTest> }>
  /** Starts one; one that runs already goes on. Its steps and its outcome come with the cluster's test stream. */
  start(clusterId: string): void
  cancel(clusterId: string): void
}

export function createConnectionTests(client: Pick<Client, 'clusters'>): ConnectionTests {
  const asked: ConnectionTests['asked'] = createStore(() => ({ tests: new Map<string, AskedTest>() }))
  const running = new Map<string, AbortController>()

  const note = (clusterId: string, test: AskedTest): void =>
    asked.setState(({ tests }) => ({ tests: new Map(tests).set(clusterId, test) }))
  const run = async (clusterId: string, abort: AbortController): Promise<void> => {
    const result = await client.clusters.test({ id: clusterId }, abort.signal)
    if (running.get(clusterId) !== abort) return
    running.delete(clusterId)
    note(clusterId, { running: false, error: result.ok || result.error.code === 'cancelled' ? null : result.error })
  }

  return {
    asked,
    start: (clusterId) => {
      if (running.has(clusterId)) return
      const abort = new AbortController()
      running.set(clusterId, abort)
      note(clusterId, { running: true, error: null })
      drop(run(clusterId, abort), 'the store shows the outcome')
    },
    cancel: (clusterId) => {
      running.get(clusterId)?.abort()
      running.delete(clusterId)
      note(clusterId, { running: false, error: null })
    },
  }
}
