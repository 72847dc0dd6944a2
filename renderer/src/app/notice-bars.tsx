import type { ReactNode } from 'react'
import { drop } from '../../../contract/drop.ts'
import { Button } from '../components/button.tsx'
import { classNames } from '../components/class-names.ts'
import { StateMark } from '../components/state-mark.tsx'
import { tellFailure } from '../components/toast-manager.ts'
import { TimeSince } from '../components/time-since.tsx'
import { until } from '../components/time-words.ts'
import { useNow } from '../state/clock-store.ts'
import { useAppState, useAppStatus, useClient, useConnection, useForwards, useVault } from '../state/use-app-state.ts'
import styles from './notice-bars.module.css'
import { useUi } from './ui-store.ts'
import { VaultButton } from './vault-button.tsx'

function Bar({ look, children, actions }: { look: 'warn' | 'hold'; children: ReactNode; actions?: ReactNode }) {
  return (
    <div role="status" className={classNames(styles.bar, styles[look])}>
      <StateMark name={look === 'warn' ? 'warn' : 'fail'} size={14} />
      <p className={styles.words}>{children}</p>
      {actions}
    </div>
  )
}

/** What is wrong with the whole, above the page that goes on showing what it knows. */
export function NoticeBars() {
  return (
    <>
      <OwnerBar />
      <VaultBar />
      <SidecarBar />
      <StorageBar />
    </>
  )
}

/** An owner that is only busy or suspended is back by then, ms. */
const patienceMs = 15_000

function OwnerBar() {
  const { kind } = useAppState()
  const { state, lostSince } = useConnection()
  const now = useNow()
  if (lostSince === null) return null
  return (
    <Bar look="hold">
      <strong>Mooring does not answer.</strong> What you see is as it was{' '}
      <span aria-live="off">
        <TimeSince at={lostSince} suffix />
      </span>
      ; forwards may have changed since.{' '}
      {state.state === 'lost' && state.retryAt !== null && (
        <span aria-live="off">It is tried again {until(state.retryAt, now)}.</span>
      )}{' '}
      {/* A host that is started again has another port: this page may never reach it. */}
      {kind === 'browser' && now - lostSince >= patienceMs && (
        <span>
          If it does not come back, Mooring has ended or was started again. Start it if it has ended, then use the page
          it opens, or open the address it prints: that is a new one after every start.
        </span>
      )}
    </Bar>
  )
}

function VaultBar() {
  const vault = useVault()
  const skipped = useUi(({ vaultSkipped }) => vaultSkipped)
  const waiting = [...useForwards().items.values()].filter((forward) => forward.cause?.code === 'vault-locked').length
  if (vault === null || vault.state === 'unlocked' || !skipped) return null
  const wait = waiting === 0 ? '' : waiting === 1 ? ' One forward waits for it.' : ` ${waiting} forwards wait for it.`
  return (
    <Bar look="warn" actions={<VaultButton />}>
      {vault.state === 'not-set-up'
        ? 'The vault is not set up: no cluster can be added yet.'
        : vault.state === 'locked'
          ? `The vault is locked: credentials cannot be read.${wait}`
          : 'The vault cannot be decrypted: credentials cannot be read.'}
    </Bar>
  )
}

function SidecarBar() {
  const client = useClient()
  const app = useAppStatus()
  const away = useConnection().lostSince !== null
  if (app === null || away || app.sidecar.state === 'ready' || app.sidecar.state === 'starting') return null
  const failed = app.sidecar.state === 'failed' || app.sidecar.state === 'stopped'
  return (
    <Bar
      look="warn"
      actions={
        failed && (
          <Button
            onClick={() =>
              drop(
                client.sidecar.restart().then((result) => (result.ok ? undefined : tellFailure(result.error))),
                'the app stream shows the outcome',
              )
            }
          >
            Restart the cluster watcher
          </Button>
        )
      }
    >
      Clusters are not watched; forwards go on.{' '}
      {failed ? 'The cluster watcher has ended.' : 'The cluster watcher is being started again.'}
    </Bar>
  )
}

function StorageBar() {
  const app = useAppStatus()
  if (app === null || app.storage.ok) return null
  return (
    <Bar look="hold">
      <strong>Nothing can be saved.</strong> {app.storage.problem} What runs goes on; changes you make now are refused.
    </Bar>
  )
}
