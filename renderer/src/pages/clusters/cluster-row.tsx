import { GripVertical, MoreHorizontal } from 'lucide-react'
import { memo } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import { IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { clusterColour, EnvironmentWord, markClass } from '../../components/environment.tsx'
import { Menu } from '../../components/menu.tsx'
import { MiddleCut } from '../../components/middle-cut.tsx'
import table from '../../components/table.module.css'
import { TimeSince } from '../../components/time-since.tsx'
import type { RowPlace } from '../../components/virtual-rows.tsx'
import { Words } from '../../components/words.tsx'
import styles from './clusters-page.module.css'
import { ClusterState } from './cluster-state-word.tsx'
import { LookAtCommand } from './look-at-command.tsx'
import { useClusterActions } from './use-cluster-actions.ts'
import type { MoveCluster } from './use-move-cluster.ts'
import { authList } from './words.ts'

/** One cluster in the list. A click opens it; what it says about being connected always carries its age. */
export const ClusterRow = memo(function ClusterRow({
  cluster,
  open,
  tabStop,
  index,
  measure,
  drop,
  move,
  onOpen,
}: {
  cluster: Cluster
  open: boolean
  tabStop: boolean
  /** Its place among all rows of the table, heads of groups too. */
  index: number
  measure: RowPlace['ref']
  /** A dragged row would go here. */
  drop: 'before' | 'after' | null
  move: MoveCluster
  onOpen: (id: string) => void
}) {
  const actions = useClusterActions()
  const { status } = cluster
  return (
    <div
      role="row"
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      data-row-id={cluster.id}
      data-drop={drop ?? undefined}
      data-open={open || undefined}
      aria-selected={open}
      tabIndex={tabStop ? 0 : -1}
      className={classNames(table.row, markClass(clusterColour(cluster)))}
      onClick={() => onOpen(cluster.id)}
    >
      <span role="gridcell" className={styles.order} onClick={(event) => event.stopPropagation()}>
        <span className={styles.handle} title="Drag, or Alt+Up and Alt+Down" {...move.handle(cluster)}>
          <GripVertical aria-hidden size={14} />
        </span>
      </span>
      <span role="gridcell" className={table.cell}>
        <ClusterState cluster={cluster} />
      </span>
      <span role="gridcell" className={classNames(table.cell, table.name)} title={cluster.name}>
        <MiddleCut text={cluster.name} />
      </span>
      <span role="gridcell" className={classNames(table.cell, styles.environment)}>
        <EnvironmentWord cluster={cluster} />
      </span>
      <span
        role="gridcell"
        className={classNames(table.cell, table.mono, table.muted, styles.server)}
        title={cluster.server}
      >
        {cluster.server.replace(/^https:\/\//, '')}
      </span>
      <span role="gridcell" className={classNames(table.cell, table.muted, styles.version)}>
        {status.serverVersion ?? ''}
      </span>
      <span role="gridcell" className={classNames(table.cell, table.muted, styles.auth)}>
        {authList(cluster.authKinds)}
      </span>
      <span role="gridcell" className={classNames(table.cell, table.number, styles.forwards)}>
        {cluster.forwards.total === 0 ? (
          <span className={table.muted}>none</span>
        ) : (
          `${cluster.forwards.on} of ${cluster.forwards.total} on`
        )}
      </span>
      <span role="gridcell" className={classNames(table.cell, table.muted, table.number, styles.checked)}>
        {status.checkedAt === null ? 'never' : <TimeSince at={status.checkedAt} suffix />}
      </span>
      {status.status === 'disconnected' && status.cause !== null && (
        <span role="gridcell" aria-colspan={7} className={styles.cause}>
          <Words>{status.cause.message}</Words> <span className={styles.next}>{status.cause.next}</span>{' '}
          <LookAtCommand clusterId={cluster.id} cause={status.cause} />
        </span>
      )}
      <span role="gridcell" className={styles.menu} onClick={(event) => event.stopPropagation()}>
        <Menu
          trigger={
            <IconButton label={`Actions for ${cluster.name}`} tabIndex={-1} data-cell-focus>
              <MoreHorizontal aria-hidden size={16} />
            </IconButton>
          }
          entries={[
            ...actions.menu(cluster),
            { kind: 'separator', id: 'line-order' },
            { kind: 'action', id: 'up', words: 'Move up', keys: 'Alt+ArrowUp', run: () => move.by(cluster, -1) },
            { kind: 'action', id: 'down', words: 'Move down', keys: 'Alt+ArrowDown', run: () => move.by(cluster, 1) },
          ]}
        />
      </span>
    </div>
  )
})
