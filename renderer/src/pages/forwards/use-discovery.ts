import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient } from '../../state/use-app-state.ts'
import { useSettled } from '../../state/use-settled.ts'
import { type PodFilter, type TargetGroup, targetGroups } from './target-options.ts'

export type Discovery = {
  readonly namespaces: readonly string[]
  readonly groups: readonly TargetGroup[]
  readonly looking: boolean
  /** Why something is not offered; the form takes free text all the same. */
  readonly errors: readonly AppError[]
}

const noGroups: readonly TargetGroup[] = []

/**
 * What a cluster and a namespace offer to forward to. Nothing is asked before a cluster is chosen, and nothing about a
 * namespace that is still being typed; questions that nobody needs any more are cancelled.
 */
export function useDiscovery(clusterId: string, typedNamespace: string, podFilter: PodFilter): Discovery {
  const client = useClient()
  const namespace = useSettled(typedNamespace)
  const typing = clusterId !== '' && namespace !== typedNamespace
  const inCluster = { enabled: clusterId !== '', staleTime: 10_000 }
  const inNamespace = { enabled: clusterId !== '' && namespace !== '', staleTime: 5000 }
  const id = clusterId
  const namespaces = useQuery({
    queryKey: ['namespaces', id],
    queryFn: ({ signal }) => valueOf(client.clusters.namespaces({ id }, signal)),
    ...inCluster,
  })
  const services = useQuery({
    queryKey: ['services', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.services({ id, namespace }, signal)),
    ...inNamespace,
  })
  const workloads = useQuery({
    queryKey: ['workloads', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.workloads({ id, namespace }, signal)),
    ...inNamespace,
  })
  const pods = useQuery({
    queryKey: ['pods', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.pods({ id, namespace }, signal)),
    ...inNamespace,
  })
  const groups = useMemo(
    () => targetGroups(services.data ?? [], workloads.data ?? [], pods.data ?? [], podFilter),
    [services.data, workloads.data, pods.data, podFilter],
  )
  const queries = [namespaces, services, workloads, pods]
  const errors = queries.flatMap(({ error }) => (error === null ? [] : [errorOf(error)]))
  return {
    namespaces: (namespaces.data ?? []).map(({ name }) => name),
    // What the namespace of a moment ago holds must not be chosen for this one.
    groups: typing ? noGroups : groups,
    looking: typing || queries.some(({ isFetching, data }) => isFetching && data === undefined),
    // One dead cluster fails four times for one reason.
    errors: errors.filter((error, index) => errors.findIndex(({ message }) => message === error.message) === index),
  }
}
