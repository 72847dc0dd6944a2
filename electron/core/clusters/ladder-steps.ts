import type { ClusterCause, ConnectionTest, LadderStep, LadderStepId } from '../../../contract/clusters.ts'
import { LadderStepId as stepIds } from '../../../contract/clusters.ts'
import { sentence } from '../sentence.ts'
import { isWay, wayWords } from './way-words.ts'

/**
 * How one rung ended; `detail` may be a part of a sentence, as servers and the network say it: who reads the test gets a
 * whole one. `cause` is set when nothing after it can be reached, or the app cannot do its work.
 */
export type StepOutcome = {
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly detail: string
  readonly next: string | null
  readonly cause?: Pick<ClusterCause, 'code' | 'detail'>
}

export const okay = (detail: string): StepOutcome => ({ status: 'ok', detail, next: null })
export const warning = (detail: string, next: string): StepOutcome => ({ status: 'warn', detail, next })
export const skipped = (detail: string): StepOutcome => ({ status: 'skipped', detail, next: null })
export const failed = (
  code: ClusterCause['code'],
  narrowed: string | null,
  detail: string,
  next: string,
): StepOutcome => ({ status: 'fail', detail, next, cause: { code, detail: narrowed } })

/** As the reason of an abort signal: the test ends at the rung that runs, and that fails with `outcome`. */
export class EndedFor extends Error {
  readonly outcome: StepOutcome

  constructor(outcome: StepOutcome) {
    super(outcome.detail)
    this.outcome = outcome
  }
}

/** A test that has not begun: every rung waits. */
export function newTest(clusterId: string, startedAt: number): ConnectionTest {
  const steps = stepIds.options.map((id): LadderStep => ({ id, status: 'pending', ms: null, detail: '', next: null }))
  return { clusterId, startedAt, finishedAt: null, status: 'unknown', serverVersion: null, cause: null, steps }
}

export function stepBegun(test: ConnectionTest, id: LadderStepId): ConnectionTest {
  return withStep(test, { id, status: 'running', ms: null, detail: '', next: null })
}

/** The first cause of the way up stays the cause of the test. */
export function stepEnded(
  test: ConnectionTest,
  id: LadderStepId,
  outcome: StepOutcome,
  ms: number | null,
): ConnectionTest {
  const { status, detail, next, cause } = outcome
  const rounded = ms === null ? null : Math.round(ms * 10) / 10
  const done = withStep(test, { id, status, ms: rounded, detail: sentence(detail), next })
  if (cause === undefined || test.cause !== null) return done
  return { ...done, cause: { ...cause, message: causeSentence(cause, detail), next: next ?? '' } }
}

/** What a rung found, as the state of the cluster says it: the way there in the words that stand everywhere. */
function causeSentence({ detail: way }: Pick<ClusterCause, 'code' | 'detail'>, found: string): string {
  if (isWay(way)) return wayWords(way, { server: 'the API server', facts: found.replace(/\.$/, '') }).message
  return sentence(found)
}

/** Ends the test: rungs that were not reached say so. */
export function testEnded(
  test: ConnectionTest,
  end: { status: ConnectionTest['status']; why: string; finishedAt: number },
): ConnectionTest {
  const steps = test.steps.map((step): LadderStep =>
    step.status === 'pending' || step.status === 'running'
      ? { ...step, status: 'skipped', ms: null, detail: sentence(end.why), next: null }
      : step,
  )
  return { ...test, status: end.status, finishedAt: end.finishedAt, steps }
}

const withStep = (test: ConnectionTest, step: LadderStep): ConnectionTest => ({
  ...test,
  steps: test.steps.map((other) => (other.id === step.id ? step : other)),
})
