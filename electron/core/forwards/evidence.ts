import type { CauseCode } from '../../../contract/causes.ts'
import type { TargetView } from '../../../contract/sidecar.ts'
import type { TunnelTarget } from './tunnel/tunnel.ts'

/**
 * Something that went wrong, as its source said it. `facts` is what the source adds for people (kubectl's line, the API
 * server's message, the process that holds a port); `words` replace the usual ones where the source knows better.
 */
export type Failure = {
  readonly code: CauseCode
  readonly detail: string | null
  readonly facts: string | null
  /** The pod it is about, where that is not the one in use. */
  readonly pod?: string
  readonly words?: { readonly message: string; readonly next: string }
}

/** The listening socket of one port. `attempt` counts binds, so that each failure is counted once. */
export type ListenerEvidence = {
  readonly state: 'closed' | 'binding' | 'bound' | 'failed' | 'closing'
  readonly attempt: number
  readonly failure: Failure | null
}

/** What is known about one tunnel. Times are monotonic ms. */
export type TunnelEvidence = {
  /** Unique among all tunnels of the forward, ever. */
  readonly key: number
  readonly target: TunnelTarget
  readonly remote: number | string
  /** {@link CredentialEvidence.epoch}, its `version`, and {@link Evidence.restarts} at the time it was opened. */
  readonly epoch: number
  readonly version: number
  readonly restarts: number
  readonly state: 'opening' | 'ready' | 'lost'
  /** It is opening, and others are started before it. */
  readonly queued: boolean
  /** When it entered that state. */
  readonly since: number
  /** When bytes came from the pod, or a probe proved it, last. */
  readonly evidenceAt: number | null
  /** When the evidence that holds without a break began. */
  readonly provenSince: number | null
  readonly trouble: null | { readonly kind: 'lost' | 'refused' | 'stalled'; readonly failure: Failure }
  readonly probe: ProbeEvidence
}

/** How the last probe of a tunnel went. Times are monotonic ms. */
export type ProbeEvidence = {
  readonly running: boolean
  readonly endedAt: number | null
  readonly inconclusive: boolean
  /** What on this machine kept it from being asked. */
  readonly hindrance: Failure | null
  /** When something did so last: what is not heard since then says nothing. */
  readonly hinderedAt: number | null
  /** When it was asked beside its clients last. */
  readonly besideAt: number | null
}

export const unprobed: ProbeEvidence = {
  running: false,
  endedAt: null,
  inconclusive: false,
  hindrance: null,
  hinderedAt: null,
  besideAt: null,
}

export type PortEvidence = {
  readonly portId: string
  readonly listener: ListenerEvidence
  /** The tunnel that new connections get. */
  readonly current: TunnelEvidence | null
  /** The one that shall take its place: made before the current one is let go. */
  readonly next: TunnelEvidence | null
  /** Those that only wait for their last connections. */
  readonly draining: readonly TunnelEvidence[]
}

export type CredentialEvidence = {
  readonly state: 'none' | 'resolving' | 'ready' | 'failed'
  readonly attempt: number
  /** Counts the credentials obtained; 0: none yet. */
  readonly version: number
  /** The last attempt asked for fresh ones, past every cache. */
  readonly fresh: boolean
  /** Counts replacements by the user (rotation): tunnels of an earlier epoch move over. */
  readonly epoch: number
  readonly failure: Failure | null
  /** Monotonic ms; null: not known. */
  readonly expiresAt: number | null
}

/** Nobody has asked for any yet. */
export const noCredentials: CredentialEvidence = {
  state: 'none',
  attempt: 0,
  version: 0,
  fresh: false,
  epoch: 0,
  failure: null,
  expiresAt: null,
}

/** What the pod watch says. `unwatched`: nobody watches (no sidecar); the last view may be old. */
export type WatchEvidence = {
  readonly state: 'off' | 'waiting' | 'seen' | 'unwatched'
  readonly since: number
  readonly view: TargetView | null
}

/** Everything known about one forward at one moment: the one source of its state, its row, its history. */
export type Evidence = {
  readonly ports: readonly PortEvidence[]
  /** Tunnels that are being closed. */
  readonly closing: number
  readonly credentials: CredentialEvidence
  readonly watch: WatchEvidence
  /** Why a look within the last minute did not reach its cluster; null: it did, nobody looked, or credentials were the reason. */
  readonly cluster: Failure | null
  /** Counts hints: pod ready, network back, wake, somebody looks, vault unlocked, command allowed. */
  readonly hints: number
  /** Whose the last one was: a person's own doing, or what the system noticed. */
  readonly hintedBy: 'person' | 'system'
  /** Evidence from before is no longer believed (the machine slept). Monotonic ms. */
  readonly doubtedBefore: number
  /** A probe is wanted if there was none since (the network changed). Monotonic ms. */
  readonly askedAt: number
  /** The way to the cluster is open again: it was reached, or the machine woke. A network that changed says neither. Monotonic ms. */
  readonly openAgainAt: number
  /** Counts requests for new tunnels by the user. */
  readonly restarts: number
  /** Some children wait for their turn to start: not the time for what is not needed yet. */
  readonly queueBusy: boolean
}

/** Builds a {@link Failure} without further facts. */
export const failureOf = (code: CauseCode, detail: string | null = null, facts: string | null = null): Failure => ({
  code,
  detail,
  facts,
})
