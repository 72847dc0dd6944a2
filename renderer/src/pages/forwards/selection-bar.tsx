import type { Forward } from '../../../../contract/forwards.ts'
import { Button } from '../../components/button.tsx'
import type { ForwardActions } from './forward-commands.ts'
import styles from './forwards-page.module.css'

/** What can be done with several forwards at once. */
export function SelectionBar({
  forwards,
  actions,
  onClear,
}: {
  forwards: readonly Forward[]
  actions: ForwardActions
  onClear: () => void
}) {
  return (
    <div role="toolbar" aria-label="Selected forwards" className={styles.selection}>
      <strong>{forwards.length} selected</strong>
      <Button onClick={() => actions.start(forwards)}>Start</Button>
      <Button onClick={() => actions.stop(forwards)}>Stop</Button>
      <Button onClick={() => actions.restart(forwards.filter(({ desired }) => desired === 'on'))}>Restart</Button>
      <Button look="danger" onClick={() => actions.remove(forwards, onClear)}>
        Remove
      </Button>
      <Button look="quiet" onClick={onClear}>
        Clear selection
      </Button>
    </div>
  )
}
