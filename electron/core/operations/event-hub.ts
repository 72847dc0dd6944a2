import { parseStreamName, type EventMessage, type StreamKind, type StreamName } from '../../../contract/events.ts'

type Sink = (message: EventMessage) => void
type Stream = { seq: number; recent: EventMessage[]; sinks: Set<Sink> }

/** How many messages a stream keeps, so that a client that was away briefly continues without a snapshot. */
const kept = 200

/**
 * Carries what happens to whoever listens. Every stream counts its messages, from the time it began (in
 * microseconds), so that a count of an earlier run is never taken for one of this run.
 */
export class EventHub {
  readonly #streams = new Map<string, Stream>()
  readonly #sources = new Map<StreamKind, (id: string | null) => unknown>()

  /** Says where a stream's snapshots come from. `undefined` from the source: there is no such thing. */
  source(kind: StreamKind, snapshot: (id: string | null) => unknown): void {
    this.#sources.set(kind, snapshot)
  }

  publish(name: StreamName, kind: 'snapshot' | 'change' | 'gone', data: unknown): void {
    const stream = this.#streams.get(name)
    // Nobody ever listened: the first listener starts with a snapshot anyway.
    if (stream === undefined) return
    stream.seq += 1
    const message: EventMessage = { stream: name, seq: stream.seq, kind, data }
    stream.recent.push(message)
    if (stream.recent.length > kept) stream.recent.shift()
    for (const sink of [...stream.sinks]) sink(message)
  }

  /** The stream as a whole, now; null when there is no such stream or thing. */
  snapshot(name: string): EventMessage | null {
    const parsed = parseStreamName(name)
    const source = parsed === null ? undefined : this.#sources.get(parsed.kind)
    if (parsed === null || source === undefined) return null
    const data = source(parsed.id)
    if (data === undefined) return null
    return { stream: name, seq: this.#stream(name).seq, kind: 'snapshot', data }
  }

  /** Starts with what came after `after`, or with a snapshot. Null: there is no such stream. */
  subscribe(name: string, after: number | undefined, sink: Sink): (() => void) | null {
    const missed = after === undefined ? null : this.#since(name, after)
    const start = missed ?? [this.snapshot(name)]
    for (const message of start) {
      if (message === null) return null
      sink(message)
    }
    const stream = this.#stream(name)
    stream.sinks.add(sink)
    return () => {
      stream.sinks.delete(sink)
      // A stream of one thing is forgotten with its last listener; the numbers go on when it comes back (see #stream).
      if (stream.sinks.size === 0 && name.includes(':')) this.#streams.delete(name)
    }
  }

  #since(name: string, after: number): EventMessage[] | null {
    const stream = this.#streams.get(name)
    if (stream === undefined || after > stream.seq) return null
    if (after === stream.seq) return []
    const missed = stream.recent.filter((message) => message.seq > after)
    return missed[0]?.seq === after + 1 ? missed : null
  }

  #stream(name: string): Stream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { seq: Date.now() * 1000, recent: [], sinks: new Set() }
      this.#streams.set(name, stream)
    }
    return stream
  }
}
