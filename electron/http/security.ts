import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

/** Headers of every answer. */
export const strictHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
  'cache-control': 'no-store',
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Compares two secrets in a time that tells nothing about them. */
export const sameSecret = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right))

/** Refuses callers that keep failing: `most` failures within a minute, per address. */
export class FailureLimit {
  readonly #failures = new Map<string, { count: number; since: number }>()
  readonly #most: number
  readonly #now: () => number

  constructor(most = 30, now: () => number = Date.now) {
    this.#most = most
    this.#now = now
  }

  exceeded(address: string): boolean {
    const entry = this.#failures.get(address)
    if (entry === undefined) return false
    if (this.#now() - entry.since > 60_000) {
      this.#failures.delete(address)
      return false
    }
    return entry.count >= this.#most
  }

  failed(address: string): void {
    const entry = this.#failures.get(address)
    if (entry === undefined || this.#now() - entry.since > 60_000) {
      if (this.#failures.size > 10_000) this.#failures.clear()
      this.#failures.set(address, { count: 1, since: this.#now() })
    } else entry.count += 1
  }
}

/**
 * Connections of callers who have not shown who they are. Anybody on this machine may connect; they must not use up the
 * open files that forwards need, nor shut out the owner: beyond `most` of them the oldest is ended.
 */
export class Strangers {
  readonly #sockets = new Set<Socket>()
  readonly #most: number

  constructor(most = 200) {
    this.#most = most
  }

  arrived(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#sockets.size <= this.#most) return
    for (const oldest of this.#sockets) {
      this.#sockets.delete(oldest)
      oldest.destroy()
      return
    }
  }

  known(socket: Socket): void {
    this.#sockets.delete(socket)
  }
}
