import { randomUUID } from 'node:crypto'
import { systemClock } from '../../electron/core/clock.ts'
import { kubeconfigForChild } from '../../electron/core/credentials/kubectl-kubeconfig.ts'
import { kubectlTunnelFactory } from '../../electron/core/forwards/tunnel/kubectl-tunnel.ts'
import {
  PortListener,
  type ListenerRoute,
  type UnservedReason,
} from '../../electron/core/forwards/listener/listener.ts'
import { Parking } from '../../electron/core/forwards/listener/parking.ts'
import type { Tunnel, TunnelFactory, TunnelFailure } from '../../electron/core/forwards/tunnel/tunnel.ts'
import { createPlatform } from '../../electron/core/platform/platform.ts'
import { testChildren } from '../../electron/core/processes/child-processes.testing.ts'
import { silentLog } from '../../electron/core/store/store.testing.ts'
import { waitUntil } from './wait-until.ts'
import type { TestCluster } from '../testbed/testbed.ts'
import { connectionOf } from './cluster-connection.ts'

/** A pod, or a name that kubectl resolves itself. */
type Destination = { name: string; uid: string } | { reference: string }

/** A tunnel of a lane, with what it told about itself. */
export type LaneTunnel = {
  readonly tunnel: Tunnel
  readonly lines: string[]
  readonly lost: TunnelFailure[]
  readonly connectionsLost: { count: number; failure: TunnelFailure }[]
  evidence: number
  ready: number
}

/**
 * The data plane of one forward, real from the local port to the pod, with the spec in the place of the control plane:
 * it opens tunnels and routes clients.
 */
export class TunnelLane implements AsyncDisposable {
  readonly unserved: UnservedReason[] = []
  readonly #cluster: TestCluster
  readonly #namespace: string
  readonly #children = testChildren()
  readonly #factory: TunnelFactory
  readonly #tunnels: LaneTunnel[] = []
  readonly listener: PortListener

  constructor(cluster: TestCluster, kubectl: string, namespace: string) {
    this.#cluster = cluster
    this.#namespace = namespace
    this.#factory = kubectlTunnelFactory({
      children: this.#children.children,
      kubectl: () => Promise.resolve({ ok: true, value: { path: kubectl } }),
      kubeconfigFor: kubeconfigForChild,
      clock: systemClock,
      log: silentLog,
      platform: createPlatform(),
    })
    this.listener = new PortListener({
      bind: '127.0.0.1',
      port: 0,
      forwardId: randomUUID(),
      parking: new Parking(),
      clock: systemClock,
      unserved: (reason) => this.unserved.push(reason),
    })
  }

  get port(): number {
    return this.listener.port
  }

  async listen(): Promise<this> {
    const bound = await this.listener.listen()
    if (!bound.ok) throw new Error(bound.error.message)
    return this
  }

  /** Starts a tunnel to a pod's port; not yet ready. */
  start(to: Destination, remote: number | string): LaneTunnel {
    const events = {
      lines: [] as string[],
      lost: [] as TunnelFailure[],
      connectionsLost: [] as LaneTunnel['connectionsLost'],
    }
    const lane: { evidence: number; ready: number } = { evidence: 0, ready: 0 }
    const tunnel = this.#factory(
      {
        forwardId: 'forward',
        portId: 'port',
        label: 'spec',
        namespace: this.#namespace,
        target:
          'name' in to ? { kind: 'pod', name: to.name, uid: to.uid } : { kind: 'reference', reference: to.reference },
        remote,
        connection: () => connectionOf(this.#cluster.kubeconfig),
      },
      {
        waits: () => undefined,
        ready: () => (lane.ready += 1),
        reopening: () => undefined,
        evidence: () => (lane.evidence += 1),
        lost: (failure) => events.lost.push(failure),
        connectionsLost: (count, failure) => events.connectionsLost.push({ count, failure }),
        line: (stream, text) => events.lines.push(`${stream}: ${text}`),
      },
    )
    const made = Object.assign(lane, events, { tunnel })
    this.#tunnels.push(made)
    return made
  }

  /** Starts a tunnel and waits until it can carry connections. */
  async open(to: Destination, remote: number | string): Promise<LaneTunnel> {
    const made = this.start(to, remote)
    await waitUntil('the tunnel to be ready', 20, () => made.ready > 0 || made.lost.length > 0)
    if (made.ready === 0) throw new Error(`the tunnel was lost: ${made.lost[0]?.message ?? ''}`)
    return made
  }

  /** The same, and sends the clients of the local port there. */
  async serve(to: Destination, remote: number | string): Promise<LaneTunnel> {
    const made = await this.open(to, remote)
    this.listener.route({ kind: 'tunnel', tunnel: made.tunnel })
    return made
  }

  route(route: ListenerRoute): void {
    this.listener.route(route)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close()
    await Promise.all(this.#tunnels.map(({ tunnel }) => tunnel.close()))
    await this.#children.close()
  }
}
