import type { Cluster } from '../../../../contract/clusters.ts'
import { StateMark, StateWord } from '../../components/state-mark.tsx'
import { useClusterState } from './cluster-state.ts'

/** Shape and word of a cluster's state. */
export function ClusterState({ cluster }: { cluster: Pick<Cluster, 'status'> }) {
  const { mark, word } = useClusterState(cluster)
  return <StateWord name={mark} word={word} />
}

/** The shape alone, with the word for those who listen. */
export function ClusterMark({ cluster }: { cluster: Pick<Cluster, 'status'> }) {
  const { mark, word } = useClusterState(cluster)
  return (
    <>
      <StateMark name={mark} />
      <span className="visually-hidden">{word}</span>
    </>
  )
}
