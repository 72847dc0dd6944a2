import { createContext, useContext, useMemo } from 'react'
import { useStore } from 'zustand'
import type { AppError } from '../../../contract/errors.ts'
import type { ConnectionState } from '../../../contract/client.ts'
import type { Cluster } from '../../../contract/clusters.ts'
import type { Forward } from '../../../contract/forwards.ts'
import type { AppStatus, Settings, VaultStatus } from '../../../contract/system.ts'
import type { AppState } from './app-state.ts'
import type { ListState } from './list-state.ts'
import type { TrafficSample } from './traffic-history.ts'

export const AppStateContext = createContext<AppState | null>(null)

/** The state of the running page; a component outside of it is a bug. */
export function useAppState(): AppState {
  const state = useContext(AppStateContext)
  if (state === null) throw new Error('AppStateContext is missing')
  return state
}

export const useClient = (): AppState['client'] => useAppState().client

export const useClusters = (): ListState<Cluster> => useStore(useAppState().clusters)
export const useCluster = (id: string | null): Cluster | undefined =>
  useStore(useAppState().clusters, (list) => (id === null ? undefined : list.items.get(id)))

export const useForwards = (): ListState<Forward> => useStore(useAppState().forwards)
export const useForward = (id: string): Forward | undefined =>
  useStore(useAppState().forwards, (list) => list.items.get(id))

export const useVault = (): VaultStatus | null => useStore(useAppState().vault, ({ value }) => value)
export const useSettings = (): Settings | null => useStore(useAppState().settings, ({ value }) => value)
export const useAppStatus = (): AppStatus | null => useStore(useAppState().app, ({ value }) => value)
export const useConnection = (): { state: ConnectionState; lostSince: number | null; refused: AppError | null } =>
  useStore(useAppState().connection)

/** False while the owner does not answer: what is shown may have changed, so nothing of it is shown as good. */
export const useFresh = (): boolean => useStore(useAppState().connection, ({ lostSince }) => lostSince === null)

const noSamples: readonly TrafficSample[] = []
export const useTraffic = (forwardId: string): readonly TrafficSample[] =>
  useStore(useAppState().traffic, ({ samples }) => samples.get(forwardId) ?? noSamples)

/** Clusters in the user's own order. */
export function useOrderedClusters(): Cluster[] {
  const { items } = useClusters()
  return useMemo(
    () => [...items.values()].sort((a, b) => a.position - b.position || a.name.localeCompare(b.name)),
    [items],
  )
}

/** When a forward's removal began, if it can still be undone; null: it stays. */
export const useRemoval = (forwardId: string): number | null =>
  useStore(useAppState().removals.pending, ({ forwards }) => forwards.get(forwardId)?.at ?? null)
