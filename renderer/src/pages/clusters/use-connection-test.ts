import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { ConnectionTest } from '../../../../contract/clusters.ts'
import type { AppError } from '../../../../contract/errors.ts'
import { useAppState } from '../../state/use-app-state.ts'

/** The last test of a cluster, step by step while it runs, and how to start or cancel one. */
export function useConnectionTest(clusterId: string): {
  test: ConnectionTest | null
  running: boolean
  error: AppError | null
  cancel: () => void
} {
  const { client, connectionTests } = useAppState()
  const [test, setTest] = useState<ConnectionTest | null>(null)
  const asked = useStore(connectionTests.asked, ({ tests }) => tests.get(clusterId))

  useEffect(
    () => client.subscribe(`cluster-test:${clusterId}`, ({ data }) => setTest(data as ConnectionTest | null)),
    [client, clusterId],
  )

  return {
    test,
    running: asked?.running === true || (test !== null && test.finishedAt === null),
    error: asked?.error ?? null,
    cancel: () => connectionTests.cancel(clusterId),
  }
}
