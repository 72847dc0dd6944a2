import type { ForwardState } from '../../../../contract/forwards.ts'
import { longestWait } from './backoff.ts'
import { policyOf, type CausePolicy } from '../causes.ts'
import { failureOfCrashLoop, followCrashLoops, mayBeCrash, steadyPodMs, type CrashLoops } from './crash-loops.ts'
import { Deadlines } from './deadlines.ts'
import type { Failure, PortEvidence, TunnelEvidence } from '../evidence.ts'
import { failureOf } from '../evidence.ts'
import { reconcilePort, type PortOutcome } from './reconcile-port.ts'
import { blankMemory, blankPortMemory, type Action, type Decision, type Look, type Memory } from './reconcile-types.ts'
import { forgotten, hinted, noteFailure, type Retry, unaskedMs } from './retry.ts'
import { firstViewMs, isPassing, resolveTarget, unwatchedMs, type Resolution } from './target-resolver.ts'

/** Credentials are renewed so long before they end, ms, so that the pod watch goes on. */
const renewMs = 45_000
/** The last moment to renew what does not live that long, ms before its end. */
const lastRenewMs = 3_000
/** A pod that starts, or is being replaced, gets so long before the forward counts as held up, ms. */
const patienceMs = 30_000

/**
 * Decides what to show and what to do from what the user wants and what is known: a pure function, so that events only
 * have to wake it. Every state but `live` and `off` comes with a failure, and while the forward is wanted there is
 * always an attempt going on, a time for the next one, or a cause that only new credentials can mend.
 */
export function reconcile(look: Look): Decision {
  return look.desired.on ? reconcileWanted(look) : reconcileUnwanted(look)
}

function reconcileUnwanted({ evidence }: Look): Decision {
  const actions: Action[] = []
  for (const { portId, listener, current, next } of evidence.ports) {
    if (next !== null) actions.push({ kind: 'drop-tunnel', portId, slot: 'next', how: 'close' })
    if (current !== null) actions.push({ kind: 'drop-tunnel', portId, slot: 'current', how: 'close' })
    if (listener.state !== 'closed' && listener.state !== 'closing') actions.push({ kind: 'unbind', portId })
  }
  if (evidence.watch.state !== 'off') actions.push({ kind: 'unwatch' })
  if (evidence.ports.some(({ draining }) => draining.length > 0)) actions.push({ kind: 'cut-draining' })
  const busy = evidence.closing > 0 || evidence.ports.some(({ listener }) => listener.state !== 'closed')
  return {
    state: busy || actions.length > 0 ? 'stopping' : 'off',
    failure: busy || actions.length > 0 ? failureOf('stopping') : null,
    portId: null,
    nextAttemptAt: null,
    attempt: 0,
    actions,
    routes: new Map(),
    wakeAt: null,
    resolvedBy: null,
    watching: false,
    memory: { ...blankMemory, hints: evidence.hints },
  }
}

