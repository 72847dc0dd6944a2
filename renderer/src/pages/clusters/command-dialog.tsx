import { useStore } from 'zustand'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { tell } from '../../components/toast-manager.ts'
import { useCluster } from '../../state/use-app-state.ts'
import { AllowCommand } from './allow-command.tsx'
import { commandQuestion } from './command-question.ts'

const close = (): void => commandQuestion.setState({ clusterId: null })

/** Shows what would run to sign in to a cluster, and takes a yes to it. */
export function CommandDialog() {
  const cluster = useCluster(useStore(commandQuestion).clusterId)
  if (cluster === undefined) return null
  return (
    <Dialog
      open
      onClose={close}
      title={`The command of ${cluster.name}`}
      description={<p>It runs on this machine, as you, whenever {cluster.name} needs credentials.</p>}
      actions={<Button onClick={close}>Close</Button>}
    >
      <AllowCommand
        clusterId={cluster.id}
        onAllowed={() => {
          close()
          tell(`The command of ${cluster.name} may run.`)
        }}
      />
    </Dialog>
  )
}
