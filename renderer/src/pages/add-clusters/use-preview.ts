import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import type { KubeconfigPreview } from '../../../../contract/kubeconfigs.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient } from '../../state/use-app-state.ts'
import { type Source, sourceInput } from './kubeconfig-source.tsx'

/** Typing pauses this long before the text is looked at (ms). */
const pause = 150

/** What a kubeconfig holds, looked at again whenever it changes. */
export function usePreview(source: Source): {
  preview: KubeconfigPreview | null
  error: AppError | null
  looking: boolean
} {
  const client = useClient()
  const [settled, setSettled] = useState(source)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(source), pause)
    return () => clearTimeout(timer)
  }, [source])
  const input = sourceInput(settled)
  const query = useQuery({
    queryKey: ['preview', settled],
    enabled: input !== null,
    queryFn: ({ signal }) => valueOf(client.kubeconfigs.preview(input ?? { text: '' }, signal)),
    placeholderData: keepPreviousData,
    staleTime: 0,
    // A kubeconfig holds secrets: it is forgotten as soon as nobody shows it.
    gcTime: 0,
  })
  const empty = sourceInput(source) === null || input === null
  return {
    preview: empty ? null : (query.data ?? null),
    error: empty || query.error === null ? null : errorOf(query.error),
    looking: !empty && (query.isFetching || settled !== source),
  }
}
