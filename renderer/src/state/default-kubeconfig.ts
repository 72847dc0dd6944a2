import { useQuery } from '@tanstack/react-query'
import type { DefaultKubeconfig } from '../../../contract/kubeconfigs.ts'
import { valueOf } from './ask.ts'
import { useClient } from './use-app-state.ts'

/** The user's own kubeconfig files, if any of them holds a context. */
export function useDefaultKubeconfig(): { files: DefaultKubeconfig['files']; contexts: number } {
  const client = useClient()
  const { data } = useQuery({
    queryKey: ['default-kubeconfig'],
    queryFn: ({ signal }) => valueOf(client.kubeconfigs.default({}, signal)),
  })
  const files = (data?.files ?? []).filter(({ exists }) => exists)
  return { files, contexts: files.reduce((sum, file) => sum + file.contexts, 0) }
}
