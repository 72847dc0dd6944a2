import type { ConnectionRow } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { Platform, SocketOwner } from '../platform/platform.ts'
import type { ListenerConnection } from './listener/client-connection.ts'

/** The program behind a connection is asked for once in so long, ms: it does not change, but it may not be known yet. */
const againMs = 5_000

type Known = { readonly owner: SocketOwner | null; readonly at: number }
export type ClientOfPort = { readonly portId: string; readonly local: number; readonly connection: ListenerConnection }

/** Who is connected: the listeners' clients with the programs behind them. */
export class ConnectionRows {
  readonly #platform: Pick<Platform, 'ownerOfConnection'>
  readonly #clock: Clock
  readonly #owners = new Map<string, Known>()

  constructor(options: { platform: Pick<Platform, 'ownerOfConnection'>; clock: Clock }) {
    this.#platform = options.platform
    this.#clock = options.clock
  }

  async of(clients: readonly ClientOfPort[]): Promise<ConnectionRow[]> {
    this.#forgetOld()
    return Promise.all(
      clients.map(async ({ portId, local, connection }) => {
        const owner = await this.#ownerOf(local, connection)
        const { id, peer, pod, state, bytesIn, bytesOut, openedAt } = connection
        const process = owner?.process ?? null
        return { id, portId, local, peer, process, pid: owner?.pid ?? null, pod, state, bytesIn, bytesOut, openedAt }
      }),
    )
  }

  async #ownerOf(local: number, { id, peerPort }: ListenerConnection): Promise<SocketOwner | null> {
    const known = this.#owners.get(id)
    if (known !== undefined && (known.owner !== null || this.#clock.monotonic() - known.at < againMs))
      return known.owner
    // The client's end: its own port is our peer's.
    const owner = await this.#platform.ownerOfConnection(peerPort, local)
    this.#owners.set(id, { owner, at: this.#clock.monotonic() })
    return owner
  }

  #forgetOld(): void {
    if (this.#owners.size > 5_000) this.#owners.clear()
  }
}
