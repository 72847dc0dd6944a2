import type { Dispatcher } from 'undici'
import type { ClusterCause, ConnectionTest, LadderStepId } from '../../../contract/clusters.ts'
import type { Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { apiDispatcher } from '../../../network/api-call.ts'
import { drop } from '../../../contract/drop.ts'
import type { Clock } from '../clock.ts'
import { redact } from '../redact.ts'
import {
  type Call,
  caller,
  stepAuthorization,
  stepCredentials,
  stepIdentity,
  stepLatency,
  stepUpgrade,
} from './ladder-access.ts'
import { stepDns, stepProxy, stepTcp, stepTls, type Reached } from './ladder-network.ts'
import { EndedFor, failed, newTest, stepBegun, stepEnded, type StepOutcome, testEnded } from './ladder-steps.ts'

export type LadderOptions = {
  readonly clusterId: string
  /** The way to the server as the kubeconfig says, without credentials. */
  readonly way: ClusterConnection
  /** Set when the authority that the kubeconfig names cannot be read: TLS cannot be trusted then. */
  readonly authority?: Result<null, ClusterCause>
  /** Obtains credentials; it ends with the signal. `fresh`: the server said no to the ones before. */
  readonly resolve: (signal: AbortSignal, fresh: boolean) => Promise<Result<ClusterConnection, ClusterCause>>
  /** Where permissions are asked for. */
  readonly namespace: string
  readonly clock: Clock
  /** Ends the test: rungs that were not reached say so. With {@link EndedFor} as its reason, the one that runs says why. */
  readonly signal?: AbortSignal
  /** Called at every change with the whole test. */
  readonly onStep?: (test: ConnectionTest) => void
  /** The measured latency, ms. */
  readonly onLatency?: (ms: number) => void
  /** For the whole test, ms. */
  readonly limitMs?: number
}

const stepMs = 8_000
/** Shorter than a rung, so that it is the call that says what took too long. */
const callMs = 6_000
const totalMs = 30_000

const tooSlow = failed(
  'cluster-unreachable',
  'timeout',
  'this step took too long',
  'Try again; check the network and the cluster.',
)

/** Thrown inside to leave the ladder: a rung does not hold, or the test was ended. */
class Fallen extends Error {}

/**
 * Tests the way to a cluster rung by rung: names, TCP, proxy, TLS, credentials, identity, permissions, upgrade, latency. The first
 * failure ends it and gives the cause; missing permissions and a refused upgrade do not: the cluster is connected then.
 * Never rejects. No detail holds a secret.
 */
export async function runLadder(options: LadderOptions): Promise<ConnectionTest> {
  const { clock, way } = options
  const total = AbortSignal.timeout(options.limitMs ?? totalMs)
  const whole = options.signal === undefined ? total : AbortSignal.any([options.signal, total])
  let test = newTest(options.clusterId, clock.now())
  const show = (next: ConnectionTest): void => {
    test = next
    options.onStep?.(next)
  }
  const end = (status: ConnectionTest['status'], why: string): ConnectionTest => {
    show(testEnded(test, { status, why, finishedAt: clock.now() }))
    return test
  }
  const rung = async <T>(
    id: LadderStepId,
    climb: (signal: AbortSignal) => Promise<Reached<T>>,
    ms = stepMs,
  ): Promise<T | null> => {
    show(stepBegun(test, id))
    const begun = clock.monotonic()
    const late = AbortSignal.timeout(ms)
    const { outcome, value } = await climb(AbortSignal.any([whole, late])).catch((error: unknown) => {
      if (whole.aborted || !late.aborted) throw error
      return { outcome: tooSlow, value: null }
    })
    // What a rung makes of being ended says nothing about the cluster.
    if (options.signal?.aborted === true) throw new Fallen()
    show(stepEnded(test, id, safe(outcome), outcome.status === 'skipped' ? null : clock.monotonic() - begun))
    if (outcome.status === 'fail' && id !== 'upgrade') throw new Fallen()
    return value
  }
  const only = async (outcome: Promise<StepOutcome>): Promise<Reached<StepOutcome>> => {
    const done = await outcome
    return { outcome: done, value: done }
  }

  try {
    const addresses = await rung('dns', (signal) => stepDns(way, signal))
    const socket = await rung('tcp', (signal) => stepTcp(way, addresses ?? [], signal))
    if (socket === null) throw new Fallen()
    using _closed = { [Symbol.dispose]: () => void socket.destroy() }
    const through = await rung('proxy', (signal) => stepProxy(way, socket, signal))
    await rung('tls', async (signal) => {
      if (options.authority?.ok === false) return fallen(options.authority.error)
      return await stepTls(way, through ?? socket, signal, clock.now())
    })

    const connection = await rung('credentials', (signal) => climbCredentials(options, signal), totalMs)
    if (connection === null) throw new Fallen()
    using calls = new Calls(connection)
    const user = await rung('identity', (signal) => climbIdentity(options, calls, signal))
    await rung('authorization', (signal) =>
      only(stepAuthorization(calls.with(signal), options.namespace, user ?? 'you')),
    )
    await rung('upgrade', (signal) =>
      only(stepUpgrade(calls.connection, calls.with(signal), options.namespace, signal)),
    )
    const latency = await rung('latency', async (signal) => {
      const measured = await stepLatency(calls.with(signal))
      return { outcome: measured.outcome, value: measured }
    })
    if (latency?.medianMs !== undefined) options.onLatency?.(latency.medianMs)
    show({ ...test, serverVersion: latency?.gitVersion ?? null })
    return end('connected', 'not reached')
  } catch (error) {
    if (options.signal?.aborted === true) {
      const reason: unknown = options.signal.reason
      return reason instanceof EndedFor ? endedBy(reason.outcome, 'unknown') : end('unknown', 'cancelled')
    }
    if (error instanceof Fallen) return end('disconnected', 'not reached')
    if (total.aborted) return endedBy(tooSlow, 'disconnected')
    throw error
  }

  function endedBy(outcome: StepOutcome, status: ConnectionTest['status']): ConnectionTest {
    const running = test.steps.find((step) => step.status === 'running')
    // What an earlier rung found stays the cause, unless it is not the cluster that ended it.
    const cause = status === 'unknown' ? null : test.cause
    if (running !== undefined) show(stepEnded({ ...test, cause }, running.id, outcome, null))
    return end(status, 'not reached')
  }
}

const fallen = ({ code, detail, message, next }: ClusterCause): Reached<never> => ({
  outcome: failed(code, detail, message, next),
  value: null,
})

async function climbCredentials(options: LadderOptions, signal: AbortSignal): Promise<Reached<ClusterConnection>> {
  const resolved = await options.resolve(signal, false)
  if (!resolved.ok) return fallen(resolved.error)
  return { outcome: stepCredentials(resolved.value, options.clock.now()), value: resolved.value }
}

/** Calls with credentials that may be replaced by newer ones on the way. */
class Calls {
  connection: ClusterConnection
  #dispatcher: Dispatcher

  constructor(connection: ClusterConnection) {
    this.connection = connection
    this.#dispatcher = apiDispatcher(connection, { connections: 4, connectMs: callMs })
  }

  with(signal: AbortSignal): Call {
    return caller(this.#dispatcher, this.connection, signal, callMs)
  }

  replace(connection: ClusterConnection): void {
    this[Symbol.dispose]()
    this.connection = connection
    this.#dispatcher = apiDispatcher(connection, { connections: 4, connectMs: callMs })
  }

  [Symbol.dispose](): void {
    drop(this.#dispatcher.destroy(), 'nothing is asked on it any more')
  }
}

/** Credentials that were kept may have been taken back: a refused identity is tried once with new ones. */
async function climbIdentity(options: LadderOptions, calls: Calls, signal: AbortSignal): Promise<Reached<string>> {
  let identity = await stepIdentity(calls.with(signal))
  if (identity.outcome.cause?.code === 'credentials-rejected') {
    const renewed = await options.resolve(signal, true)
    if (!renewed.ok) return fallen(renewed.error)
    if (JSON.stringify(renewed.value) !== JSON.stringify(calls.connection)) {
      calls.replace(renewed.value)
      identity = await stepIdentity(calls.with(signal))
    }
  }
  return { outcome: identity.outcome, value: identity.user }
}

/** Details come from servers, certificates and commands: whatever looks like a secret is masked before anybody sees it. */
const safe = (outcome: StepOutcome): StepOutcome => ({
  ...outcome,
  detail: redact(outcome.detail),
  next: outcome.next === null ? null : redact(outcome.next),
})
