import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Cable, MoreHorizontal, Stethoscope } from 'lucide-react'
import { Button, IconButton } from '../../components/button.tsx'
import { DetailPane } from '../../components/detail-pane.tsx'
import detail from '../../components/detail.module.css'
import { EmptyState } from '../../components/empty-state.tsx'
import { EnvironmentWord } from '../../components/environment.tsx'
import { Menu } from '../../components/menu.tsx'
import { Tabs } from '../../components/tabs.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { useEscape } from '../../components/use-escape.ts'
import { useClient, useCluster, useClusters, useFresh } from '../../state/use-app-state.ts'
import { ConnectionTab } from './connection-tab.tsx'
import { CredentialsTab } from './credentials-tab.tsx'
import { NotesTab } from './notes-tab.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { ClusterState } from './cluster-state-word.tsx'
import { useClusterActions } from './use-cluster-actions.ts'

/** One cluster beside the list. */
export function ClusterDetail() {
  const { clusterId } = useParams({ from: '/clusters/$clusterId' })
  const { part = 'overview' } = useSearch({ from: '/clusters/$clusterId' })
  const navigate = useNavigate()
  const cluster = useCluster(clusterId)
  const { loaded } = useClusters()
  const client = useClient()
  const fresh = useFresh()
  const actions = useClusterActions()
  const close = () => {
    void navigate({ to: '/clusters', search: ({ q }) => ({ q }) }).then(() =>
      document.querySelector<HTMLElement>(`[data-row-id="${clusterId}"]`)?.focus(),
    )
  }
  useEscape(close)
  // Opening a cluster looks at it once; the outcome comes with the events, and a failure is the cluster's state.
  useQuery({
    queryKey: ['look', clusterId],
    queryFn: ({ signal }) => client.clusters.health({ id: clusterId }, signal),
    enabled: cluster !== undefined && fresh,
    staleTime: 15_000,
  })
  if (cluster === undefined) {
    if (!loaded) return null
    return (
      <DetailPane label="Cluster" title={<h2>Cluster</h2>} onClose={close}>
        <EmptyState title="There is no such cluster." actions={<Button onClick={close}>Close</Button>}>
          <p>It was removed, or the address is of another Mooring. Choose one from the list.</p>
        </EmptyState>
      </DetailPane>
    )
  }
  return (
    <DetailPane
      label={`Cluster ${cluster.name}`}
      onClose={close}
      title={
        <>
          <div className={detail.line}>
            <h2 className={detail.name}>{cluster.name}</h2>
            <EnvironmentWord cluster={cluster} />
          </div>
          <div className={detail.line}>
            <ClusterState cluster={cluster} />
            {cluster.status.checkedAt !== null && (
              <span className={detail.muted}>
                checked <TimeSince at={cluster.status.checkedAt} suffix />
              </span>
            )}
          </div>
        </>
      }
    >
      <div className={detail.actions}>
        <Button onClick={() => actions.newForward(cluster)}>
          <Cable aria-hidden size={14} />
          New forward
        </Button>
        <Button onClick={() => actions.test(cluster)}>
          <Stethoscope aria-hidden size={14} />
          Test connection
        </Button>
        <Menu
          trigger={
            <IconButton label={`More for ${cluster.name}`}>
              <MoreHorizontal aria-hidden size={16} />
            </IconButton>
          }
          entries={actions.menu(cluster)}
        />
      </div>
      <Tabs
        label={`Parts of ${cluster.name}`}
        value={part}
        onChange={(next) => void navigate({ to: '.', search: (old) => ({ ...old, part: next }), replace: true })}
        tabs={[
          { value: 'overview', words: 'Overview', panel: () => <OverviewTab key={cluster.id} cluster={cluster} /> },
          {
            value: 'connection',
            words: 'Connection',
            panel: () => <ConnectionTab key={cluster.id} cluster={cluster} />,
          },
          {
            value: 'credentials',
            words: 'Credentials',
            panel: () => <CredentialsTab key={cluster.id} cluster={cluster} />,
          },
          { value: 'notes', words: 'Notes', panel: () => <NotesTab key={cluster.id} cluster={cluster} /> },
        ]}
      />
    </DetailPane>
  )
}