function reconcileWanted(look: Look): Decision {
  const { desired, evidence, memory, now } = look
  const deadlines = new Deadlines(now)
  const actions: Action[] = []
  const isHinted = evidence.hints !== memory.hints
  const crashLoops = followCrashLoops(memory.crashLoops, evidence, now)
  const resolution = resolveTarget({
    target: desired.target,
    policy: desired.podPolicy,
    watch: evidence.watch,
    current: memory.pod,
    shaky: new Set(Object.keys(crashLoops)),
    now,
  })
  if (evidence.watch.state === 'off' && evidence.credentials.version > 0) actions.push({ kind: 'watch' })
  if (evidence.watch.state === 'waiting') deadlines.add(evidence.watch.since + firstViewMs)
  if (evidence.watch.state === 'unwatched') deadlines.add(evidence.watch.since + unwatchedMs)

  const outcomes = evidence.ports.flatMap((port) => {
    const wanted = desired.ports.find(({ id }) => id === port.portId)
    if (wanted === undefined) return []
    const plan = resolution.planOf(wanted.remote)
    const known = memory.ports[port.portId] ?? blankPortMemory
    const outcome = reconcilePort({
      look,
      port,
      memory: known,
      plan,
      coming: resolution.comingOf?.(wanted.remote) ?? null,
      resolution,
      hinted: isHinted,
    })
    deadlines.add(outcome.wakeAt)
    return [{ portId: port.portId, plan, outcome }]
  })
  actions.push(...outcomes.flatMap(({ outcome }) => outcome.actions))

  const credentials = lookAtCredentials(
    look,
    isHinted,
    outcomes.map(({ outcome }) => outcome),
    deadlines,
  )
  actions.push(...credentials.actions)

  const isLost = outcomes.some(({ plan }) => plan.kind === 'none')
  const seen = evidence.watch.state === 'seen' || evidence.watch.state === 'unwatched'
  let lookedAt = isLost && seen ? (Number.isFinite(memory.lookedAt) ? memory.lookedAt : now) : -Infinity
  if (isLost && seen) {
    if (now - lookedAt >= longestWait || (isHinted && now - lookedAt >= 1000)) {
      actions.push({ kind: 'look-again' })
      lookedAt = now
    }
    deadlines.add(lookedAt + longestWait)
  }

  const worst = worstOf(outcomes)
  const status = worst?.outcome.status ?? null
  const failure = withCrashLoop(status?.kind === 'down' ? status.failure : null, crashLoops, resolution, evidence.ports)
  for (const { upSince } of Object.values(crashLoops)) if (upSince !== null) deadlines.add(upSince + steadyPodMs)
  const cause =
    failure === null ? null : memory.cause?.code === failure.code ? memory.cause : { code: failure.code, since: now }
  if (cause !== null) deadlines.add(cause.since + patienceMs)
  const everLive = memory.everLive || failure === null
  const everFailed =
    memory.everFailed || (failure !== null && failure.code !== 'connecting' && failure.code !== 'queued')
  const state = stateOf(failure, now - (cause?.since ?? now), everLive, everFailed)
  const attempting = status?.kind === 'down' && (status.trying || evidence.credentials.state === 'resolving')
  const nextAttemptAt =
    status?.kind !== 'down' || attempting
      ? null
      : earliest(status.nextAttemptAt, isLost ? lookedAt + longestWait : null, credentials.nextAttemptAt)
  return {
    state,
    failure,
    portId: worst?.portId ?? null,
    nextAttemptAt,
    attempt: worst === null ? 0 : Math.max(worst.outcome.memory.tunnel.failures, worst.outcome.memory.bind.failures),
    actions,
    routes: new Map(outcomes.map(({ portId, outcome }) => [portId, outcome.route])),
    wakeAt: Number.isFinite(deadlines.next) ? deadlines.next : null,
    resolvedBy: resolution.by,
    watching: resolution.watching,
    memory: {
      hints: evidence.hints,
      ports: Object.fromEntries(outcomes.map(({ portId, outcome }) => [portId, outcome.memory])),
      pod: podOf(resolution, memory),
      crashLoops,
      credentials: credentials.retry,
      freshAt: credentials.freshAt,
      renewedAt: credentials.renewedAt,
      lookedAt,
      everLive,
      everFailed,
      cause,
    },
  }
}

/**
 * A pod in a crash loop is up for moments, and connections are served then; the forward is called live when that lasts.
 * Until then the one reason stays, whatever each crash and each restart looks like.
 */
function withCrashLoop(
  failure: Failure | null,
  loops: CrashLoops,
  { pod, watching }: Resolution,
  ports: readonly PortEvidence[],
): Failure | null {
  if (failure === null && !watching) {
    // Nobody sees the pods; all ports work, through those that they lead to.
    const loop = Object.entries(loops).find(([uid]) => ports.some(({ current }) => leadsToPod(current, uid)))
    return loop === undefined ? null : failureOfCrashLoop(loop[1].name)
  }
  if (failure !== null && !mayBeCrash(failure)) return failure
  if (pod !== null) return loops[pod.uid] === undefined ? failure : failureOfCrashLoop(pod.name)
  if (failure?.code !== 'no-ready-pod') return failure
  const waitedFor = Object.values(loops).find(({ name }) => name === failure.pod)
  return waitedFor === undefined ? failure : failureOfCrashLoop(waitedFor.name)
}

const leadsToPod = (tunnel: TunnelEvidence | null, uid: string): boolean =>
  tunnel?.target.kind === 'pod' && tunnel.target.uid === uid

const podOf = ({ pod }: Resolution, memory: Memory): Memory['pod'] =>
  pod === null ? memory.pod : { name: pod.name, uid: pod.uid }

function stateOf(failure: Failure | null, since: number, everLive: boolean, everFailed: boolean): ForwardState {
  if (failure === null) return 'live'
  if (policyOf(failure.code) !== 'retry') return 'holding'
  if (failure.code === 'no-ready-pod' && !(isPassing(failure.detail) && since < patienceMs)) return 'holding'
  return everLive || everFailed ? 'recovering' : 'starting'
}

