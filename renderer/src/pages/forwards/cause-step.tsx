import { Link, useNavigate } from '@tanstack/react-router'
import type { Cause } from '../../../../contract/causes.ts'
import { drop } from '../../../../contract/drop.ts'
import type { Forward } from '../../../../contract/forwards.ts'
import { AllowCommand } from '../clusters/allow-command.tsx'
import { VaultButton } from '../../app/vault-button.tsx'
import { Button, buttonClass } from '../../components/button.tsx'
import detail from '../../components/detail.module.css'
import { tellFailure } from '../../components/toast-manager.ts'
import { useClient } from '../../state/use-app-state.ts'

/** The next step of a cause, in words and, where the app can lead there, as a button. */
export function CauseStep({ forward, cause }: { forward: Forward; cause: Cause }) {
  return (
    <>
      <p>{cause.next}</p>
      <div className={detail.row}>
        <Step forward={forward} cause={cause} />
      </div>
    </>
  )
}

/** Lets this forward, and no other, try what it waits with. */
function LookAgain({ forward, words }: { forward: Forward; words: string }) {
  const client = useClient()
  const look = async (): Promise<void> => {
    const hinted = await client.app.hint({ kind: 'look', forwardId: forward.id })
    if (!hinted.ok) tellFailure(hinted.error)
  }
  return <Button onClick={() => drop(look(), 'its state comes with the events')}>{words}</Button>
}

const ChooseKubectl = () => (
  <Link to="/settings" className={buttonClass()}>
    Choose kubectl
  </Link>
)

function Step({ forward, cause }: { forward: Forward; cause: Cause }) {
  const navigate = useNavigate()
  const toCluster = (part: 'connection' | 'credentials', words: string) => (
    <Link
      to="/clusters/$clusterId"
      params={{ clusterId: forward.clusterId }}
      search={{ part }}
      className={buttonClass()}
    >
      {words}
    </Link>
  )
  const toTab = (tab: 'output' | 'settings', words: string) => (
    <Button onClick={() => void navigate({ to: '.', search: (old) => ({ ...old, tab }) })}>{words}</Button>
  )
  switch (cause.code) {
    case 'credentials-expired':
    case 'credentials-rejected':
      return toCluster('credentials', 'Replace credentials')
    case 'credentials-command-missing':
    case 'credentials-command-failed':
      return (
        <>
          <LookAgain forward={forward} words="Run it again now" />
          {toCluster('connection', 'Test connection')}
        </>
      )
    case 'cluster-unreachable':
    case 'api-unavailable':
    case 'upgrade-refused':
    case 'forbidden':
      return toCluster('connection', 'Test connection')
    case 'credentials-command-not-allowed':
      return <AllowCommand clusterId={forward.clusterId} />
    case 'kubectl-missing':
      return <ChooseKubectl />
    case 'vault-locked':
      return cause.detail === 'vault-undecryptable' ? (
        toCluster('credentials', 'Replace its credentials')
      ) : (
        <VaultButton />
      )
    case 'limit-reached':
      return (
        <Link to="/settings" className={buttonClass()}>
          Change the limits
        </Link>
      )
    case 'namespace-missing':
    case 'target-missing':
    case 'port-not-in-target':
    case 'container-not-listening':
    case 'local-port-taken':
    case 'local-port-forbidden':
      return toTab('settings', 'Edit the forward')
    case 'kubectl-failed':
      // One that cannot be used was never started: it said nothing.
      return cause.detail === 'kubectl-unusable' ? <ChooseKubectl /> : toTab('output', 'Show output')
    case 'tunnel-lost':
    case 'tunnel-stalled':
    case 'reset-by-pod':
      return toTab('output', 'Show output')
    case 'no-ready-pod':
      // Time brings no pods to a service without a selector.
      return cause.detail === 'service-without-selector' ? (
        toTab('settings', 'Edit the forward')
      ) : (
        <LookAgain forward={forward} words="Look again now" />
      )
    case 'node-unreachable':
    case 'pod-replaced':
    case 'storage-failed':
      return <LookAgain forward={forward} words="Look again now" />
    case 'queued':
    case 'connecting':
    case 'stopping':
      return null
  }
}
