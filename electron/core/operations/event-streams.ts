import type { ConnectionTest } from '../../../contract/clusters.ts'
import type { AppStatus } from '../../../contract/system.ts'
import type { ClusterService } from '../clusters/cluster-service.ts'
import type { ForwardService } from '../forwards/forward-service.ts'
import type { SettingsService } from '../settings/settings-service.ts'
import type { Vault } from '../vault/vault.ts'
import type { EventHub } from './event-hub.ts'

/** Everything whose changes are told to clients. */
export type StreamSources = {
  readonly clusters: Pick<ClusterService, 'list' | 'get' | 'onChange'>
  readonly forwards: Pick<ForwardService, 'list' | 'get' | 'output' | 'onChange' | 'onOutput'>
  readonly vault: Pick<Vault, 'status' | 'onChange'>
  readonly settings: Pick<SettingsService, 'get' | 'onChange'>
  readonly appStatus: () => AppStatus
  /** Each tells that `appStatus` is another one. */
  readonly appChanges: readonly ((listener: () => void) => unknown)[]
  /** The last connection test of a cluster. */
  readonly testOf: (clusterId: string) => ConnectionTest | null
}

/** Connects what changes with the streams of contract/events.ts; `cluster-test` changes are published where tests run. */
export function publishStreams(hub: EventHub, sources: StreamSources): void {
  const { clusters, forwards, vault, settings, appStatus, appChanges, testOf } = sources
  hub.source('clusters', () => clusters.list())
  hub.source('forwards', () => forwards.list())
  hub.source('vault', () => vault.status())
  hub.source('settings', () => settings.get())
  hub.source('app', appStatus)
  hub.source('cluster-test', (id) => (id === null || clusters.get(id) === null ? undefined : testOf(id)))
  hub.source('forward-output', (id) => (id === null ? undefined : forwards.output(id)))

  clusters.onChange(({ id, kind }) => {
    const cluster = clusters.get(id)
    if (kind === 'removed') hub.publish('clusters', 'gone', { id })
    else if (cluster !== null) hub.publish('clusters', 'change', cluster)
  })
  forwards.onChange(({ id, kind }) => {
    const forward = forwards.get(id)
    if (kind === 'gone' || forward === null) hub.publish('forwards', 'gone', { id })
    else hub.publish('forwards', 'change', forward)
  })
  forwards.onOutput(({ id, lines }) => hub.publish(`forward-output:${id}`, 'change', lines))
  vault.onChange((status) => hub.publish('vault', 'change', status))
  settings.onChange((changed) => hub.publish('settings', 'change', changed))
  for (const listen of appChanges) listen(() => hub.publish('app', 'change', appStatus()))
}
