import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { drop } from '../../../../contract/drop.ts'
import type { Clock, Timer } from '../../clock.ts'
import type { LocalSocket } from './local-socket.ts'
import type { StreamVerdict, TunnelFailure, TunnelStream } from '../tunnel/tunnel.ts'

/**
 * How the two ends came apart: in order, by the client's reset, by the pod's reset, by a tunnel that broke.
 * `unreached`: the pod saw nothing of it; the client is left open and paused, and `replay` is what it had sent.
 */
export type SpliceEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'client-left' }
  | { readonly kind: 'pod-reset' }
  | { readonly kind: 'lost'; readonly failure: TunnelFailure }
  | { readonly kind: 'unreached'; readonly failure: TunnelFailure; readonly replay: Buffer[] }

export type SpliceOptions = {
  readonly client: Socket | LocalSocket
  readonly stream: TunnelStream
  /** What was already read from the client; it is sent first. */
  readonly prefix: readonly Buffer[]
  readonly clock: Clock
  /** `received`: from the pod to the client; `sent`: from the client to the pod. Bytes since the last call. */
  readonly onBytes: (received: number, sent: number) => void
  /** The client's program holds its end no more, so that no answer can reach it; false where that cannot be told. */
  readonly clientIsGone: (client: Socket) => Promise<boolean>
  readonly onEnd: (end: SpliceEnd) => void
}

/**
 * A container runtime closes a forwarded connection 1 s after either side ended and never passes a half-close on, so a
 * client's end told at once would cut off an answer that takes longer. It is held back this long after the last byte.
 */
export const holdFinMs = 5_000

/** The client's first bytes are kept until the pod answers, so many at most, in case they must go to another stream. */
export const replayBytes = 64 * 1024

/** After the pod's end the client's side is read on for so long: closing over unread bytes would destroy the answer. */
const lingerMs = 5_000

/** The pod owes nothing to a client that is gone: when it does not answer the end it was told, it is cut. */
const goneMs = 10_000

/**
 * Joins a client with a stream to the pod: bytes both ways with back-pressure, each side's end and reset carried over.
 * An idle pair lives for ever.
 */
export class Splice {
  readonly #options: SpliceOptions
  readonly #client: Socket
  readonly #stream: TunnelStream
  #kept: Buffer[] | null = []
  #keptBytes = 0
  #answered = false
  #lastByteAt = 0
  #verdict: Promise<StreamVerdict> | null = null
  #podEnded = false
  #over = false
  #timer: Timer | null = null

