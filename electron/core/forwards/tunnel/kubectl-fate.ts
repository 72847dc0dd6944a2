import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Platform } from '../../platform/platform.ts'
import { lostFailure } from './kubectl-failures.ts'
import type { KubectlStream } from './kubectl-streams.ts'
import type { TunnelFailure } from './tunnel.ts'

/** What a line said explains what happens within this time. */
const freshMs = 2_000
/** A process that neither rests nor ends is not waited for any longer. */
const judgeMs = 2_000
/** Where the system does not tell what a process does, its end is waited for so long. */
const unknownMs = 100
/** Between two looks at a process. */
const lookMs = { first: 1, most: 20 }
/** Bytes that came earlier may have been on their way when their stream was cut. */
const staleBytesMs = 50

/**
 * Why streams of one kubectl end: because of what it said, because it ended, or for no reason of its own (the pod ended
 * them). Nothing is concluded from silence: a process that still works may be about to say it.
 */
export class KubectlFate {
  readonly #clock: Clock
  readonly #platform: Pick<Platform, 'processState' | 'rests'>
  readonly #waiters = new Set<() => void>()
  #said: { readonly failure: TunnelFailure; readonly at: number } | null = null
  #useless = false
  #ended: TunnelFailure | null = null
  #looking: Promise<boolean> | null = null
  #heardAt = -Infinity

  constructor(clock: Clock, platform: Pick<Platform, 'processState' | 'rests'>) {
    this.#clock = clock
    this.#platform = platform
  }

  /** How it ended; null while it lives. */
  get ended(): TunnelFailure | null {
    return this.#ended
  }

  /** Why connections fail now; null: nothing is known that would make them fail. */
  get failure(): TunnelFailure | null {
    return this.#ended ?? (this.#useless ? (this.#said?.failure ?? null) : this.saidNow)
  }

  /** What it said a moment ago. */
  get saidNow(): TunnelFailure | null {
    const said = this.#said
    return said !== null && this.#clock.monotonic() - said.at < freshMs ? said.failure : null
  }

  says(failure: TunnelFailure): void {
    this.#said = { failure, at: this.#clock.monotonic() }
    this.#wake()
  }

  /** Nothing new may be opened, for the reason that was said last. */
  becomesUseless(): void {
    this.#useless = true
  }

  /** Bytes came through it. */
  carries(): void {
    this.#heardAt = this.#clock.monotonic()
  }

  ends(failure: TunnelFailure): void {
    this.#ended = failure
    this.#wake()
  }

  /** The reason why connections fail now, as soon as there is one; null when there was none for so many ms. */
  async failureWithin(ms: number): Promise<TunnelFailure | null> {
    if (this.failure !== null || ms <= 0) return this.failure
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const wake = (): void => resolve(undefined)
    this.#waiters.add(wake)
    const timer = this.#clock.after(ms, wake)
    await promise
    timer.cancel()
    this.#waiters.delete(wake)
    return this.failure
  }

  /** Why a stream has just ended; null: the pod ended it. */
  async reasonOfEnd(stream: KubectlStream, pid: number, wasRefused: () => boolean): Promise<TunnelFailure | null> {
    // What kubectl wrote before it closed the stream has arrived, and is read within a turn of the loop.
    await nextTurn()
    if (this.saidNow !== null && wasRefused()) return this.saidNow
    const lives = await (this.#looking ??= this.#looksAlive(pid))
    if (!lives) return this.#ended ?? this.failure ?? lostFailure('kubectl ended')
    // A kubectl that goes on after it said that a connection was refused (before 1.23) means nobody who was answered.
    return stream.answered ? null : this.saidNow
  }

  /**
   * Whether kubectl goes on after streams have ended. A dying process is seen as such before its sockets are closed. One
   * that lost its connection to the API server closes its streams first and ends a moment later, on a busy machine much
   * later: until then it does not rest. One that has no time to rest still carries bytes.
   */
  async #looksAlive(pid: number): Promise<boolean> {
    await nextTurn()
    // Streams that end from here on need a look of their own.
    this.#looking = null
    const startedAt = this.#clock.monotonic()
    for (let wait = lookMs.first; this.#ended === null; wait = Math.min(wait * 2, lookMs.most)) {
      // In this order: one that ends just now has nothing to do any more, and must not pass for one that rests.
      const rests = this.#platform.rests(pid)
      const dead = this.#platform.processState(pid) === 'dead'
      // What a dead one had sent may be read for long.
      if (!dead && (rests === true || this.#heardAt > startedAt + staleBytesMs)) return true
      const left = startedAt + (rests === null && !dead ? unknownMs : judgeMs) - this.#clock.monotonic()
      if (left <= 0) return !dead && (rests !== null || this.saidNow === null)
      await this.#endsWithin(Math.min(left, dead ? left : wait))
    }
    return false
  }

  async #endsWithin(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const wake = (): void => {
      if (this.#ended !== null) resolve(undefined)
    }
    this.#waiters.add(wake)
    const timer = this.#clock.after(ms, () => resolve(undefined))
    await promise
    timer.cancel()
    this.#waiters.delete(wake)
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }
}
