import { drop } from '../../../contract/drop.ts'
import type { ForwardPort } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { Platform } from '../platform/platform.ts'
import type { StoredForward } from '../store/forward-table.ts'
import type { ListenerConnection } from './listener/client-connection.ts'
import type { Evidence } from './evidence.ts'
import { PortListener, type UnservedReason } from './listener/listener.ts'
import type { Parking } from './listener/parking.ts'
import { PortRuntime } from './port-runtime.ts'

export type ForwardPortsOptions = {
  readonly clock: Clock
  readonly platform: Pick<Platform, 'ownerOfPort'>
  readonly parking: Parking
  /** The evidence is another one. */
  readonly changed: () => void
  readonly note: (text: string) => void
}

/** The ports of one forward as they run, kept in step with those that are wanted. Decides nothing. */
export class ForwardPorts {
  readonly #options: ForwardPortsOptions
  readonly #ports = new Map<string, PortRuntime>()

  constructor(options: ForwardPortsOptions) {
    this.#options = options
  }

  get all(): readonly PortRuntime[] {
    return [...this.#ports.values()]
  }

  get(portId: string): PortRuntime | undefined {
    return this.#ports.get(portId)
  }

  get evidence(): Pick<Evidence, 'ports' | 'closing'> {
    const { all } = this
    return {
      ports: all.map((port) => port.evidence),
      closing: all.reduce((sum, port) => sum + port.closing, 0),
    }
  }

  /** Each local port is bound, or it is known why not. */
  get settled(): boolean {
    return this.all.every(({ evidence: { listener } }) => listener.state === 'bound' || listener.state === 'failed')
  }

  /** Makes, moves and ends ports, so that they are those of the stored forward. */
  follow(forward: StoredForward): void {
    const wanted = new Map(forward.ports.map((port) => [port.id, port]))
    for (const [id, runtime] of [...this.#ports]) {
      const port = wanted.get(id)
      if (port !== undefined) {
        const remoteChanged = port.remote !== runtime.port.remote
        runtime.moveTo(port)
        if (remoteChanged) runtime.retarget()
        continue
      }
      this.#ports.delete(id)
      drop(runtime.close(), 'a port that is not wanted any more')
    }
    for (const port of forward.ports) {
      if (this.#ports.has(port.id)) continue
      const createListener = (one: ForwardPort): PortListener => this.#createListener(forward.id, one)
      this.#ports.set(port.id, new PortRuntime({ ...this.#options, port, createListener }))
    }
  }

  /** The target is another one: nobody who waits may go there, and no tunnel stays. */
  retarget(): void {
    for (const port of this.all) port.retarget()
  }

  cutDraining(): void {
    for (const port of this.all) port.cutDraining()
  }

  connections(): { portId: string; local: number; connection: ListenerConnection }[] {
    return this.all.flatMap((runtime) =>
      runtime.connections().map((connection) => ({ portId: runtime.port.id, local: runtime.port.local, connection })),
    )
  }

  /** Ends all of them; resolves when nothing is left. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((port) => port.close()))
  }

  #createListener(forwardId: string, { bind, local: port }: ForwardPort): PortListener {
    const { clock, parking, note } = this.#options
    const unserved = (reason: UnservedReason): void => note(unservedWords[reason])
    return new PortListener({ bind, port, forwardId, parking, clock, unserved })
  }
}

const unservedWords: Record<UnservedReason, string> = {
  limit: "A client's connection was closed: too many clients wait for a pod already.",
  'waited-too-long': "A client's connection was closed: no pod became ready in time.",
  holding: "A client's connection was closed: the forward cannot go on until somebody mends the cause.",
  'target-changed': "A client's connection was closed while it waited: the forward leads to another target now.",
}
