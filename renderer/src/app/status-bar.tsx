import { Link } from '@tanstack/react-router'
import type { Forward, ForwardState } from '../../../contract/forwards.ts'
import type { SidecarState } from '../../../contract/system.ts'
import { classNames } from '../components/class-names.ts'
import { StateMark } from '../components/state-mark.tsx'
import { useAppStatus, useForwards, useFresh } from '../state/use-app-state.ts'
import { pastWord, stateMark } from '../pages/forwards/forward-words.ts'
import styles from './shell.module.css'

const shown: readonly ForwardState[] = ['live', 'starting', 'recovering', 'holding']

const count = (forwards: Iterable<Forward>): Map<ForwardState, number> => {
  const counts = new Map<ForwardState, number>()
  for (const { state } of forwards) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}

const sidecarWords: Record<SidecarState['state'], string> = {
  starting: 'watcher starting',
  ready: 'watcher ready',
  restarting: 'watcher restarting',
  failed: 'watcher failed',
  stopped: 'watcher stopped',
}

/** What runs, in one line: forwards by state, sidecar, kubectl, the start queue when there is one. */
export function StatusBar() {
  const { items, loaded } = useForwards()
  const app = useAppStatus()
  const fresh = useFresh()
  const counts = count(items.values())
  const states = shown.filter((state) => (counts.get(state) ?? 0) > 0)
  const trouble =
    app !== null && (app.sidecar.state !== 'ready' || app.kubectl.path === null || app.children.queued > 0)
  return (
    <footer
      className={classNames(styles.status, (!fresh || trouble) && styles.statusFull)}
      data-region="status"
      aria-label="Status"
      tabIndex={-1}
    >
      {loaded && states.length === 0 && <span>no forward is on</span>}
      {states.map((state) => (
        <Link key={state} to="/forwards" search={{ state: [state] }} className={styles.statusItem}>
          <StateMark name={stateMark({ state }, fresh)} size={10} />
          {counts.get(state)}{' '}
          <span className={styles.statusWord}>{fresh ? state : pastWord(state, counts.get(state))}</span>
        </Link>
      ))}
      <span className={styles.statusSpace} />
      {!fresh && <span>no connection</span>}
      {app !== null && fresh && (
        <>
          {app.children.queued > 0 && <span>{app.children.queued} waiting to start</span>}
          <Link
            to="/diagnostics"
            className={classNames(styles.statusItem, app.sidecar.state === 'ready' && styles.statusWell)}
          >
            <StateMark
              name={app.sidecar.state === 'ready' ? 'ok' : app.sidecar.state === 'failed' ? 'fail' : 'warn'}
              size={10}
            />
            {sidecarWords[app.sidecar.state]}
          </Link>
          <Link
            to="/settings"
            className={classNames(styles.statusItem, app.kubectl.path !== null && styles.statusWell)}
          >
            {app.kubectl.path === null ? (
              <>
                <StateMark name="fail" size={10} />
                no kubectl
              </>
            ) : (
              `kubectl ${app.kubectl.version ?? 'unknown version'}`
            )}
          </Link>
        </>
      )}
    </footer>
  )
}
