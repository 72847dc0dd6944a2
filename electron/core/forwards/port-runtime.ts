import { drop } from '../../../contract/drop.ts'
import type { ForwardPort } from '../../../contract/forwards.ts'
import type { Timer } from '../clock.ts'
import type { ListenerConnection } from './listener/client-connection.ts'
import type { PortEvidence } from './evidence.ts'
import type { ListenerRoute, ListenerTotals } from './listener/listener.ts'
import { PortBinding, type PortBindingOptions } from './port-binding.ts'
import type { PortRoute, Slot } from './reconciler/reconcile-types.ts'
import type { TunnelHandle } from './tunnel-handle.ts'
import type { ClientsInDoubt } from './tunnel/tunnel.ts'

export type PortRuntimeOptions = Omit<PortBindingOptions, 'bound'>

/** How often is looked whether tunnels that drain are done, ms. */
const sweepMs = 1_000

/** The effects of one port: its listener, the tunnels behind it, and where its clients go. Decides nothing. */
export class PortRuntime {
  readonly #options: PortRuntimeOptions
  readonly #binding: PortBinding
  #slots: Record<Slot, TunnelHandle | null> = { current: null, next: null }
  readonly #draining = new Set<TunnelHandle>()
  readonly #closing = new Set<TunnelHandle>()
  #sweepTimer: Timer | null = null
  #route: PortRoute | null = null

  constructor(options: PortRuntimeOptions) {
    this.#options = options
    const bound = (): void => {
      if (this.#route !== null) this.#applyRoute(this.#route)
    }
    this.#binding = new PortBinding({ ...options, bound })
  }

  get port(): ForwardPort {
    return this.#binding.port
  }

  get evidence(): PortEvidence {
    return {
      portId: this.port.id,
      listener: this.#binding.evidence,
      current: this.#slots.current?.evidence ?? null,
      next: this.#slots.next?.evidence ?? null,
      draining: [...this.#draining].map(({ evidence }) => evidence),
    }
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
    this.#binding.bind()
  }

  /** Frees the local port and cuts its clients. */
  unbind(): void {
    this.#route = null
    this.#binding.unbind()
  }

  /** Another local port from now on. */
  moveTo(port: ForwardPort): void {
    if (this.#binding.moveTo(port)) this.#route = null
  }

  /** Puts a new tunnel into a slot that is empty. */
  put(slot: Slot, handle: TunnelHandle): void {
    this.#slots[slot] = handle
  }

  /** The next tunnel takes the place of the current one. Clients follow with the route, which need not lead there yet. */
  promote(): void {
    const old = this.#slots.current
    this.#slots = { current: this.#slots.next, next: null }
    if (old !== null) this.#leave(old, 'drain')
  }

  dropTunnel(slot: Slot, how: 'drain' | 'close'): void {
    const handle = this.#slots[slot]
    this.#slots[slot] = null
    if (handle !== null) this.#leave(handle, how)
  }

  /** The target is another one: nobody who waits may go there, and no tunnel stays. */
  retarget(): void {
    this.#binding.dropParked()
    this.dropTunnel('current', 'close')
    this.dropTunnel('next', 'close')
    this.cutDraining()
    this.#route = null
  }

  cutDraining(): void {
    for (const handle of [...this.#draining]) this.#end(handle)
  }

  probeBeside(key: number, who: ClientsInDoubt): void {
    this.tunnels()
      .find(({ evidence }) => evidence.key === key)
      ?.probeBeside(who)
  }

  route(route: PortRoute): void {
    if (this.#route !== null && sameRoute(this.#route, route)) return
    this.#route = route
    this.#applyRoute(route)
  }

  connections(): ListenerConnection[] {
    return this.#binding.connections()
  }

  /** Since the app started. */
  totals(): ListenerTotals {
    return this.#binding.totals()
  }

  /** Ends everything; resolves when nothing is left. */
  async close(): Promise<void> {
    this.#sweepTimer?.cancel()
    const tunnels = this.tunnels()
    this.#slots = { current: null, next: null }
    this.#draining.clear()
    this.#closing.clear()
    await Promise.all([this.#binding.close(), ...tunnels.map((handle) => handle.tunnel.close())])
  }

  #applyRoute(route: PortRoute): void {
    this.#binding.route(this.#listenerRoute(route))
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
