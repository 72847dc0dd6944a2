import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { MoreHorizontal, Play, RotateCw, Square } from 'lucide-react'
import { type Forward, targetWord } from '../../../../contract/forwards.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { DetailPane } from '../../components/detail-pane.tsx'
import detail from '../../components/detail.module.css'
import { EmptyState } from '../../components/empty-state.tsx'
import { EnvironmentWord } from '../../components/environment.tsx'
import { Menu } from '../../components/menu.tsx'
import { StateMark, StateWord } from '../../components/state-mark.tsx'
import { Tabs } from '../../components/tabs.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { Words } from '../../components/words.tsx'
import { useEscape } from '../../components/use-escape.ts'
import { useNow } from '../../state/clock-store.ts'
import { useCluster, useForward, useForwards, useFresh } from '../../state/use-app-state.ts'
import { CauseStep } from './cause-step.tsx'
import { EditForward } from './edit-forward.tsx'
import { forwardCommands } from './forward-commands.ts'
import { attemptWords, stateMark, stateWord, watchWords } from './forward-words.ts'
import { HistoryTab } from './history-tab.tsx'
import { OutputTab } from './output-tab.tsx'
import { PortsTab } from './ports-tab.tsx'
import { TrafficTab } from './traffic-tab.tsx'
import { useForwardActions } from './use-forward-actions.ts'

/** One forward beside the list. */
export function ForwardDetail() {
  const { forwardId } = useParams({ from: '/forwards/$forwardId' })
  const { tab = 'ports' } = useSearch({ from: '/forwards/$forwardId' })
  const navigate = useNavigate()
  const forward = useForward(forwardId)
  const { loaded } = useForwards()
  const close = () => {
    void navigate({ to: '/forwards', search: ({ q, state }) => ({ q, state }) }).then(() =>
      document.querySelector<HTMLElement>(`[data-row-id="${forwardId}"]`)?.focus(),
    )
  }
  useEscape(close)
  if (forward === undefined) {
    if (!loaded) return null
    return (
      <DetailPane label="Forward" title={<h2>Forward</h2>} onClose={close}>
        <EmptyState title="There is no such forward." actions={<Button onClick={close}>Close</Button>}>
          <p>It was removed, or the address is of another Mooring. Choose one from the list.</p>
        </EmptyState>
      </DetailPane>
    )
  }
  return (
    <DetailPane label={`Forward ${forward.name}`} title={<Title forward={forward} />} onClose={close}>
      <Commands forward={forward} />
      <Now forward={forward} />
      <Tabs
        label={`Parts of ${forward.name}`}
        value={tab}
        onChange={(next) => void navigate({ to: '.', search: (old) => ({ ...old, tab: next }), replace: true })}
        tabs={[
          { value: 'ports', words: 'Ports', panel: () => <PortsTab key={forward.id} forward={forward} /> },
          { value: 'history', words: 'History', panel: () => <HistoryTab key={forward.id} forward={forward} /> },
          { value: 'traffic', words: 'Traffic', panel: () => <TrafficTab key={forward.id} forward={forward} /> },
          { value: 'output', words: 'Output', panel: () => <OutputTab key={forward.id} forward={forward} /> },
          { value: 'settings', words: 'Settings', panel: () => <EditForward key={forward.id} forward={forward} /> },
        ]}
      />
    </DetailPane>
  )
}

function Title({ forward }: { forward: Forward }) {
  const cluster = useCluster(forward.clusterId)
  return (
    <>
      <h2 className={detail.name}>{forward.name}</h2>
      <p className={detail.line}>
        <span className={detail.mono}>{targetWord(forward.target)}</span>
        <span className={detail.muted}>in {forward.namespace} of</span>
        {cluster === undefined ? (
          'an unknown cluster'
        ) : (
          <>
            <Link to="/clusters/$clusterId" params={{ clusterId: cluster.id }}>
              {cluster.name}
            </Link>
            <EnvironmentWord cluster={cluster} />
          </>
        )}
      </p>
    </>
  )
}

function Commands({ forward }: { forward: Forward }) {
  const actions = useForwardActions()
  const on = forward.desired === 'on'
  return (
    <div className={detail.actions}>
      {on ? (
        <Button onClick={() => actions.stop([forward])}>
          <Square aria-hidden size={12} />
          Stop
        </Button>
      ) : (
        <Button look="primary" onClick={() => actions.start([forward])}>
          <Play aria-hidden size={12} />
          Start
        </Button>
      )}
      <Button unavailable={on ? null : 'It is off'} onClick={() => actions.restart([forward])}>
        <RotateCw aria-hidden size={12} />
        Restart
      </Button>
      <Menu
        trigger={
          <IconButton label={`More for ${forward.name}`}>
            <MoreHorizontal aria-hidden size={16} />
          </IconButton>
        }
        entries={forwardCommands
          .filter(({ id }) => !['toggle', 'restart', 'output', 'edit'].includes(id))
          .map((command) => ({
            kind: 'action',
            id: command.id,
            words: command.words(forward),
            danger: command.danger === true,
            unavailable: !command.when(forward),
            run: () => command.run(forward, actions),
          }))}
      />
    </div>
  )
}

/** State, cause, and the next step as a button: what somebody wants to know first. */
function Now({ forward }: { forward: Forward }) {
  const now = useNow()
  const fresh = useFresh()
  const { cause, observed, state } = forward
  const attempt = fresh ? attemptWords(forward, now) : ''
  const watch = watchWords(forward)
  const look = !fresh
    ? undefined
    : state === 'holding'
      ? detail.hold
      : state === 'recovering'
        ? detail.warn
        : state === 'starting'
          ? detail.busy
          : undefined
  return (
    <div className={detail.now}>
      <div className={classNames(detail.box, look)} role="status">
        <div>
          <p className={detail.line}>
            <StateWord name={stateMark(forward, fresh)} word={stateWord(forward, fresh)} />
            <span aria-live="off" className={detail.muted}>
              <TimeSince at={observed.since} />
              {attempt !== '' && ` · ${attempt}`}
            </span>
            {state === 'live' && observed.lastEvidenceAt !== null && (
              <span aria-live="off" className={detail.muted}>
                seen working <TimeSince at={observed.lastEvidenceAt} suffix />
              </span>
            )}
          </p>
          {cause !== null && (
            <>
              <p>
                <strong>
                  <Words>{cause.message}</Words>
                </strong>
              </p>
              <CauseStep forward={forward} cause={cause} />
            </>
          )}
          {watch !== null && (
            <p className={detail.note}>
              <StateMark name="warn" />
              <span className={detail.muted}>{watch}</span>
            </p>
          )}
        </div>
      </div>
    </div>
  )
}
