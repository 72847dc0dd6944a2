import { useNavigate, useRouter } from '@tanstack/react-router'
import { useMemo } from 'react'
import { drop } from '../../../../contract/drop.ts'
import type { Result } from '../../../../contract/errors.ts'
import type { Forward, ForwardState } from '../../../../contract/forwards.ts'
import { isProduction } from '../../components/environment.tsx'
import { copyText } from '../../components/copy-text.ts'
import { tell, tellFailure } from '../../components/toast-manager.ts'
import { undoMs } from '../../state/removals.ts'
import { useAppState } from '../../state/use-app-state.ts'
import type { ForwardActions } from './forward-commands.ts'
import { addressWord, urlOf } from './forward-words.ts'
import { removeQuestion } from './remove-question.ts'

/** The things that can be done with forwards, each telling how it went. */
export function useForwardActions(): ForwardActions {
  const { client, shell, removals, clusters } = useAppState()
  const navigate = useNavigate()
  const router = useRouter()
  return useMemo(() => {
    const each = (forwards: readonly Forward[], call: (input: { id: string }) => Promise<Result<unknown>>): void =>
      drop(
        Promise.all(forwards.map(({ id }) => call({ id }))).then((results) => {
          const failures = results.flatMap((result) => (result.ok ? [] : [result.error]))
          const [first] = failures
          if (first === undefined) return
          const message =
            failures.length === 1 ? first.message : `${failures.length} of ${results.length} forwards: ${first.message}`
          tellFailure({ ...first, message })
        }),
        'the forwards stream shows the outcome',
      )
    const removed = (forwards: readonly Forward[]): string =>
      forwards.length === 1 ? `${forwards[0]?.name ?? ''} is removed.` : `${forwards.length} forwards are removed.`
    // The filter of the list stays; what other pages put into the address does not come along.
    const filter = ({ q, state }: { q?: string | undefined; state?: ForwardState[] | undefined }) =>
      router.latestLocation.pathname.startsWith('/forwards') ? { q, state } : {}
    return {
      open: (forward, tab) =>
        void navigate({
          to: '/forwards/$forwardId',
          params: { forwardId: forward.id },
          search: (old) => ({ ...filter(old), ...(tab === undefined ? {} : { tab }) }),
        }),
      start: (forwards) => each(forwards, client.forwards.start),
      stop: (forwards) => each(forwards, client.forwards.stop),
      restart: (forwards) => each(forwards, client.forwards.restart),
      remove: (forwards, done) => {
        if (forwards.length === 0) return
        const remove = (): void => {
          done?.()
          removals.remove(forwards)
          tell(removed(forwards), {
            timeoutMs: undoMs,
            action: { words: 'Undo', run: () => removals.undo(forwards.map(({ id }) => id)) },
          })
        }
        const { items } = clusters.getState()
        if (forwards.some(({ clusterId }) => isProduction(items.get(clusterId))))
          removeQuestion.setState({ open: { forwards, remove } })
        else remove()
      },
      copyAddress: (forward) => {
        const [port] = forward.ports
        if (port === undefined) return
        const address = addressWord(port)
        if (copyText(address)) tell(`${address} is copied.`, { timeoutMs: 2000 })
      },
      openInBrowser: (forward) => {
        const [port] = forward.ports
        if (port !== undefined) drop(shell.openExternal(urlOf(port)), 'the browser shows it')
      },
      duplicate: (forward) =>
        void navigate({ to: '/forwards/new', search: (old) => ({ ...filter(old), copy: forward.id }) }),
    }
  }, [client, shell, removals, clusters, navigate, router])
}
