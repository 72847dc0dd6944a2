import { useCallback, useEffect, useRef, useState } from 'react'
import type { ConnectionTest } from '../../../../contract/clusters.ts'
import type { AppError } from '../../../../contract/errors.ts'
import { useClient } from '../../state/use-app-state.ts'

/** The last test of a cluster, step by step while it runs, and how to start or cancel one. */
export function useConnectionTest(clusterId: string): {
  test: ConnectionTest | null
  running: boolean
  error: AppError | null
  start: () => void
  cancel: () => void
} {
  const client = useClient()
  const [test, setTest] = useState<ConnectionTest | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [asked, setAsked] = useState(false)
  const abort = useRef<AbortController | null>(null)

  useEffect(
    () => client.subscribe(`cluster-test:${clusterId}`, ({ data }) => setTest(data as ConnectionTest | null)),
    [client, clusterId],
  )

  const start = useCallback(() => {
    const controller = new AbortController()
    abort.current = controller
    setAsked(true)
    setError(null)
    void client.clusters.test({ id: clusterId }, controller.signal).then((result) => {
      if (abort.current !== controller) return
      abort.current = null
      setAsked(false)
      if (result.ok) setTest(result.value)
      else if (result.error.code !== 'cancelled') setError(result.error)
    })
  }, [client, clusterId])

  const cancel = useCallback(() => {
    abort.current?.abort()
    abort.current = null
    setAsked(false)
  }, [])

  return { test, running: asked || (test !== null && test.finishedAt === null), error, start, cancel }
}
