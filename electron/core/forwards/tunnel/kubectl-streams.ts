import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import type { ClientsInDoubt, StreamClient } from './tunnel.ts'

/** One connection to a kubectl. Times are monotonic ms. */
export type KubectlStream = {
  readonly socket: Socket
  readonly openedAt: number
  /** Whom it is for; null: a question of ours. */
  readonly client: StreamClient | null
  /** The pod spoke, or ended it: it was there. */
  answered: boolean
  /** It waited for long, and then the pod was there. */
  podSeen: boolean
  lastByteAt: number
  /** When the bytes began that came since the client spoke last, and how much it had sent by then. */
  answerBeganAt: number
  answeredBytes: number
  lastDrainAt: number
}

/** A refusal shows within a round trip; a stream that was silent for longer than this was not the refused one. */
const refusalMs = 10_000
/** Who is merely slow is behind for less than this. */
const blockedMs = 250

/** The connections of one kubectl, and what can be said of them together. */
export class KubectlStreams {
  readonly #clock: Clock
  readonly #open = new Set<KubectlStream>()
  /** Clients' streams whose end has not been judged. */
  readonly #unjudged = new Set<KubectlStream>()
  /** Closed without an answer: one of them may be the one that a line speaks of. */
  #closed: KubectlStream[] = []
  /** Those that the refusals of late can be about, and how many there were. */
  #suspects = new Set<KubectlStream>()
  #refusals = 0
  #refusedAt = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** From before it is connected: what kubectl says of it may be read before its own events. */
  add(socket: Socket, client: StreamClient | null): KubectlStream {
    const stream: KubectlStream = {
      socket,
      openedAt: this.#clock.monotonic(),
      client,
      answered: false,
      podSeen: false,
      lastByteAt: 0,
      answerBeganAt: 0,
      answeredBytes: 0,
      lastDrainAt: 0,
    }
    this.#open.add(stream)
    if (client !== null) this.#unjudged.add(stream)
    socket.on('drain', () => (stream.lastDrainAt = this.#clock.monotonic()))
    socket.once('close', () => {
      // Closed from our side: there was no end to judge.
      if (!endedByKubectl(stream)) this.#unjudged.delete(stream)
      this.leave(stream)
    })
    return stream
  }

  /** It is not open any more, or never came to be. */
  leave(stream: KubectlStream): void {
    if (!this.#open.delete(stream) || stream.answered) return
    this.#closed = [...this.#closed.filter(this.#mayBeRefused).slice(-100), stream]
  }

  /** Bytes came from the pod. */
  heard(stream: KubectlStream): void {
    const sent = stream.socket.bytesWritten
    stream.lastByteAt = this.#clock.monotonic()
    if (!stream.answered || sent > stream.answeredBytes) stream.answerBeganAt = stream.lastByteAt
    stream.answeredBytes = sent
    stream.answered = true
  }

  /** Why it ended is known. True the first time. */
  judge(stream: KubectlStream): boolean {
    return this.#unjudged.delete(stream)
  }

  /** Clients' streams that are open, or have ended and nobody knows why yet. */
  get unjudged(): KubectlStream[] {
    return [...this.#unjudged]
  }

  /** Whoever is open now is ended by us. */
  endOnPurpose(): void {
    for (const stream of this.#unjudged) if (!endedByKubectl(stream)) this.#unjudged.delete(stream)
  }

  /** Open streams of clients. */
  get clients(): number {
    return this.#count((stream) => stream.client !== null)
  }

  /** Those that would be lost with this kubectl; a silent one's client could still be given another stream. */
  get answered(): number {
    return this.#count((stream) => stream.answered)
  }

  /**
   * Clients that may wait in vain: they have heard nothing for so many ms, nor has anybody else. A stranger never heard a
   * word, and the pod was not there since.
   */
  waitingInVain(who: ClientsInDoubt, ms: number): KubectlStream[] {
    const clients = [...this.#open].filter(({ client }) => client !== null)
    if (clients.some(({ lastByteAt, answered }) => answered && this.#age(lastByteAt) < ms)) return []
    return clients.filter(
      ({ openedAt, answered, podSeen }) => this.#age(openedAt) >= ms && (who === 'all' || (!answered && !podSeen)),
    )
  }

  /** For a while a client has not taken its bytes, or the pod a client's: kubectl then holds back all its streams. */
  get blocked(): boolean {
    const before = this.#clock.monotonic() - blockedMs
    // Every new stream asks this of all others: what tells most of them apart is asked first, and costs least.
    const isBlocked = ({ socket, openedAt, lastByteAt, lastDrainAt }: KubectlStream): boolean =>
      openedAt < before &&
      ((lastByteAt > 0 && lastByteAt < before && socket.isPaused()) ||
        (lastDrainAt < before && socket.writableNeedDrain))
    for (const stream of this.#open) if (isBlocked(stream)) return true
    return false
  }

  /** kubectl said of one of its connections that the pod refused it. */
  refused(): void {
    if (this.#age(this.#refusedAt) > refusalMs) {
      this.#suspects.clear()
      this.#refusals = 0
    }
    this.#refusals += 1
    this.#refusedAt = this.#clock.monotonic()
    for (const stream of [...this.#open, ...this.#closed]) if (this.#mayBeRefused(stream)) this.#suspects.add(stream)
  }

  /**
   * Whether it is certain that the pod refused this one. kubectl does not say which connection a line is about, and
   * there is one line at most for each: as many lines as streams that can be meant are about all of them.
   */
  wasRefused(stream: KubectlStream): boolean {
    if (stream.answered || !this.#suspects.has(stream)) return false
    return [...this.#suspects].filter(({ answered }) => !answered).length <= this.#refusals
  }

  readonly #mayBeRefused = (stream: KubectlStream): boolean =>
    !stream.answered && this.#age(stream.openedAt) < refusalMs

  #count(matches: (stream: KubectlStream) => boolean): number {
    let count = 0
    for (const stream of this.#open) if (matches(stream)) count += 1
    return count
  }

  #age(at: number): number {
    return this.#clock.monotonic() - at
  }
}

const endedByKubectl = ({ socket }: KubectlStream): boolean => socket.readableEnded || socket.errored !== null
