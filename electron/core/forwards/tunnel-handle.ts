import { drop } from '../../../contract/drop.ts'
import type { Clock } from '../clock.ts'
import { failureOfTunnel } from './causes.ts'
import { failureOf, unprobed, type Failure, type ProbeEvidence, type TunnelEvidence } from './evidence.ts'
import type {
  ClientsInDoubt,
  ProbeResult,
  Tunnel,
  TunnelFactory,
  TunnelFailure,
  TunnelRequest,
} from './tunnel/tunnel.ts'

export type TunnelHandleOptions = {
  readonly request: TunnelRequest
  readonly openTunnel: TunnelFactory
  readonly clock: Clock
  /** Who it is among the forward's tunnels, and under what it was opened. */
  readonly identity: Pick<TunnelEvidence, 'key' | 'epoch' | 'version' | 'restarts'>
  /** Something about it changed that the reconciler may care about. */
  readonly changed: () => void
  readonly connectionsLost: (count: number, failure: TunnelFailure) => void
  readonly line: (stream: 'stdout' | 'stderr' | 'note', text: string, pid: number | null) => void
}

/** Bytes flow all the time: a change of the time of the last ones is told once in so long, ms. */
const tellEveryMs = 1_000
/** Evidence with a longer gap than this does not belong together, ms. */
const gapMs = 30_000
/** It carries clients, and cannot be asked whether it works. */
const uncheckedDetail = 'unchecked'

/** A tunnel and what is known about it. */
export class TunnelHandle {
  readonly tunnel: Tunnel
  readonly #options: TunnelHandleOptions
  #evidence: TunnelEvidence

  constructor(options: TunnelHandleOptions) {
    this.#options = options
    const { clock, identity, request } = options
    this.#evidence = {
      ...identity,
      target: request.target,
      remote: request.remote,
      state: 'opening',
      queued: false,
      since: clock.monotonic(),
      evidenceAt: null,
      provenSince: null,
      trouble: null,
      probe: unprobed,
    }
    this.tunnel = options.openTunnel(request, {
      waits: (queued) => {
        // Its time to open begins when its turn has come.
        this.#evidence = { ...this.#evidence, queued, since: clock.monotonic() }
        options.changed()
      },
      ready: () => this.#enter({ state: 'ready', trouble: null }),
      // What was known of it was of the part that has ended.
      reopening: (failure) =>
        this.#enter({
          state: 'opening',
          trouble: { kind: 'lost', failure: this.#about(failureOfTunnel(failure)) },
          evidenceAt: null,
          provenSince: null,
          probe: unprobed,
        }),
      evidence: () => this.#prove(),
      connectionsLost: (count, failure) => options.connectionsLost(count, failure),
      lost: (failure) =>
        this.#enter({ state: 'lost', trouble: { kind: 'lost', failure: this.#about(failureOfTunnel(failure)) } }),
      line: (stream, text, pid) => options.line(stream, text, pid),
    })
  }

  get evidence(): TunnelEvidence {
    return this.#evidence
  }

  /** Asks whether the pod's port answers; the answer becomes evidence. */
  probe(): void {
    const { changed } = this.#options
    this.#evidence = { ...this.#evidence, probe: { ...this.#evidence.probe, running: true } }
    drop(
      this.tunnel.probe().then((result) => {
        this.#evidence = { ...this.#evidence, probe: this.#probed(result) }
        this.#learn(result)
        changed()
      }),
      'its answer is evidence',
    )
  }

  /** Asks its pod also beside clients that have heard nothing for long; should it be gone, they end. */
  probeBeside(who: ClientsInDoubt): void {
    const besideAt = this.#options.clock.monotonic()
    this.#evidence = { ...this.#evidence, probe: { ...this.#evidence.probe, besideAt } }
    drop(this.tunnel.probeBeside(who), 'what is gone ends by itself')
  }

  #probed(result: ProbeResult): ProbeEvidence {
    const endedAt = this.#options.clock.monotonic()
    const inconclusive = result.kind === 'inconclusive'
    const why = inconclusive ? result.hindrance : undefined
    const hindrance = why === undefined ? null : { ...failureOfTunnel(why), detail: why.detail ?? uncheckedDetail }
    const hinderedAt = hindrance === null ? this.#evidence.probe.hinderedAt : endedAt
    return { ...this.#evidence.probe, running: false, endedAt, inconclusive, hindrance, hinderedAt }
  }

  #learn(result: ProbeResult): void {
    if (this.#evidence.state !== 'ready') return
    switch (result.kind) {
      case 'live':
        this.#prove()
        break
      case 'refused':
        this.#evidence = {
          ...this.#evidence,
          trouble: { kind: 'refused', failure: this.#about(failureOfTunnel(result.failure)) },
        }
        break
      case 'stalled': {
        const failure = this.#about(failureOf('tunnel-stalled', result.ms === 0 ? 'kubectl-stopped' : null))
        this.#evidence = { ...this.#evidence, trouble: { kind: 'stalled', failure } }
        break
      }
      case 'inconclusive':
        break
    }
  }

  /** Its pod goes into the words, also when another one is in use by then. */
  #about(failure: Failure): Failure {
    const { target } = this.#evidence
    return target.kind === 'pod' ? { ...failure, pod: target.name } : failure
  }

  #prove(): void {
    const { state, evidenceAt, provenSince, trouble } = this.#evidence
    if (state !== 'ready') return
    const now = this.#options.clock.monotonic()
    const goesOn = evidenceAt !== null && now - evidenceAt < gapMs && trouble === null
    this.#evidence = {
      ...this.#evidence,
      evidenceAt: now,
      provenSince: goesOn ? (provenSince ?? now) : now,
      trouble: null,
    }
    if (!goesOn || now - evidenceAt >= tellEveryMs) this.#options.changed()
  }

  #enter(change: Pick<TunnelEvidence, 'state' | 'trouble'> & Partial<TunnelEvidence>): void {
    const since = this.#evidence.state === change.state ? this.#evidence.since : this.#options.clock.monotonic()
    this.#evidence = { ...this.#evidence, ...change, queued: false, since }
    this.#options.changed()
  }
}
