import { Deadlines } from './deadlines.ts'
import { failureOf, type Failure, type TunnelEvidence } from '../evidence.ts'
import type { Look } from './reconcile-types.ts'
import type { PortPlan, Resolution, Way } from './target-resolver.ts'
import type { ClientsInDoubt } from '../tunnel/tunnel.ts'

/** Evidence is fresh for one probe interval and so long, ms. */
export const graceMs = 3_000
const probeAgainMs = 1_000
const probeSoonMs = 300

export type StandingQuestion = {
  readonly look: Look
  readonly plan: PortPlan
  /** Where it is about to lead. */
  readonly coming: Way | null
  readonly resolution: Resolution
  /** Since when it leads where it leads, monotonic ms. */
  readonly wayAt: number
  readonly deadlines: Deadlines
}

/**
 * How the tunnels of one port stand at one look: whether they lead where they should, whether the pod's answers are fresh
 * enough to be believed, and when they must be asked again. Decides nothing.
 */
export class TunnelStanding {
  readonly #question: StandingQuestion
  readonly #limit: number

  constructor(question: StandingQuestion) {
    this.#question = question
    this.#limit = question.look.desired.probe.seconds * 1000 + graceMs
  }

  /** It leads where it should, with the credentials it should. */
  fits(tunnel: TunnelEvidence): boolean {
    const { plan } = this.#question
    if (plan.kind !== 'way' || !this.#isNew(tunnel)) return false
    // What kubectl resolved stays, whatever the way it was found, until it breaks.
    if (plan.target.kind === 'reference') return true
    return leadsTo(tunnel, plan)
  }

  /** It leads to a pod that is not ready yet. */
  isComing(tunnel: TunnelEvidence): boolean {
    const { coming } = this.#question
    return coming !== null && this.#isNew(tunnel) && leadsTo(tunnel, coming)
  }

  /** There is a way, and it leads to another pod. */
  isLeft({ target }: TunnelEvidence): boolean {
    const { plan } = this.#question
    return plan.kind === 'way' && plan.target.kind === 'pod' && target.kind === 'pod' && target.uid !== plan.target.uid
  }

  /** Its pod, as far as it is seen. */
  podOf({ target }: TunnelEvidence): 'usable' | 'unusable' | 'gone' | 'unknown' {
    const { resolution, look } = this.#question
    if (!resolution.watching || target.kind === 'reference') return 'unknown'
    const pod = look.evidence.watch.view?.pods.find((one) => one.uid === target.uid)
    return pod === undefined ? 'gone' : pod.usable ? 'usable' : 'unusable'
  }

  /** Whose pod may be gone; null: nobody's. A passive forward never asks. */
  clientsInDoubt(tunnel: TunnelEvidence): ClientsInDoubt | null {
    const { look, resolution } = this.#question
    if (look.desired.probe.mode === 'passive' || tunnel.state === 'opening') return null
    if (tunnel.trouble?.failure.detail === 'pod-gone') return 'all'
    if (tunnel.target.kind === 'pod') return this.podOf(tunnel) === 'gone' ? 'all' : null
    // Each of its kubectls chose a pod by itself. One that is seen to go may be such a pod, and still be at work.
    const pods = resolution.watching ? (look.evidence.watch.view?.pods ?? []) : []
    return pods.some(({ terminating }) => terminating) ? null : 'strangers'
  }

  podIsUsable(tunnel: TunnelEvidence): boolean {
    const pod = this.podOf(tunnel)
    return pod === 'usable' || pod === 'unknown'
  }

  /** New connections may go through it. */
  mayCarry(tunnel: TunnelEvidence): boolean {
    return tunnel.state === 'ready' && !this.isStalled(tunnel) && this.podIsUsable(tunnel)
  }

  /** What is known of it is from before a sleep, and the answer to the new question may still come. */
  isDoubted({ evidenceAt }: TunnelEvidence): boolean {
    const { evidence, now } = this.#question.look
    return evidenceAt !== null && evidenceAt < evidence.doubtedBefore && now - evidence.doubtedBefore < this.#limit
  }

  isProven(tunnel: TunnelEvidence): boolean {
    const { look, deadlines } = this.#question
    const { desired, now } = look
    const { state, trouble, evidenceAt } = tunnel
    if (state !== 'ready' || trouble !== null) return false
    if (desired.probe.mode === 'passive') return true
    if (evidenceAt === null || evidenceAt < this.#believedFrom(tunnel) || now - evidenceAt > this.#limit) return false
    deadlines.add(evidenceAt + this.#limit + 1)
    return true
  }

  /** When what is known of it gets too old, monotonic ms. */
  staleAt(tunnel: TunnelEvidence): number {
    const { evidenceAt, since, probe } = tunnel
    // While it could not be asked, silence said nothing.
    return Math.max(evidenceAt ?? since, this.#believedFrom(tunnel), probe.hinderedAt ?? -Infinity) + this.#limit
  }

  isStalled(tunnel: TunnelEvidence): boolean {
    const { look, deadlines } = this.#question
    if (tunnel.state !== 'ready') return false
    if (tunnel.trouble?.kind === 'stalled') return true
    if (look.desired.probe.mode === 'passive' || !this.podIsUsable(tunnel)) return false
    const staleAt = this.staleAt(tunnel)
    deadlines.add(staleAt + 1)
    return look.now > staleAt
  }

  /** When it is to be probed, monotonic ms; in the past: now. Null: not at all. */
  probeDue(tunnel: TunnelEvidence): number | null {
    const { desired, evidence, now } = this.#question.look
    const { evidenceAt, probe, trouble, key } = tunnel
    if (desired.probe.mode === 'passive') return null
    if (tunnel.state !== 'ready' || probe.running || !this.podIsUsable(tunnel)) return null
    const endedAt = probe.endedAt ?? -Infinity
    const believedFrom = this.#believedFrom(tunnel)
    if (evidenceAt === null || evidenceAt < believedFrom || trouble !== null) {
      // What was asked before the doubt began does not answer it.
      if (endedAt < believedFrom) return now
      return endedAt + (probe.inconclusive ? probeSoonMs : probeAgainMs)
    }
    if (evidenceAt < evidence.askedAt && endedAt < evidence.askedAt) return now
    // Spread by up to a fifth, so that forwards that began together do not probe together.
    const wait = desired.probe.seconds * 1000 * (1 - 0.2 * ((key * 0.618) % 1))
    return Math.max(evidenceAt + wait, probe.inconclusive ? endedAt + probeAgainMs : -Infinity)
  }

  /** Evidence of before a sleep says nothing; nor does that of a way that went and came back while the tunnel stayed. */
  #believedFrom(tunnel: TunnelEvidence): number {
    const { look, resolution, wayAt } = this.#question
    const wasCut = resolution.watching && tunnel.since < wayAt && this.fits(tunnel)
    return Math.max(look.evidence.doubtedBefore, wasCut ? wayAt : -Infinity)
  }

  #isNew({ epoch, restarts }: TunnelEvidence): boolean {
    const { evidence } = this.#question.look
    return epoch === evidence.credentials.epoch && restarts === evidence.restarts
  }
}

const leadsTo = ({ target, remote }: TunnelEvidence, way: Way): boolean =>
  target.kind === 'pod' && way.target.kind === 'pod' && target.uid === way.target.uid && remote === way.remote

/** What is wrong with a tunnel through which nothing comes. */
export const stalledBy = ({ trouble }: TunnelEvidence): Failure =>
  trouble?.failure ?? failureOf('tunnel-stalled', 'no-evidence')

export const podName = ({ target }: TunnelEvidence): string | undefined =>
  target.kind === 'pod' ? target.name : undefined
