import { drop } from '../../../contract/drop.ts'
import type { ForwardPort } from '../../../contract/forwards.ts'
import type { Clock, Timer } from '../clock.ts'
import type { ListenerConnection } from './client-connection.ts'
import type { ListenerEvidence, PortEvidence } from './evidence.ts'
import type { ListenerRoute, ListenerTotals, ListenFailure, PortListener } from './listener.ts'
import type { PortRoute, Slot } from './reconcile-types.ts'
import type { TunnelHandle } from './tunnel-handle.ts'
import { failureOfListen } from './local-port.ts'
import type { Platform } from '../platform/platform.ts'

export type PortRuntimeOptions = {
  readonly port: ForwardPort
  readonly clock: Clock
  readonly platform: Pick<Platform, 'ownerOfPort'>
  readonly createListener: (port: ForwardPort) => PortListener
  readonly changed: () => void
}

/** How often is looked whether tunnels that drain are done, ms. */
const sweepMs = 1_000

const noTotals: ListenerTotals = { bytesIn: 0, bytesOut: 0, accepted: 0, closedUnserved: 0, parked: 0, open: 0 }

/** The effects of one port: its listener, the tunnels behind it, and where its clients go. Decides nothing. */
export class PortRuntime {
  readonly #options: PortRuntimeOptions
  #port: ForwardPort
  #listener: PortListener | null = null
  #listening: ListenerEvidence = { state: 'closed', attempt: 0, failure: null }
  #slots: Record<Slot, TunnelHandle | null> = { current: null, next: null }
  readonly #draining = new Set<TunnelHandle>()
  readonly #closing = new Set<TunnelHandle>()
  #sweepTimer: Timer | null = null
  #route: PortRoute | null = null
  #past = { bytesIn: 0, bytesOut: 0, accepted: 0, closedUnserved: 0 }

  constructor(options: PortRuntimeOptions) {
    this.#options = options
    this.#port = options.port
  }

  get port(): ForwardPort {
    return this.#port
  }

  get evidence(): PortEvidence {
    return {
      portId: this.#port.id,
      listener: this.#listening,
      current: this.#slots.current?.evidence ?? null,
      next: this.#slots.next?.evidence ?? null,
    }
  }

  /** Tunnels that get no new clients and wait for their last ones to go. */
  get draining(): number {
    return this.#draining.size
  }

  /** Tunnels that are being ended. */
  get closing(): number {
    return this.#closing.size
  }

  tunnel(slot: Slot): TunnelHandle | null {
    return this.#slots[slot]
  }

  /** All its tunnels, also those that go. */
  tunnels(): TunnelHandle[] {
    return [this.#slots.current, this.#slots.next, ...this.#draining, ...this.#closing].filter(
      (handle) => handle !== null,
    )
  }

