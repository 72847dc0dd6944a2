import { ChevronsUpDown } from 'lucide-react'
import type { Cluster } from '../../../contract/clusters.ts'
import { EnvironmentWord } from '../components/environment.tsx'
import { MiddleCut } from '../components/middle-cut.tsx'
import { ClusterMark } from '../pages/clusters/cluster-state-word.tsx'
import { useClusters } from '../state/use-app-state.ts'
import styles from './shell.module.css'

/** What the switcher in the header shows while it is closed. */
export function SwitcherLabel({ cluster }: { cluster: Cluster | null }) {
  const count = useClusters().items.size
  return (
    <>
      {cluster === null ? (
        <span className={styles.switcherNone}>{count === 0 ? 'No clusters' : 'No active cluster'}</span>
      ) : (
        <>
          <ClusterMark cluster={cluster} />
          <span className={styles.switcherName}>
            <MiddleCut text={cluster.name} />
          </span>
          <EnvironmentWord cluster={cluster} />
        </>
      )}
      <ChevronsUpDown aria-hidden size={14} />
    </>
  )
}
