import type { ForwardState, PodPolicy, Probe, RemotePort, Target } from '../../../../contract/forwards.ts'
import type { CrashLoops } from './crash-loops.ts'
import type { Evidence, Failure } from '../evidence.ts'
import { untried, type Retry } from './retry.ts'
import type { Resolution } from './target-resolver.ts'
import type { ClientsInDoubt, TunnelTarget } from '../tunnel/tunnel.ts'

/** What the user wants; only the user changes it. */
export type Desired = {
  readonly on: boolean
  readonly target: Target
  readonly ports: readonly { readonly id: string; readonly remote: RemotePort }[]
  readonly podPolicy: PodPolicy
  readonly probe: Probe
  readonly parkSeconds: number
}

export type Slot = 'current' | 'next'

/** What is to be done; whoever does it shows in the evidence at once that it is being done. */
export type Action =
  | { readonly kind: 'watch' | 'look-again' | 'unwatch' | 'cut-draining' }
  | { readonly kind: 'bind' | 'unbind'; readonly portId: string }
  | { readonly kind: 'resolve-credentials'; readonly fresh: boolean }
  | {
      readonly kind: 'open-tunnel'
      readonly portId: string
      readonly slot: Slot
      readonly target: TunnelTarget
      readonly remote: number | string
    }
  /** The next tunnel becomes the current one; the old one drains. */
  | { readonly kind: 'promote'; readonly portId: string }
  | { readonly kind: 'drop-tunnel'; readonly portId: string; readonly slot: Slot; readonly how: 'drain' | 'close' }
  | { readonly kind: 'probe'; readonly portId: string; readonly slot: Slot }
  | { readonly kind: 'probe-beside'; readonly portId: string; readonly key: number; readonly who: ClientsInDoubt }

/** Where the clients of a port go. */
export type PortRoute =
  | { readonly kind: 'tunnel'; readonly key: number }
  | { readonly kind: 'park'; readonly seconds: number }
  | { readonly kind: 'close'; readonly afterMs: number }

export type PortMemory = {
  readonly bind: Retry
  readonly tunnel: Retry
  /** Credentials that the last tunnel failed with. */
  readonly failedVersion: number
  /** Where it leads, as text, and since when. */
  readonly way: string
  readonly wayAt: number
}

/** What the reconciler remembers between two looks. Handed back to it unchanged. */
export type Memory = {
  readonly hints: number
  readonly ports: Readonly<Record<string, PortMemory>>
  readonly pod: { readonly name: string; readonly uid: string } | null
  readonly crashLoops: CrashLoops
  readonly credentials: Retry
  /** When fresh credentials were asked for because the server refused the others; -Infinity: it accepts them. */
  readonly freshAt: number
  readonly lookedAt: number
  readonly renewedAt: number
  readonly everLive: boolean
  readonly everFailed: boolean
  readonly cause: { readonly code: string; readonly since: number } | null
}

export const blankMemory: Memory = {
  hints: 0,
  ports: {},
  pod: null,
  crashLoops: {},
  credentials: untried,
  freshAt: -Infinity,
  lookedAt: -Infinity,
  renewedAt: -Infinity,
  everLive: false,
  everFailed: false,
  cause: null,
}

export const blankPortMemory: PortMemory = {
  bind: untried,
  tunnel: untried,
  failedVersion: -1,
  way: '',
  wayAt: -Infinity,
}

export type PortStatus =
  | { readonly kind: 'live' }
  /** `trying`: an attempt is going on; `nextAttemptAt`: the next one, monotonic ms. */
  | {
      readonly kind: 'down'
      readonly failure: Failure
      readonly trying: boolean
      readonly nextAttemptAt: number | null
    }

/** What one look decided. Times are monotonic ms. */
export type Decision = {
  readonly state: ForwardState
  readonly failure: Failure | null
  /** The port that the failure is about. */
  readonly portId: string | null
  readonly nextAttemptAt: number | null
  /** Failed attempts in a row. */
  readonly attempt: number
  readonly actions: readonly Action[]
  readonly routes: ReadonlyMap<string, PortRoute>
  /** Look again then, if nothing happens before; null: only when something happens. */
  readonly wakeAt: number | null
  readonly resolvedBy: Resolution['by']
  readonly watching: boolean
  readonly memory: Memory
}

export type Look = {
  readonly desired: Desired
  readonly evidence: Evidence
  readonly memory: Memory
  /** Monotonic ms. */
  readonly now: number
  readonly random: () => number
}
