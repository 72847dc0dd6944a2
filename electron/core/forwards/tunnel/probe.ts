import type { Duplex } from 'node:stream'
import type { Result } from '../../../../contract/errors.ts'
import type { Clock } from '../../clock.ts'
import { reset } from '../listener/splice.ts'
import type { ProbeResult, TunnelFailure, TunnelStream } from './tunnel.ts'

/** What a probe needs of the child it goes through. */
export type Probed = {
  readonly stopped: boolean
  openProbe(): Promise<Result<TunnelStream, TunnelFailure>>
  failureWithin(ms: number): Promise<TunnelFailure | null>
  /**
   * Resets a probe's stream. True when kubectl says within so many ms that it met the reset: it reads from a connection
   * only when the container runtime has taken the stream it opened for it.
   */
  resetNoticed(stream: TunnelStream, ms: number): Promise<boolean>
}

/** Nothing for so long is a stall, ms. */
export const stalledMs = 3_000
/** Runtimes that end a stream do it 1 s after our end of it; so long is waited before another question is asked, ms. */
const lateEndMs = 1_800
/** A refusal arrives within a round trip; so long is waited for one before the stream is reset, ms. */
const refusalMs = 500
/** After an end, kubectl's word about a refusal has arrived already and its exit follows. */
const afterEndMs = 50

type Seen = 'bytes' | 'end' | 'silence'

/**
 * Asks one tunnel's port, over and over, whether it answers, without a byte to the program behind it. kubectl accepts
 * whatever the pod does, so the connection proves nothing.
 *
 * The half-close probe ends its side at once: bytes, or an end that nobody complains about, prove that the port took it.
 * The end comes after 1 s with containerd and whenever the program closes with runtimes that pass the half-close on: its
 * time says nothing. Some runtimes (kwok) never end a stream. There the stream is reset, which kubectl notices only when
 * the runtime took it; a refusal ends kubectl, so whoever lives on was not refused.
 */
export class Prober {
  readonly #clock: Clock
  /** A stream stayed open although the tunnel was proven to work. */
  #neverEnds = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async probe(child: Probed): Promise<ProbeResult> {
    const startedAt = this.#clock.monotonic()
    const until = startedAt + stalledMs
    const stalled = (): ProbeResult => ({ kind: 'stalled', ms: this.#clock.monotonic() - startedAt })
    if (child.stopped) return { kind: 'stalled', ms: 0 }
    if (!this.#neverEnds) {
      const result = await this.#halfClose(child, startedAt)
      if (result !== null) return result
    }
    const result = await this.#resetOne(child, startedAt, until)
    if (result?.kind === 'live') this.#neverEnds = true
    return result ?? stalled()
  }

  /** Null: silence, and no word about a refusal either. */
  async #halfClose(child: Probed, startedAt: number): Promise<ProbeResult | null> {
    const opened = await child.openProbe()
    if (!opened.ok) return notOpened(opened.error)
    const stream = opened.value
    stream.end()
    const seen = await this.#see(stream, lateEndMs)
    const failure = await child.failureWithin(seen === 'end' ? afterEndMs : 0)
    reset(stream)
    return this.#verdict(seen, failure, startedAt)
  }

  /** Null: kubectl did not notice. */
  async #resetOne(child: Probed, startedAt: number, until: number): Promise<ProbeResult | null> {
    const opened = await child.openProbe()
    if (!opened.ok) return notOpened(opened.error)
    const stream = opened.value
    let seen = await this.#see(stream, refusalMs)
    if (seen === 'silence' && (await child.failureWithin(0)) === null) {
      const noticed = await child.resetNoticed(stream, Math.max(0, until - this.#clock.monotonic()))
      if (noticed) seen = 'end'
    }
    const failure = await child.failureWithin(seen === 'end' ? afterEndMs : 0)
    reset(stream)
    return this.#verdict(seen, failure, startedAt)
  }

  #verdict(seen: Seen, failure: TunnelFailure | null, startedAt: number): ProbeResult | null {
    const ms = this.#clock.monotonic() - startedAt
    if (seen === 'bytes') return { kind: 'live', ms }
    if (failure !== null) return { kind: 'refused', failure }
    return seen === 'end' ? { kind: 'live', ms } : null
  }

  async #see(stream: TunnelStream, ms: number): Promise<Seen> {
    const { promise, resolve } = Promise.withResolvers<Seen>()
    const timer = this.#clock.after(ms, () => resolve('silence'))
    const sawBytes = (): boolean => {
      resolve('bytes')
      return true
    }
    if (stream.receive === undefined) stream.once('data', sawBytes)
    else stream.receive(sawBytes)
    for (const event of ['end', 'error', 'close'] as const) (stream as Duplex).once(event, () => resolve('end'))
    stream.resume()
    const seen = await promise
    timer.cancel()
    return seen
  }
}

const notOpened = (failure: TunnelFailure): ProbeResult =>
  failure.code === 'tunnel-stalled' ? { kind: 'stalled', ms: 0 } : { kind: 'refused', failure }
