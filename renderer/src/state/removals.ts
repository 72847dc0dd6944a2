import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Client } from '../../../contract/client.ts'
import { drop } from '../../../contract/drop.ts'
import type { AppError } from '../../../contract/errors.ts'
import type { Forward } from '../../../contract/forwards.ts'

/** How long a removal can be undone (ms). */
export const undoMs = 10_000

/** Forwards that are about to be removed: since when, and whether they were wanted on. */
export type Pending = ReadonlyMap<string, { readonly at: number; readonly wasOn: boolean }>

/**
 * Removes forwards so that it can be undone: at once they are only turned off (their local ports are free), and after
 * {@link undoMs} they are removed with their history. When the page closes earlier they are removed then.
 */
export type Removals = {
  readonly pending: StoreApi<{ forwards: Pending }>
  remove(forwards: readonly Forward[]): void
  undo(ids: readonly string[]): void
  close(): void
}

/** What the page gives: the time, a timer, and the moment it goes away. */
export type PageEvents = {
  now(): number
  after(ms: number, run: () => void): () => void
  onHide(run: () => void): () => void
}

export function createRemovals(
  client: Pick<Client, 'forwards'>,
  onFailure: (error: AppError) => void,
  page: PageEvents = browserPage,
): Removals {
  const pending = createStore<{ forwards: Pending }>()(() => ({ forwards: new Map() }))
  const timers = new Map<string, () => void>()

  const forget = (id: string): void => {
    timers.get(id)?.()
    timers.delete(id)
    const forwards = new Map(pending.getState().forwards)
    forwards.delete(id)
    pending.setState({ forwards })
  }
  const tell = async (answer: Promise<{ ok: true } | { ok: false; error: AppError }>): Promise<void> => {
    const result = await answer
    if (!result.ok) onFailure(result.error)
  }
  const finish = (id: string): void => {
    drop(
      tell(client.forwards.remove({ id })).then(() => forget(id)),
      'the row shows it until then',
    )
  }

  const closing = (): void => {
    for (const id of [...timers.keys()]) {
      drop(client.forwards.remove({ id }), 'the page is gone; a failure leaves the forward turned off')
    }
  }
  const listening = page.onHide(closing)

  return {
    pending,
    remove: (list) => {
      const forwards = new Map(pending.getState().forwards)
      for (const { id, desired } of list) {
        if (forwards.has(id)) continue
        forwards.set(id, { at: page.now(), wasOn: desired === 'on' })
        timers.set(
          id,
          page.after(undoMs, () => finish(id)),
        )
        if (desired === 'on') drop(tell(client.forwards.stop({ id })), 'its state comes with the events')
      }
      pending.setState({ forwards })
    },
    undo: (ids) => {
      for (const id of ids) {
        const entry = pending.getState().forwards.get(id)
        if (entry === undefined) continue
        forget(id)
        if (entry.wasOn) drop(tell(client.forwards.start({ id })), 'its state comes with the events')
      }
    },
    close: () => {
      closing()
      listening()
      for (const stop of timers.values()) stop()
    },
  }
}

const browserPage: PageEvents = {
  now: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  onHide: (run) => {
    window.addEventListener('pagehide', run)
    return () => window.removeEventListener('pagehide', run)
  },
}
