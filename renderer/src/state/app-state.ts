import { createStore, type StoreApi } from 'zustand/vanilla'
import type { ShellBridge } from '../../../contract/bridge.ts'
import { type Client, type ConnectionState, createClient } from '../../../contract/client.ts'
import type { Cluster } from '../../../contract/clusters.ts'
import { drop } from '../../../contract/drop.ts'
import type { AppError } from '../../../contract/errors.ts'
import type { EventMessage, StreamName } from '../../../contract/events.ts'
import type { Forward } from '../../../contract/forwards.ts'
import type { AppStatus, Settings, VaultStatus } from '../../../contract/system.ts'
import { type ConnectionTests, createConnectionTests } from './connection-tests.ts'
import type { Connection } from './connection.ts'
import { applyListMessages, emptyList, type ListState } from './list-state.ts'
import { createRemovals, type Removals } from './removals.ts'
import { addSample, type TrafficSample } from './traffic-history.ts'

/** Everything the pages read: pushed by the owner, never asked for again. */
export type AppState = {
  readonly client: Client
  readonly shell: ShellBridge
  readonly kind: Connection['kind']
  /** `lostSince`: null while the owner answers. `refused`: it answers, but not to this page any more. */
  readonly connection: StoreApi<{ state: ConnectionState; lostSince: number | null; refused: AppError | null }>
  readonly clusters: StoreApi<ListState<Cluster>>
  readonly forwards: StoreApi<ListState<Forward>>
  readonly vault: StoreApi<{ value: VaultStatus | null }>
  readonly settings: StoreApi<{ value: Settings | null }>
  readonly app: StoreApi<{ value: AppStatus | null }>
  /** Traffic by forward id, one sample a second while somebody looks. */
  readonly traffic: StoreApi<{ samples: ReadonlyMap<string, readonly TrafficSample[]> }>
  readonly removals: Removals
  readonly connectionTests: ConnectionTests
  close(): void
}

/** Events of a list are gathered for this long, so that a burst draws once (ms). */
const gatherMs = 100

export function createAppState(connection: Connection, onFailure: (error: AppError) => void): AppState {
  const client = createClient(connection.transport)
  const ends: (() => void)[] = []
  const end = (): void => {
    for (const each of ends.splice(0)) each()
  }

  function list<T extends { id: string }>(stream: StreamName): StoreApi<ListState<T>> {
    const store = createStore<ListState<T>>()(() => emptyList)
    let waiting: EventMessage[] = []
    let timer: ReturnType<typeof setTimeout> | null = null
    const flush = (): void => {
      timer = null
      const messages = waiting
      waiting = []
      store.setState(applyListMessages(store.getState(), messages), true)
    }
    ends.push(
      client.subscribe(stream, (message) => {
        waiting.push(message)
        if (!store.getState().loaded) flush()
        else timer ??= setTimeout(flush, gatherMs)
      }),
      () => {
        if (timer !== null) clearTimeout(timer)
      },
    )
    return store
  }

  function keepValue<T>(stream: StreamName, store: StoreApi<{ value: T | null }>): StoreApi<{ value: T | null }> {
    ends.push(client.subscribe(stream, (message) => store.setState({ value: message.data as T })))
    return store
  }

  const connectionStore: AppState['connection'] = createStore(() => ({
    state: { state: 'connecting' },
    lostSince: null as number | null,
    refused: null as AppError | null,
  }))
  ends.push(
    client.onConnection((state) => {
      const { lostSince } = connectionStore.getState()
      const away = state.state === 'lost' || (state.state === 'connecting' && lostSince !== null)
      connectionStore.setState({ state, lostSince: away ? (lostSince ?? Date.now()) : null })
      if (state.state === 'lost') drop(askWhyLost(), 'the page shows what it finds')
    }),
  )

  /** A host that was started again has another token: then the events only end, and a plain question says why. */
  async function askWhyLost(): Promise<void> {
    const answer = await client.app.status()
    if (answer.ok || answer.error.code !== 'unauthenticated') return
    connectionStore.setState({ refused: answer.error })
    // Trying on with a token of yesterday brings nothing but refusals, which the owner counts.
    end()
  }

  const forwards = list<Forward>('forwards')
  const traffic: AppState['traffic'] = createStore(() => ({
    samples: new Map() as ReadonlyMap<string, readonly TrafficSample[]>,
  }))
  const sampler = setInterval(() => {
    if (document.visibilityState !== 'visible') return
    const at = Date.now()
    const before = traffic.getState().samples
    const next = new Map<string, readonly TrafficSample[]>()
    for (const { id, state, observed } of forwards.getState().items.values()) {
      if (state === 'off') continue
      const { bytesIn, bytesOut } = observed
      next.set(id, addSample(before.get(id) ?? [], { at, bytesIn, bytesOut }))
    }
    traffic.setState({ samples: next })
  }, 1000)
  ends.push(() => clearInterval(sampler))

  // Who comes back may have mended what a forward waits for: signed in, connected a VPN.
  const back = (): void => {
    if (document.visibilityState !== 'visible') return
    const waits = [...forwards.getState().items.values()].some(({ state }) => state === 'holding')
    if (waits) drop(client.app.hint({ kind: 'focus' }), 'what it brings comes with the events')
  }
  addEventListener('focus', back)
  document.addEventListener('visibilitychange', back)
  ends.push(() => {
    removeEventListener('focus', back)
    document.removeEventListener('visibilitychange', back)
  })

  const removals = createRemovals(client, onFailure)
  ends.push(() => removals.close())

  return {
    client,
    removals,
    connectionTests: createConnectionTests(client),
    shell: connection.shell,
    kind: connection.kind,
    connection: connectionStore,
    clusters: list<Cluster>('clusters'),
    forwards,
    vault: keepValue(
      'vault',
      createStore<{ value: VaultStatus | null }>()(() => ({ value: null })),
    ),
    settings: keepValue(
      'settings',
      createStore<{ value: Settings | null }>()(() => ({ value: null })),
    ),
    app: keepValue(
      'app',
      createStore<{ value: AppStatus | null }>()(() => ({ value: null })),
    ),
    traffic,
    close: end,
  }
}
