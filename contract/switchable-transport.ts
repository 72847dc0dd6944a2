import type { ConnectionState, Transport } from './client.ts'
import type { EventMessage, StreamName } from './events.ts'

/** A transport whose other end can be changed while clients use it: they see a lost connection, then fresh snapshots. */
export type SwitchableTransport = Transport & { switchTo(next: Transport): void }

/** Begins with one transport; `switchTo` leads calls and subscriptions to another. */
export function createSwitchableTransport(first: Transport): SwitchableTransport {
  let current = first
  const subscriptions = new Set<{ stream: StreamName; listener: (message: EventMessage) => void; end: () => void }>()
  const watchers = new Set<{ listener: (state: ConnectionState) => void; end: () => void }>()
  return {
    call: (name, input, signal) => current.call(name, input, signal),
    subscribe(stream, listener) {
      const entry = { stream, listener, end: current.subscribe(stream, listener) }
      subscriptions.add(entry)
      return () => {
        subscriptions.delete(entry)
        entry.end()
      }
    },
    onConnection(listener) {
      const entry = { listener, end: current.onConnection(listener) }
      watchers.add(entry)
      return () => {
        watchers.delete(entry)
        entry.end()
      }
    },
    switchTo(next) {
      const before = [...subscriptions, ...watchers].map((entry) => entry.end)
      current = next
      for (const watcher of watchers) watcher.end = next.onConnection(watcher.listener)
      for (const entry of subscriptions) entry.end = next.subscribe(entry.stream, entry.listener)
      for (const end of before) end()
    },
  }
}
