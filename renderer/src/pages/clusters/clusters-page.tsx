import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { Fragment, useMemo } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import { Button, buttonClass } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { environmentWord } from '../../components/environment.tsx'
import { FilterInput } from '../../components/filter-input.tsx'
import { useGridNavigation } from '../../components/grid-navigation.ts'
import { Spacer, Toolbar } from '../../components/page.tsx'
import split from '../../components/split.module.css'
import table from '../../components/table.module.css'
import { useRemembered } from '../../state/remembered.ts'
import { useClusters, useOrderedClusters, useSettings } from '../../state/use-app-state.ts'
import { ClusterDialogs } from './cluster-dialogs.tsx'
import { ClusterRow } from './cluster-row.tsx'
import { filterClusters, groupClusters } from './cluster-list.ts'
import styles from './clusters-page.module.css'
import { FirstCluster } from './first-cluster.tsx'
import { useClusterActions } from './use-cluster-actions.ts'
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

function ClusterList({ clusters }: { clusters: readonly Cluster[] }) {
  const navigate = useNavigate()
  const { q = '' } = useSearch({ from: '/clusters' })
  const { clusterId } = useParams({ strict: false })
  const [grouping, setGrouping] = useRemembered('clusters.group', ['environment', 'none'], 'environment')
  const shown = useMemo(() => filterClusters(clusters, q), [clusters, q])
  const groups = useMemo(() => groupClusters(shown, grouping), [shown, grouping])
  const letters = useSettings()?.singleKeyShortcuts ?? true
  const actions = useClusterActions()
  const open = (id: string) => void navigate({ to: '/clusters/$clusterId', params: { clusterId: id }, search: (old) => old }) // prettier-ignore
  const { ref, onKeyDown } = useGridNavigation(
    (event, id, inRow) => {
      const cluster = clusters.find((each) => each.id === id)
      if (cluster === undefined || !inRow) return false
      if (event.key === 'Enter') open(id)
      else if (event.key === 't') actions.test(cluster)
      else if (event.key === 'f') actions.newForward(cluster)
      else if (event.key === 'Escape' && clusterId !== undefined)
        void navigate({ to: '/clusters', search: (old) => old })
      else return false
      return true
    },
    { letters, onFocusRow: () => undefined },
  )
  const stop = shown.some((cluster) => cluster.id === clusterId) ? clusterId : groups[0]?.clusters[0]?.id
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
          onChange={(next) => void navigate({ to: '.', search: (old) => ({ ...old, q: next === '' ? undefined : next }), replace: true })} // prettier-ignore
          onLeave={() => ref.current?.querySelector<HTMLElement>('[data-row-id]')?.focus()}
        />
        <Spacer />
        <span className={styles.summary}>
          {counted(clusters.length, 'cluster', 'clusters')}
          {disconnected > 0 && ` · ${disconnected} disconnected`}
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
          aria-rowcount={shown.length + 1}
          className={table.table}
          onKeyDown={onKeyDown}
        >
          {/* prettier-ignore */}
          <div className={styles.columns}>
            <div role="row" className={table.head}>
              {['State', 'Name', 'Environment', 'Server', 'Version', 'Signs in with', 'Forwards', 'Checked', ''].map(
                (words) => (
                  <span key={words} role="columnheader" className={table.cell}>
                    {words === '' ? <span className="visually-hidden">Actions</span> : words}
                  </span>
                ),
              )}
            </div>
            {groups.map((group) => (
              <Fragment key={group.key}>
                {group.environment !== undefined && (groups.length > 1 || group.environment !== null) && (
                  <div role="row" className={table.group}>
                    <span role="gridcell" aria-colspan={9} className={table.groupName}>
                      {group.environment === null ? 'No environment' : environmentWord(group.environment)}{' '}
                      <span className={table.groupAside}>{group.clusters.length}</span>
                    </span>
                  </div>
                )}
                {group.clusters.map((cluster) => (
                  <ClusterRow
                    key={cluster.id}
                    cluster={cluster}
                    open={cluster.id === clusterId}
                    tabStop={cluster.id === stop}
                    onOpen={open}
                  />
                ))}
              </Fragment>
            ))}
          </div>
        </div>
      )}
    </>
  )
}
