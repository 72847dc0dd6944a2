import { Button } from '../../components/button.tsx'
import { commandQuestion } from './command-question.ts'
import styles from './allow-command.module.css'

/** In the row of what waits for a yes to a command: leads to the command and the yes. */
export function LookAtCommand({ clusterId, cause }: { clusterId: string; cause: { code: string } }) {
  if (cause.code !== 'credentials-command-not-allowed') return null
  return (
    <Button
      tabIndex={-1}
      data-cell-focus
      className={styles.look}
      onClick={(event) => {
        event.stopPropagation()
        commandQuestion.setState({ clusterId })
      }}
    >
      Look at the command
    </Button>
  )
}
