import type { Client } from '../../contract/client.ts'
import type { CauseCode } from '../../contract/causes.ts'
import { Forward } from '../../contract/forwards.ts'

/** What a row showed from `at` on (`performance.now()`). */
export type ShownRow = { at: number; state: Forward['state']; cause: CauseCode | null }

export type StateWatch = {
  /** What a forward has shown since the watch began, oldest first. */
  of(id: string): readonly ShownRow[]
  /** What it shows now. */
  now(id: string): ShownRow | null
  /**
   * The first row at or after `since` that fits, be it one that was shown before and still was then. Null after `limitMs`.
   */
  first(id: string, since: number, limitMs: number, fits: (row: ShownRow) => boolean): Promise<ShownRow | null>
  stop(): void
}

/** Notes every change of every row as a page would get it: pushed, not asked for. */
export function watchStates(client: Client): StateWatch {
  const rows = new Map<string, ShownRow[]>()
  const waiting = new Set<() => void>()
  const note = (data: unknown): void => {
    const parsed = Forward.safeParse(data)
    if (!parsed.success) return
    const { id, state, cause } = parsed.data
    const list = rows.get(id) ?? []
    const last = list.at(-1)
    if (last?.state === state && last.cause === (cause?.code ?? null)) return
    list.push({ at: performance.now(), state, cause: cause?.code ?? null })
    rows.set(id, list)
  }
  const stop = client.subscribe('forwards', ({ kind, data }) => {
    if (kind === 'snapshot' && Array.isArray(data)) data.forEach(note)
    if (kind === 'change') note(data)
    for (const look of waiting) look()
  })
  const of = (id: string): readonly ShownRow[] => rows.get(id) ?? []
  const shownFrom = (id: string, since: number): ShownRow[] => {
    const list = of(id)
    const before = list.findLast(({ at }) => at < since)
    return [...(before === undefined ? [] : [{ ...before, at: since }]), ...list.filter(({ at }) => at >= since)]
  }
  return {
    of,
    now: (id) => of(id).at(-1) ?? null,
    first: (id, since, limitMs, fits) =>
      new Promise((resolve) => {
        const done = (row: ShownRow | null): void => {
          waiting.delete(look)
          clearTimeout(timer)
          resolve(row)
        }
        const look = (): void => {
          const found = shownFrom(id, since).find(fits)
          if (found !== undefined) done(found)
        }
        const timer = setTimeout(() => done(null), limitMs)
        waiting.add(look)
        look()
      }),
    stop,
  }
}
