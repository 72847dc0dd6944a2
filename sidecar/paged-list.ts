import { fail, ok, type Result } from '../contract/errors.ts'
import type { ApiFailure } from '../contract/sidecar.ts'
import type { ApiCall } from '../network/api-call.ts'
import type { ClusterApi } from './cluster-registry.ts'
import type { ListObject } from './kubernetes-objects.ts'

/** Pages keep the time that one answer blocks the process, and its memory, small. */
const pageSize = 500
/** More rows than this are no list a person reads; the rest is left out. */
const mostRows = 50_000

export type Listed<T> = { readonly rows: T[]; readonly resourceVersion: string }

/** Reads a list in pages and keeps of every object only what `slim` makes of it (null: nothing). */
export async function listAll<Row>(
  api: ClusterApi,
  call: ApiCall,
  slim: (item: object) => Row | null,
): Promise<Result<Listed<Row>, ApiFailure>> {
  let rows: Row[] = []
  let next: string | undefined
  let startedAgain = false
  for (;;) {
    const answer = await api.call({ ...call, query: { ...call.query, limit: pageSize, continue: next } })
    if (!answer.ok) {
      // The rest of a list that took too long is gone (410): begin once more.
      if (answer.error.class === 'expired' && next !== undefined && !startedAgain) {
        rows = []
        next = undefined
        startedAgain = true
        continue
      }
      return fail(answer.error)
    }
    const page = answer.value as ListObject<object>
    for (const item of page.items ?? []) {
      const row = slim(item)
      if (row !== null) rows.push(row)
    }
    next = page.metadata?.continue
    if (next === undefined || next === '' || rows.length >= mostRows) {
      return ok({ rows, resourceVersion: page.metadata?.resourceVersion ?? '' })
    }
  }
}
