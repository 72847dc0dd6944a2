import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Cluster } from '../../../contract/clusters.ts'
import { drop } from '../../../contract/drop.ts'
import { tellFailure } from '../components/toast-manager.ts'
import { valueOf } from './ask.ts'
import { useClient, useCluster, useClusters } from './use-app-state.ts'

const key = ['active-cluster']

/** The cluster chosen in the header, and how to choose another. */
export function useActiveCluster(): {
  cluster: Cluster | null
  known: boolean
  choose: (id: string | null) => Promise<void>
} {
  const client = useClient()
  const queries = useQueryClient()
  const { data, isPending } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => valueOf(client.clusters.active({}, signal)),
    staleTime: 60_000,
  })
  const count = useClusters().items.size
  const counted = useRef(count)
  useEffect(() => {
    // The first cluster becomes the active one by itself, and one that is removed does not stay it.
    if (counted.current === count) return
    counted.current = count
    drop(queries.invalidateQueries({ queryKey: key }), 'the answer is drawn when it comes')
  }, [count, queries])
  const cluster = useCluster(data?.id ?? null) ?? null
  return {
    cluster,
    known: !isPending,
    choose: async (id) => {
      const result = await client.clusters.setActive({ id })
      if (result.ok) queries.setQueryData(key, result.value)
      else tellFailure(result.error)
    },
  }
}
