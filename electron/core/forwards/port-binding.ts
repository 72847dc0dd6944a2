import { drop } from '../../../contract/drop.ts'
import type { ForwardPort } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { Platform } from '../platform/platform.ts'
import type { ListenerConnection } from './listener/client-connection.ts'
import type { Failure, ListenerEvidence } from './evidence.ts'
import type { ListenerRoute, ListenerTotals, ListenFailure, PortListener } from './listener/listener.ts'
import { failureOfListen, portTakenBy } from './listener/local-port.ts'

export type PortBindingOptions = {
  readonly port: ForwardPort
  readonly clock: Clock
  readonly platform: Pick<Platform, 'ownerOfPort'>
  readonly createListener: (port: ForwardPort) => PortListener
  /** Clients may come from now on. */
  readonly bound: () => void
  /** The evidence is another one. */
  readonly changed: () => void
}

/** A taken port is told with its owner where that is known within this time, ms; later the owner is added. */
const ownerMs = 300

const noTotals: ListenerTotals = { bytesIn: 0, bytesOut: 0, accepted: 0, closedUnserved: 0, parked: 0, open: 0 }

/** The local port of one forward: bound and freed when told, with the reason when it cannot be, and what went through. */
export class PortBinding {
  readonly #options: PortBindingOptions
  #port: ForwardPort
  #listener: PortListener | null = null
  #evidence: ListenerEvidence = { state: 'closed', attempt: 0, failure: null }
  /** Who held the port when it was asked last; said until it is known better. */
  #owned: Failure | null = null
  /** Of listeners that were closed. */
  #past = { bytesIn: 0, bytesOut: 0, accepted: 0, closedUnserved: 0 }

  constructor(options: PortBindingOptions) {
    this.#options = options
    this.#port = options.port
  }

  get port(): ForwardPort {
    return this.#port
  }

  get evidence(): ListenerEvidence {
    return this.#evidence
  }

  bind(): void {
    const attempt = this.#evidence.attempt + 1
    this.#evidence = { state: 'binding', attempt, failure: null }
    const listener = (this.#listener ??= this.#options.createListener(this.#port))
    drop(this.#listen(listener, attempt), 'its outcome is evidence')
  }

  /** Frees the local port and cuts its clients. */
  unbind(): void {
    const listener = this.#listener
    const { attempt } = this.#evidence
    this.#listener = null
    this.#owned = null
    if (listener === null) {
      this.#evidence = { state: 'closed', attempt, failure: null }
      return
    }
    this.#evidence = { state: 'closing', attempt, failure: null }
    const { bytesIn, bytesOut, accepted, closedUnserved } = this.#totalsOf(listener)
    this.#past = { bytesIn, bytesOut, accepted, closedUnserved }
    drop(
      listener.close().then(() => {
        if (this.#evidence.state === 'closing') this.#evidence = { state: 'closed', attempt, failure: null }
        this.#options.changed()
      }),
      'its end is evidence',
    )
  }

  /** Another local port from now on; true: the one that was bound, or tried, is let go. */
  moveTo(port: ForwardPort): boolean {
    const moved = port.local !== this.#port.local || port.bind !== this.#port.bind
    this.#port = port
    if (!moved || this.#evidence.state === 'closed' || this.#evidence.state === 'closing') return false
    this.unbind()
    return true
  }

  route(route: ListenerRoute): void {
    this.#listener?.route(route)
  }

  /** Nobody who waits may go where it leads from now on. */
  dropParked(): void {
    this.#listener?.dropParked()
  }

  connections(): ListenerConnection[] {
    return this.#listener?.connections() ?? []
  }

  /** Since the app started. */
  totals(): ListenerTotals {
    return this.#listener === null ? { ...noTotals, ...this.#past } : this.#totalsOf(this.#listener)
  }

  /** Ends it for good; resolves when the port is free. */
  async close(): Promise<void> {
    const listener = this.#listener
    this.#listener = null
    await listener?.close()
  }

  async #listen(listener: PortListener, attempt: number): Promise<void> {
    const bound = await listener.listen()
    if (!this.#isCurrent(listener, attempt)) return
    if (bound.ok) {
      this.#owned = null
      this.#evidence = { state: 'bound', attempt, failure: null }
      this.#options.bound()
      this.#options.changed()
      return
    }
    if (bound.error.code !== 'local-port-taken') {
      this.#fail(listener, attempt, failureOfListen(bound.error))
      return
    }
    const owner = this.#askOwner(bound.error)
    this.#fail(listener, attempt, (await this.#soon(owner)) ?? this.#owned ?? failureOfListen(bound.error))
    const { failure } = this.#evidence
    const late = owner.then((known) => known.detail !== failure?.detail && this.#fail(listener, attempt, known))
    drop(late, 'it only adds who it is')
  }

  #fail(listener: PortListener, attempt: number, failure: Failure): void {
    if (!this.#isCurrent(listener, attempt)) return
    this.#evidence = { state: 'failed', attempt, failure }
    this.#options.changed()
  }

  async #askOwner(error: ListenFailure): Promise<Failure> {
    const { bind, local } = this.#port
    const owner = await this.#options.platform.ownerOfPort(bind, local)
    this.#owned = owner === null ? null : portTakenBy(owner, this.#port)
    return this.#owned ?? failureOfListen(error)
  }

  /** On a busy machine looking through all processes takes long; the reason must not wait for the name. */
  async #soon(owner: Promise<Failure>): Promise<Failure | null> {
    const late = Promise.withResolvers<null>()
    const timer = this.#options.clock.after(ownerMs, () => late.resolve(null))
    const known = await Promise.race([owner, late.promise])
    timer.cancel()
    return known
  }

  #isCurrent(listener: PortListener, attempt: number): boolean {
    return listener === this.#listener && this.#evidence.attempt === attempt
  }

  #totalsOf(listener: PortListener): ListenerTotals {
    const now = listener.totals()
    return {
      ...now,
      bytesIn: now.bytesIn + this.#past.bytesIn,
      bytesOut: now.bytesOut + this.#past.bytesOut,
      accepted: now.accepted + this.#past.accepted,
      closedUnserved: now.closedUnserved + this.#past.closedUnserved,
    }
  }
}
