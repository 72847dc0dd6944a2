import { EventRequest, type EventMessage } from '../../../contract/events.ts'
import type { Principal } from '../../../contract/permissions.ts'
import type { EventHub } from './event-hub.ts'
import { mayFollow } from './stream-permission.ts'

/** One client's end of the events, whatever carries them. */
export type EventChannel = {
  send(text: string): void
  /** Bytes that were sent and not yet taken by the client. */
  pendingBytes(): number
}

/** A client that lets more than this wait gets snapshots instead of what it missed. */
export const mostPendingBytes = 1024 * 1024
const lookAgainMs = 100
/** Streams that one client may follow at once. */
export const mostSubscriptions = 500

/** Serves one client: subscribes, checks permissions, and keeps a slow client from filling the memory. */
export class EventSession {
  readonly #subscriptions = new Map<string, () => void>()
  readonly #stale = new Set<string>()
  readonly #hub: EventHub
  readonly #principal: Principal
  readonly #channel: EventChannel
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(hub: EventHub, principal: Principal, channel: EventChannel) {
    this.#hub = hub
    this.#principal = principal
    this.#channel = channel
  }

  /** Handles one message of the client; false when it was not understood or not allowed. */
  receive(text: string): boolean {
    let parsed: ReturnType<typeof EventRequest.safeParse>
    try {
      parsed = EventRequest.safeParse(JSON.parse(text))
    } catch {
      return false
    }
    if (!parsed.success) return false
    if ('unsubscribe' in parsed.data) {
      this.#drop(parsed.data.unsubscribe)
      return true
    }
    return this.#subscribe(parsed.data.subscribe, parsed.data.after)
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const name of [...this.#subscriptions.keys()]) this.#drop(name)
  }

  #subscribe(name: string, after: number | undefined): boolean {
    if (!mayFollow(this.#principal, name)) return false
    if (!this.#subscriptions.has(name) && this.#subscriptions.size >= mostSubscriptions) return false
    this.#drop(name)
    const end = this.#hub.subscribe(name, after, (message) => this.#deliver(message))
    if (end === null) return false
    this.#subscriptions.set(name, end)
    return true
  }

  #drop(name: string): void {
    this.#subscriptions.get(name)?.()
    this.#subscriptions.delete(name)
    this.#stale.delete(name)
  }

  #deliver(message: EventMessage): void {
    if (this.#stale.has(message.stream)) return
    if (this.#channel.pendingBytes() > mostPendingBytes) {
      this.#stale.add(message.stream)
      this.#lookAgain()
      return
    }
    this.#channel.send(JSON.stringify(message))
  }

  #lookAgain(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      if (this.#channel.pendingBytes() > mostPendingBytes) {
        this.#lookAgain()
        return
      }
      const names = [...this.#stale]
      this.#stale.clear()
      for (const name of names) {
        const snapshot = this.#hub.snapshot(name)
        if (snapshot !== null) this.#deliver(snapshot)
      }
    }, lookAgainMs)
  }
}