const gravity: Record<CausePolicy, number> = { credentials: 2, person: 1, retry: 0 }

/** The port whose trouble speaks for the forward; null: all are live. */
function worstOf<T extends { outcome: PortOutcome }>(outcomes: readonly T[]): T | null {
  let worst: { one: T; weight: number } | null = null
  for (const one of outcomes) {
    const { status } = one.outcome
    if (status.kind === 'live') continue
    const said = status.failure.code === 'connecting' || status.failure.code === 'queued' ? 0 : 0.5
    const weight = gravity[policyOf(status.failure.code)] + said
    if (worst === null || weight > worst.weight) worst = { one, weight }
  }
  return worst?.one ?? null
}

const earliest = (...times: (number | null)[]): number | null => {
  const given = times.filter((time) => time !== null && Number.isFinite(time)) as number[]
  return given.length === 0 ? null : Math.min(...given)
}

type CredentialOutcome = {
  retry: Retry
  freshAt: number
  renewedAt: number
  actions: Action[]
  nextAttemptAt: number | null
}

/**
 * Credentials are obtained once; again when they end, when the server refuses them (then fresh ones, once), and after a
 * hint. Nobody is asked to log in by a timer.
 */
function lookAtCredentials(
  look: Look,
  isHinted: boolean,
  ports: readonly PortOutcome[],
  deadlines: Deadlines,
): CredentialOutcome {
  const { evidence, memory, now, random } = look
  const { credentials } = evidence
  let retry = memory.credentials
  if (credentials.state === 'failed' && credentials.failure !== null)
    retry = noteFailure(retry, credentials.attempt, credentials.failure, now, random)
  if (credentials.state === 'ready') retry = forgotten({ ...retry, seen: credentials.attempt })
  if (isHinted) retry = hinted(retry, evidence.hintedBy)
  const mayAskAgain = isHinted && (evidence.hintedBy === 'person' || now - memory.freshAt >= unaskedMs)
  const freshAt = mayAskAgain || wereAccepted(look) ? -Infinity : memory.freshAt
  const done = { retry, freshAt, renewedAt: memory.renewedAt, nextAttemptAt: null }
  const resolve = (fresh: boolean): Action[] => [{ kind: 'resolve-credentials', fresh }]

  switch (credentials.state) {
    case 'resolving':
      return { ...done, actions: [] }
    case 'none':
      return { ...done, actions: resolve(false) }
    case 'failed':
      if (retry.at <= now) return { ...done, actions: resolve(false) }
      deadlines.add(retry.at)
      return { ...done, actions: [], nextAttemptAt: retry.at }
    case 'ready': {
      if (wereRefused(look, ports) && freshAt === -Infinity) return { ...done, freshAt: now, actions: resolve(true) }
      if (credentials.expiresAt === null) return { ...done, actions: [] }
      const due = renewalDue(credentials.expiresAt, memory.renewedAt)
      if (due <= now) return { ...done, renewedAt: now, actions: resolve(false) }
      deadlines.add(due)
      return { ...done, actions: [] }
    }
  }
}

/** Asked for at most every 15 s, but before their end; what has ended when it comes is not asked for in a loop. */
function renewalDue(expiresAt: number, renewedAt: number): number {
  const next = renewedAt + longestWait
  const last = expiresAt - lastRenewMs
  return Math.max(expiresAt - renewMs, last > renewedAt ? Math.min(next, last) : next)
}

/** The server said no to the credentials that are in use. */
function wereRefused({ evidence: { credentials, watch } }: Look, ports: readonly PortOutcome[]): boolean {
  const byTunnel = ports.some(
    ({ memory: { tunnel, failedVersion } }) =>
      tunnel.failure?.code.startsWith('credentials-') === true && failedVersion >= credentials.version,
  )
  return byTunnel || (watch.state === 'seen' && watch.view?.failure?.class === 'unauthorized')
}

/** The server has said yes to what was obtained fresh: when it says no again, fresh ones may be asked for again. */
function wereAccepted({ evidence: { credentials, ports, watch }, memory: { freshAt } }: Look): boolean {
  const byTunnel = ports.some(
    ({ current }) => current?.state === 'ready' && current.version === credentials.version && current.since > freshAt,
  )
  return byTunnel || (watch.state === 'seen' && watch.view?.failure === null && watch.since > freshAt)
}
