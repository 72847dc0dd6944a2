import { useStore } from 'zustand'
import type { Forward } from '../../../../contract/forwards.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { undoMs } from '../../state/removals.ts'
import { useClusters, useForwards } from '../../state/use-app-state.ts'
import { counted } from '../clusters/words.ts'
import { addressWord } from './forward-words.ts'
import { removeQuestion } from './remove-question.ts'

const close = (): void => removeQuestion.setState({ open: null })
const mostNamed = 8

/** Asks once before forwards of a production cluster are removed, with the cluster's name and what it ends. */
export function RemoveForwards() {
  const question = useStore(removeQuestion).open
  const { items } = useForwards()
  const clusters = useClusters().items
  if (question === null) return null
  // Connections are those of now, not of the moment the question was asked.
  const forwards = question.forwards.map((forward) => items.get(forward.id) ?? forward)
  const names = [...new Set(forwards.map(({ clusterId }) => clusters.get(clusterId)?.name ?? 'an unknown cluster'))]
  const [only] = forwards
  const what = forwards.length === 1 && only !== undefined ? only.name : `${forwards.length} forwards`
  return (
    <Dialog
      open
      onClose={close}
      title={`Remove ${what} on ${names.join(', ')}?`}
      description={
        <>
          <p>{consequences(forwards)}</p>
          <p>Nothing on the cluster is changed. You can undo it for {undoMs / 1000} seconds.</p>
        </>
      }
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="danger"
            onClick={() => {
              close()
              question.remove()
            }}
          >
            Remove {what}
          </Button>
        </>
      }
    >
      <ul>
        {forwards.slice(0, mostNamed).map((forward) => (
          <li key={forward.id}>
            {forward.name} · {forward.ports.map(addressWord).join(', ')}
          </li>
        ))}
        {forwards.length > mostNamed && <li>and {forwards.length - mostNamed} more</li>}
      </ul>
    </Dialog>
  )
}

/** What ends with the forwards, in a sentence or two. */
export function consequences(forwards: readonly Forward[]): string {
  const connections = forwards.reduce((sum, { observed }) => sum + observed.connections + observed.parked, 0)
  const open =
    connections === 0
      ? 'No connection is open.'
      : `${counted(connections, 'open connection ends', 'open connections end')} at once.`
  const own = forwards.length === 1 ? 'Its settings and its history' : 'Their settings and their history'
  return `${open} ${own} are deleted, and the local ports become free.`
}
