import type { Transport } from '../../contract/client.ts'
import { Forward } from '../../contract/forwards.ts'

/**
 * Keeps the list of forwards as the owner tells it; `changed` gets the one that changed, or null after a snapshot.
 * What an owner of another version tells in another shape is left out.
 */
export function watchForwards(
  transport: Transport,
  changed: (forwards: readonly Forward[], one: Forward | null, gone: string | null) => void,
): () => void {
  const forwards = new Map<string, Forward>()
  const list = (): Forward[] => [...forwards.values()]
  return transport.subscribe('forwards', (message) => {
    if (message.kind === 'snapshot') {
      forwards.clear()
      for (const item of Array.isArray(message.data) ? message.data : []) {
        const parsed = Forward.safeParse(item)
        if (parsed.success) forwards.set(parsed.data.id, parsed.data)
      }
      changed(list(), null, null)
      return
    }
    if (message.kind === 'gone') {
      const { id } = message.data as { id: string }
      forwards.delete(id)
      changed(list(), null, id)
      return
    }
    const parsed = Forward.safeParse(message.data)
    if (!parsed.success) return
    forwards.set(parsed.data.id, parsed.data)
    changed(list(), parsed.data, null)
  })
}
