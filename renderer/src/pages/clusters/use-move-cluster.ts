import { type PointerEvent, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import { drop as floating } from '../../../../contract/drop.ts'
import { tellFailure } from '../../components/toast-manager.ts'
import { useClient } from '../../state/use-app-state.ts'
import { type ClusterGroup, groupTitle, placeBeside } from './cluster-list.ts'

type Side = 'before' | 'after'
type Drop = { readonly id: string; readonly side: Side }

/** Changes the user's own order of clusters, by keys, menu, or by dragging a row's handle. */
export type MoveCluster = {
  /** One row up (-1) or down (1) among the rows of its group. */
  by: (cluster: Cluster, step: -1 | 1) => void
  /** What a drag's handle listens to. */
  handle: (
    cluster: Cluster,
  ) => Record<
    'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel',
    (event: PointerEvent<HTMLElement>) => void
  >
  /** Where the dragged row would go. */
  drop: Drop | null
  /** Said to those who listen, after a move. */
  said: string
}

/** How near to an edge of the list a drag scrolls it, and by how much (px). */
const edge = 40

export function useMoveCluster(order: readonly Cluster[], groups: readonly ClusterGroup[]): MoveCluster {
  const client = useClient()
  const [drop, setDrop] = useState<Drop | null>(null)
  const [said, setSaid] = useState('')
  const dragged = useRef<string | null>(null)
  const moved = useRef<string | null>(null)
  const latest = useRef({ order, groups, drop })
  useLayoutEffect(() => {
    latest.current = { order, groups, drop }
  })
  useLayoutEffect(() => {
    // A row that changes its place loses the focus on the way.
    if (moved.current !== null && document.activeElement === document.body)
      document.querySelector<HTMLElement>(`[data-row-id="${CSS.escape(moved.current)}"]`)?.focus()
    moved.current = null
  }, [order])

  const beside = useCallback(
    (cluster: Cluster, { id, side }: Drop) => {
      const { order: now, groups: shown } = latest.current
      const position = placeBeside(now, cluster.id, id, side)
      const group = groupOf(shown, cluster.id)
      if (position === null || group === undefined) return
      const rest = group.clusters.filter((each) => each.id !== cluster.id)
      const place = rest.findIndex((each) => each.id === id) + (side === 'after' ? 2 : 1)
      floating(
        client.clusters.update({ id: cluster.id, position }).then((result) => {
          moved.current = cluster.id
          if (result.ok) setSaid(`${cluster.name} is ${place} of ${group.clusters.length} in ${groupTitle(group)}.`)
          else tellFailure(result.error)
        }),
        'the clusters stream shows the new order',
      )
    },
    [client],
  )

  return useMemo(
    () => ({
      drop,
      said,
      by: (cluster, step) => {
        const members = groupOf(latest.current.groups, cluster.id)?.clusters ?? []
        const neighbour = members[members.findIndex(({ id }) => id === cluster.id) + step]
        if (neighbour !== undefined) beside(cluster, { id: neighbour.id, side: step === 1 ? 'after' : 'before' })
      },
      handle: (cluster) => ({
        onPointerDown: (event) => {
          if (event.button !== 0) return
          event.preventDefault()
          event.currentTarget.setPointerCapture(event.pointerId)
          dragged.current = cluster.id
        },
        onPointerMove: ({ clientX, clientY, currentTarget }) => {
          if (dragged.current !== cluster.id) return
          const list = currentTarget.closest('[role="grid"]')
          const box = list?.getBoundingClientRect()
          if (box !== undefined && clientY < box.top + 2 * edge) list?.scrollBy(0, -edge / 2)
          if (box !== undefined && clientY > box.bottom - edge) list?.scrollBy(0, edge / 2)
          setDrop(dropAt(clientX, clientY, groupOf(latest.current.groups, cluster.id), cluster.id))
        },
        onPointerUp: () => {
          const target = latest.current.drop
          dragged.current = null
          setDrop(null)
          if (target !== null) beside(cluster, target)
        },
        onPointerCancel: () => {
          dragged.current = null
          setDrop(null)
        },
      }),
    }),
    [beside, drop, said],
  )
}

const groupOf = (groups: readonly ClusterGroup[], id: string): ClusterGroup | undefined =>
  groups.find(({ clusters }) => clusters.some((each) => each.id === id))

/** The row under the pointer, if it is another one of the same group. */
function dropAt(x: number, y: number, group: ClusterGroup | undefined, own: string): Drop | null {
  const row = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-row-id]')
  const id = row?.dataset.rowId
  if (row === null || row === undefined || id === undefined || id === own) return null
  if (group?.clusters.some((each) => each.id === id) !== true) return null
  const { top, height } = row.getBoundingClientRect()
  return { id, side: y < top + height / 2 ? 'before' : 'after' }
}
