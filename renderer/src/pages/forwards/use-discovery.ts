import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient } from '../../state/use-app-state.ts'
import { useSettled } from '../../state/use-settled.ts'
import { namespaceNotice, targetNotice } from './not-there.ts'
import { targetFromText } from './target-text.ts'
import { type PodFilter, type TargetGroup, targetGroups } from './target-options.ts'

export type Discovery = {
  readonly namespaces: readonly string[]
  readonly groups: readonly TargetGroup[]
  readonly looking: boolean
  /** Why something is not offered; the form takes free text all the same. */
  readonly errors: readonly AppError[]
  /** What is not there now, for the two fields; null: it is, or nobody knows. A forward may lead to what comes later. */
  readonly notices: { readonly namespace: string | null; readonly target: string | null }
}

/** Milliseconds between two questions for what is not there yet. */
const askAgainMs = 5000
/** Milliseconds without a letter before something is said about a name. */
const typedMs = 600

const noGroups: readonly TargetGroup[] = []

/**
 * What a cluster and a namespace offer to forward to. Nothing is asked before a cluster is chosen, and nothing about a
 * namespace that is still being typed; questions that nobody needs any more are cancelled.
 */
export function useDiscovery(
  clusterId: string,
  typedNamespace: string,
  typedTarget: string,
  podFilter: PodFilter,
): Discovery {
  const client = useClient()
  const namespace = useSettled(typedNamespace)
  const target = targetFromText(useSettled(typedTarget, typedMs))
  const typing = clusterId !== '' && namespace !== typedNamespace
  const inCluster = { enabled: clusterId !== '', staleTime: 10_000 }
  const inNamespace = { enabled: clusterId !== '' && namespace !== '', staleTime: 5000 }
  const id = clusterId
  const namespaces = useQuery({
    queryKey: ['namespaces', id],
    queryFn: ({ signal }) => valueOf(client.clusters.namespaces({ id }, signal)),
    ...inCluster,
    refetchInterval: ({ state }) => namespaceNotice(namespace, { namespaces: state.data }) !== null && askAgainMs,
  })
  const services = useQuery({
    queryKey: ['services', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.services({ id, namespace }, signal)),
    ...inNamespace,
    refetchInterval: ({ state }) => targetNotice(target, namespace, { services: state.data }) !== null && askAgainMs,
  })
  const workloads = useQuery({
    queryKey: ['workloads', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.workloads({ id, namespace }, signal)),
    ...inNamespace,
    refetchInterval: ({ state }) => targetNotice(target, namespace, { workloads: state.data }) !== null && askAgainMs,
  })
  const pods = useQuery({
    queryKey: ['pods', id, namespace],
    queryFn: ({ signal }) => valueOf(client.clusters.pods({ id, namespace }, signal)),
    ...inNamespace,
    refetchInterval: ({ state }) => targetNotice(target, namespace, { pods: state.data }) !== null && askAgainMs,
  })
  const groups = useMemo(
    () => targetGroups(services.data ?? [], workloads.data ?? [], pods.data ?? [], podFilter),
    [services.data, workloads.data, pods.data, podFilter],
  )
  const known = { namespaces: namespaces.data, services: services.data, workloads: workloads.data, pods: pods.data }
  const settled = !typing && clusterId !== ''
  const queries = [namespaces, services, workloads, pods]
  const errors = queries.flatMap(({ error }) => (error === null ? [] : [errorOf(error)]))
  return {
    namespaces: (namespaces.data ?? []).map(({ name }) => name),
    // What the namespace of a moment ago holds must not be chosen for this one.
    groups: typing ? noGroups : groups,
    looking: typing || queries.some(({ isFetching, data }) => isFetching && data === undefined),
    // One dead cluster fails four times for one reason.
    errors: errors.filter((error, index) => errors.findIndex(({ message }) => message === error.message) === index),
    notices: {
      namespace: settled ? namespaceNotice(namespace, known) : null,
      target: settled ? targetNotice(target, namespace, known) : null,
    },
  }
}
