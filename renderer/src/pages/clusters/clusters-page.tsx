import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useMemo } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import { Button, buttonClass } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { FilterInput } from '../../components/filter-input.tsx'
import { useGridNavigation } from '../../components/grid-navigation.ts'
import { Spacer, Toolbar } from '../../components/page.tsx'
import split from '../../components/split.module.css'
import { TableHead } from '../../components/table-head.tsx'
import table from '../../components/table.module.css'
import { VirtualRows } from '../../components/virtual-rows.tsx'
import { useRemembered } from '../../state/remembered.ts'
import { useClusters, useFresh, useOrderedClusters, useSettings } from '../../state/use-app-state.ts'
import { ClusterDialogs } from './cluster-dialogs.tsx'
import { ClusterRow } from './cluster-row.tsx'
import { type ClusterGroup, filterClusters, groupClusters, groupTitle } from './cluster-list.ts'
import styles from './clusters-page.module.css'
import { FirstCluster } from './first-cluster.tsx'
import { useClusterActions } from './use-cluster-actions.ts'
import { useMoveCluster } from './use-move-cluster.ts'
import { counted } from './words.ts'

/** All clusters, and the detail of one beside them. */
export function ClustersPage() {
  const { loaded } = useClusters()
  const clusters = useOrderedClusters()
  if (!loaded) return <p className="visually-hidden">Loading clusters</p>
  return (
    <div className={split.split}>
      <div className={split.list}>{clusters.length === 0 ? <FirstCluster /> : <ClusterList clusters={clusters} />}</div>
      <Outlet />
      <ClusterDialogs />
    </div>
  )
}

type TableRow =
  | { readonly key: string; readonly isHead: true; readonly group: ClusterGroup }
  | { readonly key: string; readonly isHead: false; readonly cluster: Cluster; readonly group: ClusterGroup }

const headings = [
  'Order',
  'State',
  'Name',
  'Environment',
  'Server',
  'Version',
  'Signs in with',
  'Forwards',
  'Checked',
  'Actions',
]
/** A cluster that cannot be reached has a second line that says why. */
const estimate = (row: TableRow): number => (row.isHead ? 32 : row.cluster.status.status === 'disconnected' ? 54 : 28)

function ClusterList({ clusters }: { clusters: readonly Cluster[] }) {
  const navigate = useNavigate()
  const { q = '' } = useSearch({ from: '/clusters' })
  const { clusterId } = useParams({ strict: false })
  const [grouping, setGrouping] = useRemembered('clusters.group', ['environment', 'none'], 'environment')
  const shown = useMemo(() => filterClusters(clusters, q), [clusters, q])
  const groups = useMemo(() => groupClusters(shown, grouping), [shown, grouping])
  const letters = useSettings()?.singleKeyShortcuts ?? true
  const actions = useClusterActions()
  const open = (id: string) =>
    void navigate({ to: '/clusters/$clusterId', params: { clusterId: id }, search: (old) => old })
  const ids = useMemo(() => groups.flatMap((group) => group.clusters.map(({ id }) => id)), [groups])
  const rows = useMemo(
    () =>
      groups.flatMap((group): TableRow[] => [
        ...(group.environment !== undefined && (groups.length > 1 || group.environment !== null)
          ? [{ key: group.key, isHead: true as const, group }]
          : []),
        ...group.clusters.map((cluster) => ({ key: cluster.id, isHead: false as const, cluster, group })),
      ]),
    [groups],
  )
  const move = useMoveCluster(clusters, groups)
  const { ref, onKeyDown, onFocus, tabStop, focusRow } = useGridNavigation(
    (event, id, inRow) => {
      const cluster = clusters.find((each) => each.id === id)
      if (cluster === undefined || !inRow) return false
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown'))
        move.by(cluster, event.key === 'ArrowUp' ? -1 : 1)
      else if (event.ctrlKey || event.metaKey || event.altKey) return false
      else if (event.key === 'Enter') open(id)
      else if (event.key === 't') actions.test(cluster)
      else if (event.key === 'f') actions.newForward(cluster)
      else if (event.key === 'Escape' && clusterId !== undefined)
        void navigate({ to: '/clusters', search: (old) => old })
      else return false
      return true
    },
    { ids, openId: clusterId ?? null, letters, onFocusRow: () => undefined },
  )
  const fresh = useFresh()
  const disconnected = clusters.filter((cluster) => cluster.status.status === 'disconnected').length
  return (
    <>
      <Toolbar title="Clusters">
        <Link to="/clusters/add" className={buttonClass('primary')}>
          <Plus aria-hidden size={14} />
          Add clusters
        </Link>
        <FilterInput
          label="Filter clusters"
          value={q}
          onChange={(next) =>
            void navigate({ to: '.', search: (old) => ({ ...old, q: next === '' ? undefined : next }), replace: true })
          }
          onLeave={() => tabStop !== null && focusRow(tabStop)}
        />
        <Spacer />
        <span className={styles.summary}>
          {counted(clusters.length, 'cluster', 'clusters')}
          {disconnected > 0 && ` · ${disconnected} ${fresh ? '' : 'was '}disconnected`}
        </span>
        <Button
          look="quiet"
          aria-pressed={grouping === 'environment'}
          onClick={() => setGrouping(grouping === 'environment' ? 'none' : 'environment')}
        >
          {grouping === 'environment' ? 'Grouped by environment' : 'Group by environment'}
        </Button>
      </Toolbar>
      {shown.length === 0 ? (
        <EmptyState
          title={`No cluster matches “${q}”.`}
          actions={
            <Button onClick={() => void navigate({ to: '.', search: (old) => ({ ...old, q: undefined }) })}>
              Clear filter
            </Button>
          }
        />
      ) : (
        <div
          ref={ref}
          role="grid"
          aria-label="Clusters"
          aria-rowcount={rows.length + 1}
          className={table.table}
          onKeyDown={onKeyDown}
          onFocus={onFocus}
        >
          <div className={styles.columns}>
            <TableHead headings={headings} />
            <VirtualRows rows={rows} keep={tabStop} estimate={estimate}>
              {(row, place) =>
                row.isHead ? (
                  <div role="row" {...place} className={table.group}>
                    <span role="gridcell" aria-colspan={headings.length} className={table.groupName}>
                      {groupTitle(row.group)} <span className={table.groupAside}>{row.group.clusters.length}</span>
                      <span className="visually-hidden">
                        {row.group.clusters.length === 1 ? ' cluster' : ' clusters'}
                      </span>
                    </span>
                  </div>
                ) : (
                  <ClusterRow
                    cluster={row.cluster}
                    open={row.key === clusterId}
                    tabStop={row.key === tabStop}
                    index={place['data-index']}
                    measure={place.ref}
                    drop={move.drop?.id === row.key ? move.drop.side : null}
                    move={move}
                    onOpen={open}
                  />
                )
              }
            </VirtualRows>
          </div>
        </div>
      )}
      <p role="status" className="visually-hidden">
        {move.said}
      </p>
    </>
  )
}
