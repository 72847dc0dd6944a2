import { Combobox } from '@base-ui/react/combobox'
import { Link } from '@tanstack/react-router'
import { Check, Plus } from 'lucide-react'
import type { Cluster } from '../../../contract/clusters.ts'
import { drop } from '../../../contract/drop.ts'
import { buttonClass } from '../components/button.tsx'
import { EnvironmentWord } from '../components/environment.tsx'
import floating from '../components/floating.module.css'
import { ClusterMark } from '../pages/clusters/cluster-state-word.tsx'
import { useActiveCluster } from '../state/active-cluster.ts'
import { useOrderedClusters } from '../state/use-app-state.ts'
import styles from './shell.module.css'
import { SwitcherLabel } from './switcher-label.tsx'
import { ui, useUi } from './ui-store.ts'

/** Chooses the active cluster: the one that new forwards begin with and whose environment colours the header. */
export function ClusterSwitcher() {
  const clusters = useOrderedClusters()
  const { cluster, choose } = useActiveCluster()
  const open = useUi((state) => state.open === 'switcher')
  return (
    <Combobox.Root<Cluster>
      items={clusters}
      limit={200}
      value={cluster}
      open={open}
      onOpenChange={(next) => ui.setState({ open: next ? 'switcher' : null })}
      onValueChange={(next) => drop(choose(next?.id ?? null), 'a failure is told')}
      itemToStringLabel={(item) => `${item.name} ${item.environment ?? ''}`}
      isItemEqualToValue={(a, b) => a.id === b.id}
    >
      <Combobox.Trigger className={buttonClass('quiet', styles.switcher)} aria-label="Active cluster">
        <SwitcherLabel cluster={cluster} />
      </Combobox.Trigger>
      <Combobox.Portal>
        <Combobox.Positioner className={floating.positioner} align="start" sideOffset={4}>
          <Combobox.Popup className={floating.popup} aria-label="Switch cluster">
            <Combobox.Input className={styles.switcherInput} placeholder="Find a cluster" aria-label="Find a cluster" />
            <Combobox.Empty className={floating.nothing}>
              {clusters.length === 0 ? 'No clusters yet.' : 'No cluster has that name.'}
            </Combobox.Empty>
            <Combobox.List aria-label="Clusters">
              {(item: Cluster) => (
                <Combobox.Item key={item.id} value={item} className={floating.item}>
                  <ClusterMark cluster={item} />
                  <span className={floating.itemText}>{item.name}</span>
                  <EnvironmentWord cluster={item} />
                  <Combobox.ItemIndicator>
                    <Check aria-hidden size={14} />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
            <div className={floating.separator} />
            <Link to="/clusters/add" className={floating.item} onClick={() => ui.setState({ open: null })}>
              <Plus aria-hidden size={14} />
              Add clusters
            </Link>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}
