import type { EventMessage } from '../../../contract/events.ts'

/** A list kept up to date by events; `loaded` is false until the first snapshot. */
export type ListState<T extends { id: string }> = {
  readonly loaded: boolean
  readonly items: ReadonlyMap<string, T>
}

export const emptyList = { loaded: false, items: new Map<string, never>() } as const

/**
 * The list after some messages, in their order. Unchanged items keep their identity, so that only rows that changed
 * are drawn again. The owner has validated what it sends; the items are taken as they come.
 */
export function applyListMessages<T extends { id: string }>(
  state: ListState<T>,
  messages: readonly EventMessage[],
): ListState<T> {
  if (messages.length === 0) return state
  let loaded = state.loaded
  let items = new Map(state.items)
  for (const message of messages) {
    switch (message.kind) {
      case 'snapshot':
        items = new Map((message.data as T[]).map((item) => [item.id, item]))
        loaded = true
        break
      case 'change':
        items.set((message.data as T).id, message.data as T)
        break
      case 'gone':
        items.delete((message.data as { id: string }).id)
        break
    }
  }
  return { loaded, items }
}
