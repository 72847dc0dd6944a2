import type { Cluster, ConnectionTest, LadderStep } from '../../../../contract/clusters.ts'
import { LadderStepId } from '../../../../contract/clusters.ts'
import { Button } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import detail from '../../components/detail.module.css'
import { Problem } from '../../components/problem.tsx'
import { type MarkName, StateMark, StateWord } from '../../components/state-mark.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { fullDuration } from '../../components/time-words.ts'
import { Words } from '../../components/words.tsx'
import { useFresh } from '../../state/use-app-state.ts'
import { connectionReport } from './connection-report.ts'
import styles from './connection-tab.module.css'
import { useConnectionTest } from './use-connection-test.ts'
import { stepWord } from './words.ts'

const marks: Record<LadderStep['status'], MarkName> = {
  ok: 'ok',
  warn: 'warn',
  fail: 'fail',
  skipped: 'off',
  running: 'checking',
  pending: 'off',
}

/** Words for steps after a failure: they were not looked at, which is not the same as skipped. */
const outcome = (step: LadderStep, failed: boolean): string =>
  step.status === 'pending' || (failed && step.status === 'skipped')
    ? failed
      ? 'not reached'
      : 'waiting'
    : step.status

/** The connection as a ladder: each rung with what was found, how long it took and what to do. */
export function ConnectionTab({ cluster }: { cluster: Cluster }) {
  const { test, running, error, cancel } = useConnectionTest(cluster.id)
  return (
    <div className={detail.stack}>
      <div className={detail.row}>
        {running && <Button onClick={cancel}>Cancel</Button>}
        {test !== null && !running && <CopyButton text={connectionReport(cluster, test)} label="Copy report" />}
        <span className={detail.muted} role="status">
          {running && 'Testing …'}
        </span>
      </div>
      {error !== null && <Problem error={error} />}
      {test === null ? (
        !running && (
          <p className={detail.muted}>
            Not tested yet. A test takes nine steps, from the server's name to a tunnel to a pod and how fast the
            cluster answers. Each step shows its time, and what to do when it fails. Nothing on the cluster is changed.
          </p>
        )
      ) : (
        <Ladder test={test} running={running} />
      )}
    </div>
  )
}

function Ladder({ test, running }: { test: ConnectionTest; running: boolean }) {
  const steps = LadderStepId.options.map(
    (id) => test.steps.find((step) => step.id === id) ?? { id, status: 'pending', ms: null, detail: '', next: null },
  ) satisfies LadderStep[]
  const fresh = useFresh()
  const firstFailure = steps.findIndex((step) => step.status === 'fail')
  return (
    <>
      {!running && (
        <div className={detail.line}>
          <StateWord
            name={fresh ? test.status : 'unknown'}
            word={test.status === 'unknown' ? 'not known' : fresh ? test.status : `was ${test.status}`}
          />
          {test.serverVersion !== null && <span>Kubernetes {test.serverVersion}</span>}
          <span className={detail.muted}>
            tested <TimeSince at={test.finishedAt ?? test.startedAt} suffix />
          </span>
        </div>
      )}
      <ol className={styles.ladder}>
        {steps.map((step, index) => {
          const failed = firstFailure !== -1 && index > firstFailure
          const { name, asks } = stepWord(step.id)
          return (
            <li key={step.id} className={classNames(styles.step, styles[step.status], failed && styles.unreached)}>
              <span className={styles.mark}>
                <StateMark name={marks[step.status]} size={14} />
              </span>
              <div className={styles.words}>
                <div className={styles.top}>
                  <span className={styles.name}>{name}</span>
                  <span className={styles.outcome}>{outcome(step, failed)}</span>
                  <span className={styles.ms}>{step.ms !== null && fullDuration(step.ms)}</span>
                </div>
                <p className={styles.detail}>
                  <Words>{step.detail === '' || failed ? asks : step.detail}</Words>
                </p>
                {step.next !== null && <p className={styles.next}>{step.next}</p>}
              </div>
            </li>
          )
        })}
      </ol>
    </>
  )
}
