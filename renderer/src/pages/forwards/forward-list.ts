import type { Cluster } from '../../../../contract/clusters.ts'
import type { Forward, ForwardState } from '../../../../contract/forwards.ts'
import { addressWord, targetWord } from './forward-words.ts'

export type ForwardFilter = { readonly text: string; readonly states: readonly ForwardState[] }

/** Forwards in which every word occurs: in name, cluster, namespace, target, address, pod, group, cause or a label. */
export function filterForwards(
  forwards: readonly Forward[],
  filter: ForwardFilter,
  clusterName: (id: string) => string,
): readonly Forward[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return forwards.filter((forward) => {
    if (filter.states.length > 0 && !filter.states.includes(forward.state)) return false
    if (words.length === 0) return true
    const text = [
      forward.name,
      clusterName(forward.clusterId),
      forward.namespace,
      targetWord(forward.target),
      forward.observed.pod,
      forward.group,
      forward.cause?.code,
      ...forward.ports.map((port) => `${addressWord(port)} ${port.remote}`),
      ...Object.entries(forward.labels).map(([name, value]) => `${name}=${value}`),
    ]
      .join(' ')
      .toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export const shownStates: readonly ForwardState[] = ['live', 'starting', 'recovering', 'holding', 'stopping', 'off']

/** How many forwards are in each state. */
export function countStates(forwards: readonly Forward[]): ReadonlyMap<ForwardState, number> {
  const counts = new Map<ForwardState, number>()
  for (const { state } of forwards) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}

export type ForwardGroup = {
  readonly key: string
  readonly title: string | null
  readonly cluster: Cluster | null
  readonly forwards: readonly Forward[]
}

/** Forwards by cluster (in the user's order of clusters) or by group, each sorted by name: rows never jump with their state. */
export function groupForwards(
  forwards: readonly Forward[],
  by: 'cluster' | 'group' | 'none',
  clusters: readonly Cluster[],
): readonly ForwardGroup[] {
  const byName = (list: readonly Forward[]): Forward[] =>
    [...list].sort((a, b) => a.name.localeCompare(b.name) || a.createdAt - b.createdAt)
  if (by === 'none') return [{ key: 'all', title: null, cluster: null, forwards: byName(forwards) }]
  const groups = new Map<string, Forward[]>()
  for (const forward of forwards) {
    const key = by === 'cluster' ? forward.clusterId : (forward.group ?? '')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [forward])
    else group.push(forward)
  }
  const place = (id: string): number => clusters.findIndex((cluster) => cluster.id === id)
  return [...groups]
    .sort(([a], [b]) =>
      by === 'cluster' ? place(a) - place(b) : Number(a === '') - Number(b === '') || a.localeCompare(b),
    )
    .map(([key, members]) => {
      const cluster = by === 'cluster' ? (clusters.find((each) => each.id === key) ?? null) : null
      const title = by === 'cluster' ? (cluster?.name ?? 'Unknown cluster') : key === '' ? 'No group' : key
      return { key: `${by} ${key}`, title, cluster, forwards: byName(members) }
    })
}
