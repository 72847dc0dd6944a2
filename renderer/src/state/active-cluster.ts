import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Cluster } from '../../../contract/clusters.ts'
import { tellFailure } from '../components/toast-manager.ts'
import { valueOf } from './ask.ts'
import { useClient, useCluster } from './use-app-state.ts'

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
