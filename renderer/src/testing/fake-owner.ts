import type { ChosenFile, ShellBridge } from '../../../contract/bridge.ts'
import type { ConnectionState, Transport } from '../../../contract/client.ts'
import { type AppError, appError, type Result } from '../../../contract/errors.ts'
import type { EventMessage, StreamName } from '../../../contract/events.ts'
import type { Forward } from '../../../contract/forwards.ts'
import { type OperationName, operations, type OperationRequest } from '../../../contract/operations.ts'
import type { Cluster, ConnectionTest } from '../../../contract/clusters.ts'
import type { Connection } from '../state/connection.ts'
import { sampleCluster, sampleForward } from './samples.ts'
import type { World } from './world.ts'

type Handlers = { [Name in OperationName]?: (input: OperationRequest<Name>) => unknown }

/**
 * An owner in memory, for component specs and pictures: it answers every operation of the contract that the pages use,
 * checks inputs with the contract's own schemas, and pushes events. Never part of the build.
 */
export class FakeOwner {
  readonly world: World
  readonly calls: { name: OperationName; input: unknown }[] = []
  readonly opened: string[] = []
  /** What somebody picks in the desktop's own dialogue. */
  chosenFile: Result<ChosenFile> | null = null
  /** Makes the next calls of an operation fail. */
  readonly failures = new Map<OperationName, AppError>()
  readonly #held = new Map<OperationName, Promise<void>>()
  readonly #listeners = new Map<string, Set<(message: EventMessage) => void>>()
  readonly #watchers = new Set<(state: ConnectionState) => void>()
  #state: ConnectionState = { state: 'connected' }
  #seq = 0

  constructor(world: World) {
    this.world = world
  }

  connection(kind: Connection['kind'] = 'browser'): Connection {
    return { transport: this.#transport(), shell: this.#shell, kind }
  }

  /** Answers of these operations wait until the returned function is called. */
  hold(...names: OperationName[]): () => void {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    for (const name of names) this.#held.set(name, gate)
    return () => {
      for (const name of names) this.#held.delete(name)
      release()
    }
  }

  setConnection(state: ConnectionState): void {
    this.#state = state
    for (const watcher of this.#watchers) watcher(state)
  }

  /** How many listeners wait for something from this owner. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, this.#watchers.size)
  }

  push(stream: StreamName, kind: EventMessage['kind'], data: unknown): void {
    this.#seq += 1
    for (const listener of this.#listeners.get(stream) ?? []) listener({ stream, seq: this.#seq, kind, data })
  }

  /** Changes a forward and tells everybody. */
  forward(id: string, fields: Partial<Forward>): Forward {
    const before = this.#find(this.world.forwards, id)
    const after = { ...before, ...fields, observed: { ...before.observed, ...fields.observed } }
    this.world.forwards = this.world.forwards.map((each) => (each.id === id ? after : each))
    this.push('forwards', 'change', after)
    return after
  }

  cluster(id: string, fields: Partial<Cluster>): Cluster {
    const after = { ...this.#find(this.world.clusters, id), ...fields }
    this.world.clusters = this.world.clusters.map((each) => (each.id === id ? after : each))
    this.push('clusters', 'change', after)
    return after
  }

  #move(id: string, position: number): void {
    const order = [...this.world.clusters].sort((a, b) => a.position - b.position)
    const moved = this.#find(order, id)
    const others = order.filter((each) => each !== moved)
    for (const [place, each] of [...others.slice(0, position), moved, ...others.slice(position)].entries())
      if (each.position !== place) this.cluster(each.id, { position: place })
  }

  #find<T extends { id: string }>(list: readonly T[], id: string): T {
    const found = list.find((each) => each.id === id)
    if (found === undefined) throw new Error(`the fake owner has no ${id}`)
    return found
  }

  readonly #shell: ShellBridge = {
    chooseFile: () => Promise.resolve(this.chosenFile),
    openExternal: (url) => {
      this.opened.push(url)
      return Promise.resolve(true)
    },
  }

