import type { Cluster } from '../../../../contract/clusters.ts'
import { environmentWord } from '../../components/environment.tsx'

/** Clusters in which every word of the filter occurs: in name, environment, server, context, version or a label. */
export function filterClusters(clusters: readonly Cluster[], filter: string): readonly Cluster[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return clusters
  return clusters.filter((cluster) => {
    const labels = Object.entries(cluster.labels).map(([name, value]) => `${name}=${value}`)
    const text = [
      cluster.name,
      cluster.environment,
      cluster.server,
      cluster.context,
      cluster.status.serverVersion,
      cluster.status.status,
      ...labels,
    ]
      .join(' ')
      .toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export type ClusterGroup = { key: string; environment: string | null | undefined; clusters: readonly Cluster[] }

const usualOrder = ['production', 'staging', 'development']
const place = (environment: string | null): number => {
  if (environment === null) return usualOrder.length + 1
  const index = usualOrder.indexOf(environment)
  return index === -1 ? usualOrder.length : index
}

/** What the head of a group says. */
export const groupTitle = ({ environment }: ClusterGroup): string =>
  environment === undefined ? 'all' : environment === null ? 'No environment' : environmentWord(environment)

/**
 * The place in the user's own order (from 0) that puts a cluster before or after another one.
 * `order` is all clusters in their order; null: it is there already.
 */
export function placeBeside(
  order: readonly Pick<Cluster, 'id'>[],
  id: string,
  other: string,
  side: 'before' | 'after',
): number | null {
  const from = order.findIndex((each) => each.id === id)
  const at = order.findIndex((each) => each.id === other)
  if (from === -1 || at === -1 || from === at) return null
  // Its own place is counted without itself.
  const place = at + (side === 'after' ? 1 : 0) - (from < at ? 1 : 0)
  return place === from ? null : place
}

/** Clusters by environment: production, staging, development, then others by name, then those without one. */
export function groupClusters(clusters: readonly Cluster[], by: 'environment' | 'none'): readonly ClusterGroup[] {
  if (by === 'none') return [{ key: 'all', environment: undefined, clusters }]
  const groups = new Map<string | null, Cluster[]>()
  for (const cluster of clusters) {
    const group = groups.get(cluster.environment)
    if (group === undefined) groups.set(cluster.environment, [cluster])
    else group.push(cluster)
  }
  return [...groups]
    .sort(([a], [b]) => place(a) - place(b) || (a ?? '').localeCompare(b ?? ''))
    .map(([environment, members]) => ({ key: `environment ${environment ?? ''}`, environment, clusters: members }))
}
