import { assertNever } from '../../../contract/assert-never.ts'

/** What the supervisor knows. Times are monotonic ms. */
export type Supervision = {
  readonly state: 'stopped' | 'starting' | 'ready' | 'restarting' | 'failed'
  /** Set by start(), taken back by stop(): only then does an exit count as a crash. */
  readonly wanted: boolean
  /** A process exists, or its exit was not yet told. */
  readonly running: boolean
  /** Its end was asked for: no crash, and the next one, if it is wanted, starts at once. */
  readonly endWanted: boolean
  readonly restarts: number
  readonly readyAt: number | null
  /** When it crashed, within the window. */
  readonly crashes: readonly number[]
  /** Crashes since it was healthy for long: the exponent of the delay. */
  readonly streak: number
  /** Pings without an answer. */
  readonly unanswered: number
}

export type SupervisionEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered' }
  | { readonly kind: 'exited' }
  | { readonly kind: 'timer'; readonly timer: TimerName }

/** `late`: not ready in time; `heartbeat`: ask whether it lives; `again`: the delay before a start is over. */
export type TimerName = 'late' | 'heartbeat' | 'again'

export type SupervisionEffect =
  | { readonly kind: 'launch' }
  | { readonly kind: 'ask-to-stop' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'note'; readonly text: string }
  /** Replaces a running timer of the same name. */
  | { readonly kind: 'timer'; readonly timer: TimerName; readonly ms: number }

export type Step = { readonly next: Supervision; readonly effects: readonly SupervisionEffect[] }

/** Limits, delays and how many crashes are too many; every time in ms. */
export const rules = {
  readyMs: 30_000,
  heartbeatMs: 5_000,
  healthyMs: 60_000,
  delayFloorMs: 250,
  delayCapMs: 30_000,
  mostCrashes: 5,
  crashWindowMs: 300_000,
} as const

export const stopped: Supervision = {
  state: 'stopped',
  wanted: false,
  running: false,
  endWanted: false,
  restarts: 0,
  readyAt: null,
  crashes: [],
  streak: 0,
  unanswered: 0,
}

/** Decides what follows from one event; knows no process, no clock and no timer. */
export function supervise(now: Supervision, event: SupervisionEvent, time: number): Step {
  switch (event.kind) {
    case 'start':
      return now.wanted ? { next: now, effects: [] } : launch({ ...now, wanted: true, crashes: [], streak: 0 })
    case 'restart':
      return restart({ ...now, wanted: true, crashes: [], streak: 0 })
    case 'stop':
      return {
        next: { ...now, wanted: false, state: 'stopped', endWanted: now.running },
        effects: now.running ? [{ kind: 'ask-to-stop' }] : [],
      }
    case 'ready':
      if (!now.wanted || now.state === 'ready') return { next: now, effects: [] }
      return {
        next: { ...now, state: 'ready', readyAt: time, unanswered: 0 },
        effects: [{ kind: 'timer', timer: 'heartbeat', ms: rules.heartbeatMs }],
      }
    case 'answered':
      return { next: { ...now, unanswered: 0 }, effects: [] }
    case 'exited':
      return exited({ ...now, running: false }, time)
    case 'timer':
      return due(now, event.timer)
    default:
      return assertNever(event)
  }
}

function launch(now: Supervision): Step {
  const next: Supervision = { ...now, state: now.restarts > 0 || now.streak > 0 ? 'restarting' : 'starting' }
  // An old process that is still ending is waited for: two would do everything twice.
  if (now.running) return { next, effects: [] }
  return {
    next: { ...next, running: true, readyAt: null, unanswered: 0 },
    effects: [{ kind: 'launch' }, { kind: 'timer', timer: 'late', ms: rules.readyMs }],
  }
}

function restart(now: Supervision): Step {
  if (!now.running) return launch(now)
  return { next: { ...now, state: 'restarting', endWanted: true }, effects: [{ kind: 'kill' }] }
}

function exited(before: Supervision, time: number): Step {
  const now = { ...before, endWanted: false }
  if (!now.wanted) return { next: { ...now, state: 'stopped' }, effects: [] }
  const counted = { ...now, restarts: now.restarts + 1 }
  if (before.endWanted) return launch(counted)
  const crashes = [...now.crashes, time].filter((at) => time - at <= rules.crashWindowMs)
  const healthy = now.readyAt !== null && time - now.readyAt >= rules.healthyMs
  const streak = healthy ? 1 : now.streak + 1
  if (crashes.length >= rules.mostCrashes) {
    const text = `ended ${crashes.length} times in ${rules.crashWindowMs / 60_000} minutes; it is not started again by itself`
    return { next: { ...now, state: 'failed', wanted: false, crashes, streak }, effects: [{ kind: 'note', text }] }
  }
  const ms = Math.min(rules.delayCapMs, rules.delayFloorMs * 2 ** (streak - 1))
  return {
    next: { ...counted, state: 'restarting', crashes, streak },
    effects: [
      { kind: 'note', text: `ended; it is started again in ${ms} ms` },
      { kind: 'timer', timer: 'again', ms },
    ],
  }
}

function due(now: Supervision, timer: TimerName): Step {
  const nothing: Step = { next: now, effects: [] }
  switch (timer) {
    case 'again':
      return now.wanted && !now.running && now.state === 'restarting' ? launch(now) : nothing
    case 'late': {
      if (!now.running || now.state === 'ready' || !now.wanted) return nothing
      const text = `not ready after ${rules.readyMs / 1000} s`
      return { next: now, effects: [{ kind: 'note', text }, { kind: 'kill' }] }
    }
    case 'heartbeat':
      if (now.state !== 'ready' || !now.running) return nothing
      // Two steps: after the machine slept both sides need a moment, and one silence alone proves nothing.
      if (now.unanswered >= 2) {
        return { next: now, effects: [{ kind: 'note', text: 'does not answer' }, { kind: 'kill' }] }
      }
      return {
        next: { ...now, unanswered: now.unanswered + 1 },
        effects: [{ kind: 'ping' }, { kind: 'timer', timer: 'heartbeat', ms: rules.heartbeatMs }],
      }
    default:
      return assertNever(timer)
  }
}
