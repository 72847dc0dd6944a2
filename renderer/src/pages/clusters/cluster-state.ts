import type { Cluster } from '../../../../contract/clusters.ts'
import type { MarkName } from '../../components/state-mark.tsx'
import { useNow } from '../../state/clock-store.ts'
import { useFresh } from '../../state/use-app-state.ts'

/** What was seen longer ago than this is past (ms): a watched cluster is looked at every 30 s. */
export const freshMs = 180_000

/** Shape and word of a cluster's state; without fresh evidence it is never called connected, nor anything else. */
export function clusterState(
  { status }: Pick<Cluster, 'status'>,
  now: number,
  ownerFresh: boolean,
): { mark: MarkName; word: string } {
  if (ownerFresh && status.checking && status.checkedAt === null) return { mark: 'checking', word: 'checking' }
  if (status.status === 'unknown') return { mark: 'unknown', word: 'not checked' }
  if (!ownerFresh) return { mark: 'unknown', word: `was ${status.status}` }
  if (status.status === 'disconnected') return { mark: 'disconnected', word: 'disconnected' }
  const fresh = status.checkedAt !== null && now - status.checkedAt < freshMs
  return fresh ? { mark: 'connected', word: 'connected' } : { mark: 'unknown', word: 'was connected' }
}

/** {@link clusterState} as time goes by. */
export function useClusterState(cluster: Pick<Cluster, 'status'>): { mark: MarkName; word: string } {
  return clusterState(cluster, useNow(30_000), useFresh())
}