  #transport(): Transport {
    return {
      call: (name, input, signal) => this.#call(name, input, signal),
      subscribe: (stream, listener) => {
        const listeners = this.#listeners.get(stream) ?? new Set()
        this.#listeners.set(stream, listeners.add(listener))
        queueMicrotask(() => {
          const data = this.#snapshot(stream)
          if (data !== undefined && listeners.has(listener)) listener({ stream, seq: 0, kind: 'snapshot', data })
        })
        return () => listeners.delete(listener)
      },
      onConnection: (listener) => {
        this.#watchers.add(listener)
        listener(this.#state)
        return () => this.#watchers.delete(listener)
      },
    }
  }

  #snapshot(stream: StreamName): unknown {
    const [kind, id = ''] = stream.split(':')
    switch (kind) {
      case 'clusters':
        return this.world.clusters
      case 'forwards':
        return this.world.forwards
      case 'vault':
        return this.world.vault
      case 'settings':
        return this.world.settings
      case 'app':
        return this.world.app
      case 'cluster-test':
        return this.world.tests.get(id) ?? null
      case 'forward-output':
        return this.world.output
      default:
        return undefined
    }
  }

  async #call(name: OperationName, input: unknown, signal?: AbortSignal): Promise<Result<unknown>> {
    this.calls.push({ name, input })
    const request = operations[name].input.safeParse(input)
    if (!request.success) throw new Error(`${name} was called with what the contract refuses: ${request.error.message}`)
    await this.#held.get(name)
    if (signal?.aborted === true) return { ok: false, error: appError('cancelled', 'Cancelled.', '') }
    const failure = this.failures.get(name)
    if (failure !== undefined) return { ok: false, error: failure }
    const handler = this.#handlers[name] as ((input: unknown) => unknown) | undefined
    if (handler === undefined) throw new Error(`the fake owner does not know ${name}`)
    return { ok: true, value: await handler(request.data) }
  }

  readonly #handlers: Handlers = {
    'kubeconfigs.preview': () => this.world.preview,
    'kubeconfigs.default': () => this.world.defaultKubeconfig,
    'clusters.active': () => ({ id: this.world.activeId }),
    'clusters.setActive': ({ id }) => {
      this.world.activeId = id
      return { id }
    },
    'clusters.add': ({ contexts }) => {
      const added = contexts.map(({ context, name, environment }) =>
        sampleCluster({
          name: name ?? context,
          context,
          environment: environment ?? null,
          status: { ...sampleCluster().status, status: 'unknown', checkedAt: null },
        }),
      )
      this.world.clusters = [...this.world.clusters, ...added]
      this.world.activeId ??= added[0]?.id ?? null
      for (const cluster of added) this.push('clusters', 'change', cluster)
      return added
    },
    'clusters.update': ({ id, position, ...fields }) => {
      if (position !== undefined) this.#move(id, position)
      return this.cluster(id, fields as Partial<Cluster>)
    },
    'clusters.remove': ({ id }) => {
      this.world.clusters = this.world.clusters.filter((each) => each.id !== id)
      this.push('clusters', 'gone', { id })
      return {}
    },
    'clusters.dependents': ({ id }) => ({
      forwards: this.world.forwards
        .filter(({ clusterId }) => clusterId === id)
        .map(({ id: forwardId, name, desired, observed }) => ({
          id: forwardId,
          name,
          desired,
          connections: observed.connections,
        })),
    }),
    'clusters.rotate': ({ id }) => this.cluster(id, { updatedAt: Date.now() }),
    'clusters.updateFromSource': ({ id }) => this.cluster(id, { source: null }),
    'clusters.test': ({ id }) => {
      const test = this.world.tests.get(id) ?? ({ ...this.world.test, clusterId: id } satisfies ConnectionTest)
      this.world.tests.set(id, test)
      this.push(`cluster-test:${id}`, 'change', test)
      return test
    },
    'clusters.command': () => {
      const { command } = this.world
      const same = (each: { command: string; args: readonly string[] }): boolean =>
        each.command === command?.command && each.args.join(' ') === command.args.join(' ')
      return { command, allowed: this.world.commands.some(same) }
    },
    'clusters.allowCommand': ({ id, command, args }) => {
      const allowed = {
        command,
        args,
        id: crypto.randomUUID(),
        clusters: [this.#find(this.world.clusters, id).name],
        allowedAt: Date.now(),
      }
      this.world.commands = [...this.world.commands, allowed]
      return allowed
    },
    'clusters.health': ({ id }) => this.#find(this.world.clusters, id).status,
    'clusters.namespaces': () => this.world.namespaces,
    'clusters.services': () => this.world.services,
    'clusters.workloads': () => this.world.workloads,
    'clusters.pods': () => this.world.pods,
    'forwards.check': ({ ports, clusterId }) => ({
      ports: ports.map(
        ({ local, bind }) =>
          this.world.takenPorts.get(local) ?? {
            local,
            bind,
            status: 'free',
            owner: null,
            message: `${local} is free.`,
            exposed: bind !== '127.0.0.1',
          },
      ),
      access: clusterId === undefined ? null : this.world.access,
    }),
    'forwards.create': ({ name, ports, ...fields }) => {
      const title = name ?? (fields.target.kind === 'selector' ? fields.target.selector : fields.target.name)
      const created = sampleForward({
        ...(fields as Partial<Forward>),
        name: title,
        state: 'starting',
        ports: ports.map((port, index) => ({
          id: crypto.randomUUID(),
          ...port,
          local: port.local === 0 ? 41_000 + index : port.local,
        })),
      })
      this.world.forwards = [...this.world.forwards, created]
      this.push('forwards', 'change', created)
      return created
    },
    'forwards.update': ({ id, ports, ...fields }) =>
      this.forward(id, {
        ...(fields as Partial<Forward>),
        ...(ports === undefined
          ? {}
          : {
              ports: ports.map((port, index) => ({
                id: crypto.randomUUID(),
                ...port,
                local: port.local === 0 ? 42_000 + index : port.local,
              })),
            }),
      }),
    'forwards.remove': ({ id }) => {
      this.world.forwards = this.world.forwards.filter((each) => each.id !== id)
      this.push('forwards', 'gone', { id })
      return {}
    },
    'forwards.start': ({ id }) => this.forward(id, { desired: 'on', state: 'starting', cause: null }),
    'forwards.stop': ({ id }) => this.forward(id, { desired: 'off', state: 'off', cause: null }),
    'forwards.restart': ({ id }) => this.forward(id, { state: 'starting' }),
    'forwards.history': () => this.world.history,
    'forwards.connections': () => this.world.connections,
    'vault.setup': ({ provider }) => this.#vault({ state: 'unlocked', provider }),
    'vault.unlock': () => this.#vault({ state: 'unlocked' }),
    'vault.lock': () => this.#vault({ state: 'locked' }),
    'vault.rotate': ({ provider }) => this.#vault(provider === undefined ? {} : { provider }),
    'commands.list': () => this.world.commands,
    'commands.allow': (command) => {
      const allowed = { ...command, env: undefined, id: crypto.randomUUID(), clusters: [], allowedAt: Date.now() }
      this.world.commands = [...this.world.commands, allowed]
      return allowed
    },
    'commands.remove': ({ id }) => {
      this.world.commands = this.world.commands.filter((each) => each.id !== id)
      return {}
    },
    'settings.update': (fields) => {
      this.world.settings = { ...this.world.settings, ...(fields as object) }
      this.push('settings', 'change', this.world.settings)
      return this.world.settings
    },
    'kubectl.status': () => this.world.kubectl,
    'diagnostics.get': () => ({
      ...this.world.diagnostics,
      app: this.world.app,
      kubectl: this.world.kubectl,
      vault: this.world.vault,
    }),
    'diagnostics.report': () => ({ text: 'Mooring 0.1.0\nsidecar: ready' }),
    'app.hint': () => ({}),
    'app.status': () => this.world.app,
    'sidecar.restart': () => this.world.app,
  }

  #vault(fields: Partial<World['vault']>): World['vault'] {
    this.world.vault = { ...this.world.vault, ...fields }
    this.push('vault', 'change', this.world.vault)
    return this.world.vault
  }
}
