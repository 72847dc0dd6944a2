import type { ConnectionState, Transport } from '../../contract/client.ts'
import type { StreamName } from '../../contract/events.ts'
import { mostPendingBytes, mostSubscriptions } from '../core/operations/event-session.ts'
import type { BridgeEvent, PageEvent } from './bridge.ts'

export type PageEventsOptions = {
  transport: Pick<Transport, 'subscribe' | 'onConnection'>
  /** Puts an event on its way to the page; its number comes back through {@link PageEvents.taken}. */
  send: (event: BridgeEvent) => void
}

/**
 * What one page listens to. IPC takes messages for a page that hangs without end, so the page says what it has taken;
 * while too much waits (as on the WebSocket), streams pause, and begin again with a snapshot when it has caught up.
 */
export class PageEvents {
  readonly #options: PageEventsOptions
  readonly #streams = new Map<StreamName, () => void>()
  /** Paused until the page has caught up. */
  readonly #stale = new Set<StreamName>()
  /** Bytes of each message on its way, by number, in the order they were sent. */
  readonly #pending = new Map<number, number>()
  #pendingBytes = 0
  #number = 0
  #connection: { end: () => void; state: ConnectionState | null; stale: boolean } | null = null

  constructor(options: PageEventsOptions) {
    this.#options = options
  }

  /** Begins with a snapshot, also when the page listened to it already. */
  subscribe(stream: StreamName): void {
    if (!this.#streams.has(stream) && this.#streams.size >= mostSubscriptions) return
    this.unsubscribe(stream)
    this.#begin(stream)
  }

  unsubscribe(stream: StreamName): void {
    this.#streams.get(stream)?.()
    this.#streams.delete(stream)
    this.#stale.delete(stream)
  }

  /** Tells the page from now on whether the owner can be reached. */
  watchConnection(): void {
    this.#connection?.end()
    const watching = { end: (): void => undefined, state: null as ConnectionState | null, stale: false }
    this.#connection = watching
    watching.end = this.#options.transport.onConnection((state) => {
      watching.state = state
      watching.stale = this.#isFull
      if (!watching.stale) this.#send({ kind: 'connection', state })
    })
  }

  /** The page has taken everything up to this number. */
  taken(number: number): void {
    for (const [sent, bytes] of this.#pending) {
      if (sent > number) break
      this.#pending.delete(sent)
      this.#pendingBytes -= bytes
    }
    if (!this.#isFull) this.#catchUp()
  }

  /** The page is gone, or another one is shown in its place. */
  end(): void {
    for (const stream of [...this.#streams.keys()]) this.unsubscribe(stream)
    this.#connection?.end()
    this.#connection = null
    this.#pending.clear()
    this.#pendingBytes = 0
  }

  get #isFull(): boolean {
    return this.#pendingBytes > mostPendingBytes
  }

  #begin(stream: StreamName): void {
    this.#stale.delete(stream)
    const end = this.#options.transport.subscribe(stream, (message) => {
      if (this.#stale.has(stream)) return
      if (this.#isFull) this.#pause(stream)
      else this.#send({ kind: 'message', message })
    })
    this.#streams.set(stream, end)
    // The snapshot comes before `subscribe` returns where the owner lives in this process.
    if (this.#stale.has(stream)) end()
  }

  #pause(stream: StreamName): void {
    this.#stale.add(stream)
    this.#streams.get(stream)?.()
  }

  #catchUp(): void {
    if (this.#connection?.stale === true && this.#connection.state !== null) {
      this.#connection.stale = false
      this.#send({ kind: 'connection', state: this.#connection.state })
    }
    for (const stream of [...this.#stale]) if (!this.#isFull) this.#begin(stream)
  }

  #send(event: PageEvent): void {
    const number = ++this.#number
    const bytes = Buffer.byteLength(JSON.stringify(event))
    this.#pending.set(number, bytes)
    this.#pendingBytes += bytes
    this.#options.send({ ...event, number })
  }
}
