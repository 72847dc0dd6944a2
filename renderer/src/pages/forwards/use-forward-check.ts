import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ForwardCheck } from '../../../../contract/forwards.ts'
import { valueOf } from '../../state/ask.ts'
import { useClient } from '../../state/use-app-state.ts'
import { useSettled } from '../../state/use-settled.ts'
import { type ForwardValues, remoteOf } from './forward-form-model.ts'
import { targetFromText } from './target-text.ts'

/** Whether the local ports are free and the permissions are there, asked again while somebody types. */
export function useForwardCheck(values: ForwardValues, forwardId: string | null): ForwardCheck | null {
  const client = useClient()
  const asked = JSON.stringify(questionOf(values, forwardId))
  const settled = useSettled(asked)
  const { data, isPlaceholderData } = useQuery({
    queryKey: ['check', settled],
    queryFn: ({ signal }) =>
      valueOf(client.forwards.check(JSON.parse(settled) as ReturnType<typeof questionOf>, signal)),
    placeholderData: keepPreviousData,
    staleTime: 2000,
  })
  if (data === undefined) return null
  // An answer to an earlier question must not stand beside the present one.
  return isPlaceholderData || asked !== settled ? { ...data, access: null } : data
}

/** Only what is complete is asked about: half a port number is nobody's port. */
function questionOf(values: ForwardValues, forwardId: string | null) {
  const target = targetFromText(values.target)
  const namespace = values.namespace.trim()
  const known = values.clusterId !== '' && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace)
  return {
    ...(known ? { clusterId: values.clusterId, namespace } : {}),
    ...(known && target !== null ? { target } : {}),
    ...(forwardId === null ? {} : { forwardId }),
    ports: values.ports
      .filter(({ local, bind }) => /^\d{1,5}$/.test(local) && Number(local) <= 65_535 && /^[\d.]+$|:/.test(bind))
      .map(({ remote, local, bind }) => ({
        remote: /^[a-z0-9-]+$/.test(remote) && remote !== '0' ? remoteOf(remote) : 1,
        local: Number(local),
        bind,
      })),
  }
}
