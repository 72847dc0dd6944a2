import type { Cluster } from '../../../../contract/clusters.ts'
import { type Forward, type ForwardState, targetWord } from '../../../../contract/forwards.ts'
import { addressWord } from './forward-words.ts'

export type ForwardFilter = { readonly text: string; readonly states: readonly ForwardState[] }

/** What each forward is found by. Forwards are never changed in place, so it is made once for each state of one. */
const texts = new WeakMap<Forward, string>()

function textOf(forward: Forward): string {
  const known = texts.get(forward)
  if (known !== undefined) return known
  const text = [
    forward.name,
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
  texts.set(forward, text)
  return text
}

/** Forwards in which every word occurs: in name, cluster, namespace, target, address, pod, group, cause or a label. */
export function filterForwards(
  forwards: readonly Forward[],
  filter: ForwardFilter,
  clusters: readonly Pick<Cluster, 'id' | 'name'>[],
): readonly Forward[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const names = new Map(clusters.map(({ id, name }) => [id, name.toLowerCase()]))
  return forwards.filter((forward) => {
    if (filter.states.length > 0 && !filter.states.includes(forward.state)) return false
    if (words.length === 0) return true
    const text = textOf(forward)
    const clusterName = names.get(forward.clusterId) ?? ''
    return words.every((word) => text.includes(word) || clusterName.includes(word))
  })
}

/** web-2 before web-10. */
const { compare } = new Intl.Collator(undefined, { numeric: true })

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
    [...list].sort((a, b) => compare(a.name, b.name) || a.createdAt - b.createdAt)
  if (by === 'none') return [{ key: 'all', title: null, cluster: null, forwards: byName(forwards) }]
  const groups = new Map<string, Forward[]>()
  for (const forward of forwards) {
    const key = by === 'cluster' ? forward.clusterId : (forward.group ?? '')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [forward])
    else group.push(forward)
  }
  const places = new Map(clusters.map(({ id }, index) => [id, index]))
  const place = (id: string): number => places.get(id) ?? -1
  return [...groups]
    .sort(([a], [b]) => (by === 'cluster' ? place(a) - place(b) : Number(a === '') - Number(b === '') || compare(a, b)))
    .map(([key, members]) => {
      const cluster = by === 'cluster' ? (clusters.find((each) => each.id === key) ?? null) : null
      const title = by === 'cluster' ? (cluster?.name ?? 'Unknown cluster') : key === '' ? 'No group' : key
      return { key: `${by} ${key}`, title, cluster, forwards: byName(members) }
    })
}