  constructor(options: SpliceOptions) {
    this.#options = options
    const client = (this.#client = options.client)
    const stream = (this.#stream = options.stream)
    if ('receive' in client) client.receive(this.#fromClient)
    else client.on('data', this.#fromClient)
    client.on('drain', this.#clientDrained)
    client.on('end', this.#clientEnded)
    client.on('error', this.#clientFailed)
    client.on('close', this.#clientClosed)
    if (stream.receive === undefined) stream.on('data', this.#fromPod)
    else stream.receive(this.#fromPod)
    stream.on('drain', this.#streamDrained)
    stream.on('end', this.#streamEnded)
    stream.on('error', this.#streamFailed)
    stream.on('close', this.#streamClosed)
    for (const chunk of options.prefix) this.#fromClient(chunk)
    if (client.destroyed) this.#clientClosed()
    else if (stream.destroyed) this.#streamClosed()
    else {
      if (client.readableEnded) this.#clientEnded()
      else if (!stream.writableNeedDrain) client.resume()
      stream.resume()
    }
  }

  /** Cuts both sides. */
  destroy(): void {
    if (this.#over) return
    reset(this.#client)
    reset(this.#stream)
    this.#finish({ kind: 'ended' })
  }

  readonly #fromClient = (chunk: Buffer): boolean => {
    if (this.#podEnded || this.#over) return true // nobody is left to read it
    if (this.#kept !== null) {
      this.#keptBytes += chunk.length
      if (this.#keptBytes > replayBytes) this.#kept = null
      else this.#kept.push(Buffer.from(chunk))
    }
    this.#options.onBytes(0, chunk.length)
    // Most writes are taken by the kernel at once, whatever their size; only the others call for back-pressure.
    const more = this.#stream.write(chunk)
    const taken = this.#stream.writableLength === 0
    if (!more && !taken) this.#client.pause()
    return taken
  }

  readonly #fromPod = (chunk: Buffer): boolean => {
    if (this.#over) return true
    this.#kept = null
    this.#answered = true
    this.#options.onBytes(chunk.length, 0)
    // Only for a client that has ended does it matter when the last byte came.
    if (this.#client.readableEnded) this.#lastByteAt = this.#options.clock.monotonic()
    const more = this.#client.write(chunk)
    const taken = this.#client.writableLength === 0
    if (!more && !taken) this.#stream.pause()
    return taken
  }

  readonly #clientDrained = (): void => {
    if (this.#client.writableLength === 0) this.#stream.release?.()
    this.#stream.resume()
  }

  readonly #streamDrained = (): void => {
    const { client } = this.#options
    if ('release' in client && this.#stream.writableLength === 0) client.release()
    client.resume()
  }

  readonly #clientEnded = (): void => {
    if (this.#podEnded) {
      this.#endBoth()
      return
    }
    this.#lastByteAt = this.#options.clock.monotonic()
    this.#holdFin(holdFinMs)
    this.#endIfClientIsGone()
  }

  #holdFin(ms: number): void {
    this.#after(ms, () => {
      const left = this.#lastByteAt + holdFinMs - this.#options.clock.monotonic()
      if (left > 0) {
        this.#holdFin(left)
        return
      }
      this.#stream.end()
      this.#endIfClientIsGone()
    })
  }

  /** A program that closed its socket altogether waits for no answer: its end is told at once. */
  #endIfClientIsGone(): void {
    drop(
      this.#options.clientIsGone(this.#client).then((gone) => {
        if (!gone || this.#over || this.#podEnded) return
        this.#stream.end()
        this.#after(goneMs, () => this.destroy())
      }),
      'the end is told later in any case',
    )
  }

  readonly #streamEnded = (): void => {
    this.#judge((verdict) => {
      if (verdict.kind === 'pod-ended') this.#podDone()
      else this.#tunnelFailed(verdict.failure, verdict.neverReachedPod)
    })
  }

  /** Asks the tunnel what the end of its stream means, once; what else happens to the stream is then of no matter. */
  #judge(decide: (verdict: StreamVerdict) => void): void {
    if (this.#over || this.#verdict !== null) return
    const { verdict } = this.#stream
    this.#verdict = verdict === undefined ? Promise.resolve(podEnded) : verdict.call(this.#stream)
    drop(
      this.#verdict.then((verdict) => {
        if (!this.#over) decide(verdict)
      }),
      'a verdict never rejects',
    )
  }

  /** Nothing can reach the pod any more: every runtime has closed both ways by the time the pod's end arrives. */
  #podDone(): void {
    this.#podEnded = true
    this.#kept = null
    this.#cancelTimer()
    if (!this.#stream.writableEnded) this.#stream.end()
    if (this.#client.readableEnded) {
      this.#endBoth()
      return
    }
    this.#client.end(() => this.#after(lingerMs, () => this.#endBoth()))
    this.#client.resume()
  }

  /** The client gets what is left and its end; a plain close lets the kernel deliver what it still holds. */
  #endBoth(): void {
    this.#client.end(() => {
      this.#client.destroy()
      this.#stream.destroy()
      this.#finish({ kind: 'ended' })
    })
  }

  #tunnelFailed(failure: TunnelFailure, neverReachedPod: boolean): void {
    const replay = this.#kept
    if (neverReachedPod && !this.#answered && replay !== null && !this.#client.destroyed) {
      this.#client.pause()
      this.#stream.destroy()
      this.#finish({ kind: 'unreached', failure, replay })
      return
    }
    // A reset, not an end: the client must not take half an answer for a whole one.
    reset(this.#client)
    this.#stream.destroy()
    this.#finish({ kind: 'lost', failure })
  }

  #podReset(): void {
    reset(this.#client)
    this.#stream.destroy()
    this.#finish({ kind: 'pod-reset' })
  }

  readonly #streamFailed = (): void => {
    this.#judge((verdict) => {
      if (verdict.kind === 'pod-ended') this.#podReset()
      else this.#tunnelFailed(verdict.failure, verdict.neverReachedPod)
    })
  }

  readonly #streamClosed = (): void => {
    // Closed without an end or an error: the tunnel cut it.
    if (!this.#stream.readableEnded && this.#stream.errored === null) this.#streamFailed()
  }

  readonly #clientFailed = (): void => {
    reset(this.#stream)
    this.#finish({ kind: 'client-left' })
  }

  readonly #clientClosed = (): void => {
    if (this.#over || (this.#client.readableEnded && this.#client.writableFinished)) return
    this.#clientFailed()
  }

  #after(ms: number, run: () => void): void {
    this.#cancelTimer()
    if (this.#over) return
    this.#timer = this.#options.clock.after(ms, () => {
      if (!this.#over) run()
    })
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #finish(end: SpliceEnd): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer()
    this.#kept = null
    const client = this.#client
    const stream = this.#stream
    client.off('data', this.#fromClient)
    client.off('drain', this.#clientDrained)
    client.off('end', this.#clientEnded)
    client.off('error', this.#clientFailed)
    client.off('close', this.#clientClosed)
    stream.off('data', this.#fromPod)
    stream.off('drain', this.#streamDrained)
    stream.off('end', this.#streamEnded)
    stream.off('close', this.#streamClosed)
    stream.off('error', this.#streamFailed)
    // A socket may still report what it met on its way out.
    client.on('error', ignore)
    stream.on('error', ignore)
    this.#options.onEnd(end)
  }
}

const podEnded: StreamVerdict = { kind: 'pod-ended' }
const ignore = (): void => undefined

/** Ends a stream with a reset where it can, so that the other side does not take it for a proper end. */
export function reset(stream: Duplex): void {
  if (stream.destroyed) return
  if (stream instanceof Socket) stream.resetAndDestroy()
  else stream.destroy()
}
