import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import type { MenuEntry } from '../../components/menu.tsx'
import { tell } from '../../components/toast-manager.ts'
import { useActiveCluster } from '../../state/active-cluster.ts'
import { useAppState } from '../../state/use-app-state.ts'
import { clusterDialog } from './cluster-dialogs.tsx'

export type ClusterActions = {
  /** Tests the connection, and shows each step. */
  test: (cluster: Cluster) => void
  newForward: (cluster: Cluster) => void
  /** The same things as a menu. */
  menu: (cluster: Cluster) => MenuEntry[]
}

/** What can be done with a cluster from a row, the detail or a key. */
export function useClusterActions(): ClusterActions {
  const navigate = useNavigate()
  const { connectionTests } = useAppState()
  const { choose, cluster: active } = useActiveCluster()
  return useMemo(() => {
    const show = (cluster: Cluster, part: 'connection' | 'credentials') =>
      void navigate({
        to: '/clusters/$clusterId',
        params: { clusterId: cluster.id },
        search: (old) => ({ ...old, part }),
      })
    const newForward = (cluster: Cluster) =>
      void navigate({ to: '/forwards/new', search: { cluster: cluster.id, namespace: cluster.namespace } })
    const test = (cluster: Cluster) => {
      connectionTests.start(cluster.id)
      show(cluster, 'connection')
    }
    return {
      test,
      newForward,
      menu: (cluster) => [
        { kind: 'action', id: 'test', words: 'Test connection', keys: 't', run: () => test(cluster) },
        { kind: 'action', id: 'forward', words: 'New forward', keys: 'f', run: () => newForward(cluster) },
        {
          kind: 'action',
          id: 'active',
          words: 'Make active',
          unavailable: active?.id === cluster.id,
          run: () => void choose(cluster.id).then(() => tell(`${cluster.name} is the active cluster.`)),
        },
        { kind: 'separator', id: 'line-1' },
        { kind: 'action', id: 'rename', words: 'Rename', run: () => clusterDialog.open('rename', cluster.id) },
        { kind: 'action', id: 'credentials', words: 'Replace credentials', run: () => show(cluster, 'credentials') },
        { kind: 'separator', id: 'line-2' },
        {
          kind: 'action',
          id: 'remove',
          words: 'Remove',
          danger: true,
          run: () => clusterDialog.open('remove', cluster.id),
        },
      ],
    }
  }, [navigate, connectionTests, choose, active])
}