  bind(): void {
    const attempt = this.#listening.attempt + 1
    this.#listening = { state: 'binding', attempt, failure: null }
    const listener = (this.#listener ??= this.#options.createListener(this.#port))
    drop(this.#listen(listener, attempt), 'its outcome is evidence')
  }

  async #listen(listener: PortListener, attempt: number): Promise<void> {
    const bound = await listener.listen()
    if (listener !== this.#listener || this.#listening.attempt !== attempt) return
    if (bound.ok) {
      this.#listening = { state: 'bound', attempt, failure: null }
      if (this.#route !== null) this.#applyRoute(this.#route)
    } else await this.#notBound(bound.error, listener, attempt)
    this.#options.changed()
  }

  async #notBound(error: ListenFailure, listener: PortListener, attempt: number): Promise<void> {
    const failure = await failureOfListen(error, this.#port, this.#options)
    if (listener === this.#listener && this.#listening.attempt === attempt)
      this.#listening = { state: 'failed', attempt, failure }
  }

  /** Frees the local port and cuts its clients. */
  unbind(): void {
    const listener = this.#listener
    const { attempt } = this.#listening
    this.#listener = null
    this.#route = null
    if (listener === null) {
      this.#listening = { state: 'closed', attempt, failure: null }
      return
    }
    this.#listening = { state: 'closing', attempt, failure: null }
    const { bytesIn, bytesOut, accepted, closedUnserved } = this.totalsOf(listener)
    this.#past = { bytesIn, bytesOut, accepted, closedUnserved }
    drop(
      listener.close().then(() => {
        if (this.#listening.state === 'closing') this.#listening = { state: 'closed', attempt, failure: null }
        this.#options.changed()
      }),
      'its end is evidence',
    )
  }

  /** Another local port from now on. */
  moveTo(port: ForwardPort): void {
    const moved = port.local !== this.#port.local || port.bind !== this.#port.bind
    this.#port = port
    if (moved && this.#listening.state !== 'closed' && this.#listening.state !== 'closing') this.unbind()
  }

  /** Puts a new tunnel into a slot that is empty. */
  put(slot: Slot, handle: TunnelHandle): void {
    this.#slots[slot] = handle
  }

  promote(): void {
    const old = this.#slots.current
    this.#slots = { current: this.#slots.next, next: null }
    if (this.#slots.current !== null && this.#listener !== null) {
      // First the new way, then the end of the old one: nobody is turned away in between.
      this.#route = { kind: 'tunnel', key: this.#slots.current.evidence.key }
      this.#listener.route({ kind: 'tunnel', tunnel: this.#slots.current.tunnel })
    }
    if (old !== null) this.#leave(old, 'drain')
  }

  dropTunnel(slot: Slot, how: 'drain' | 'close'): void {
    const handle = this.#slots[slot]
    this.#slots[slot] = null
    if (handle !== null) this.#leave(handle, how)
  }

  /** The target is another one: nobody who waits may go there, and no tunnel stays. */
  retarget(): void {
    this.#listener?.dropParked()
    this.dropTunnel('current', 'close')
    this.dropTunnel('next', 'close')
    this.cutDraining()
    this.#route = null
  }

  cutDraining(): void {
    for (const handle of [...this.#draining]) this.#end(handle)
  }

  route(route: PortRoute): void {
    if (this.#route !== null && sameRoute(this.#route, route)) return
    this.#route = route
    this.#applyRoute(route)
  }

  connections(): ListenerConnection[] {
    return this.#listener?.connections() ?? []
  }

  /** Since the app started. */
  totals(): ListenerTotals {
    return this.#listener === null ? { ...noTotals, ...this.#past } : this.totalsOf(this.#listener)
  }

  totalsOf(listener: PortListener): ListenerTotals {
    const now = listener.totals()
    return {
      ...now,
      bytesIn: now.bytesIn + this.#past.bytesIn,
      bytesOut: now.bytesOut + this.#past.bytesOut,
      accepted: now.accepted + this.#past.accepted,
      closedUnserved: now.closedUnserved + this.#past.closedUnserved,
    }
  }

  /** Ends everything; resolves when nothing is left. */
  async close(): Promise<void> {
    this.#sweepTimer?.cancel()
    const listener = this.#listener
    this.#listener = null
    const tunnels = this.tunnels()
    this.#slots = { current: null, next: null }
    this.#draining.clear()
    this.#closing.clear()
    await Promise.all([listener?.close(), ...tunnels.map((handle) => handle.tunnel.close())])
  }

  #applyRoute(route: PortRoute): void {
    this.#listener?.route(this.#listenerRoute(route))
  }

  #listenerRoute(route: PortRoute): ListenerRoute {
    if (route.kind !== 'tunnel') return route
    const { current } = this.#slots
    if (current === null || current.evidence.key !== route.key) return { kind: 'park', seconds: 0 }
    return { kind: 'tunnel', tunnel: current.tunnel }
  }

  #leave(handle: TunnelHandle, how: 'drain' | 'close'): void {
    if (how === 'close') {
      this.#end(handle)
      return
    }
    this.#draining.add(handle)
    handle.tunnel.drain()
    this.#sweep()
  }

  #end(handle: TunnelHandle): void {
    this.#draining.delete(handle)
    this.#closing.add(handle)
    drop(
      handle.tunnel.close().then(() => {
        this.#closing.delete(handle)
        this.#options.changed()
      }),
      'its end is evidence',
    )
  }

  readonly #sweep = (): void => {
    this.#sweepTimer?.cancel()
    this.#sweepTimer = null
    for (const handle of [...this.#draining]) if (handle.tunnel.state === 'closed') this.#end(handle)
    if (this.#draining.size > 0) this.#sweepTimer = this.#options.clock.after(sweepMs, this.#sweep)
  }
}

function sameRoute(a: PortRoute, b: PortRoute): boolean {
  switch (a.kind) {
    case 'tunnel':
      return b.kind === 'tunnel' && a.key === b.key
    case 'park':
      return b.kind === 'park' && a.seconds === b.seconds
    case 'close':
      return b.kind === 'close' && a.afterMs === b.afterMs
  }
}
