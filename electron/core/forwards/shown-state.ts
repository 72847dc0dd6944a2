import type { Cause, CauseCode } from '../../../contract/causes.ts'
import type { ForwardState } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { HistoryRow } from '../store/history-table.ts'
import { causeOf } from './causes.ts'
import type { Traffic } from './port-sums.ts'
import type { Decision } from './reconciler/reconcile-types.ts'

/** Causes that may be the cluster's own. */
const onTheWay: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'tunnel-lost',
  'tunnel-stalled',
  'cluster-unreachable',
  'api-unavailable',
])

export type ShownStateOptions = {
  readonly clock: Clock
  /** The row is another one. */
  readonly changed: () => void
  /** It entered a state, or has another cause for it. */
  readonly entered: (row: Omit<HistoryRow, 'id'>) => void
}

/** The names that go into the words of a cause. */
export type CauseNames = Parameters<typeof causeOf>[1]

/** What people see of the reconciler's decisions: the state, its cause and since when; each change once. */
export class ShownState {
  readonly #options: ShownStateOptions
  #state: ForwardState = 'off'
  #cause: Cause | null = null
  #since: number
  #wasLive = false
  #reconnects = 0
  #told = { bytesIn: 0, bytesOut: 0 }
  /** What comes next is written down, also when it is what was before. */
  #interrupted = false

  constructor(options: ShownStateOptions) {
    this.#options = options
    this.#since = options.clock.now()
  }

  get state(): ForwardState {
    return this.#state
  }

  get cause(): Cause | null {
    return this.#cause
  }

  /** Whether it reaches its cluster; null: what is wrong may lie elsewhere. */
  get reaches(): boolean | null {
    if (this.#state === 'live') return true
    return this.#cause !== null && onTheWay.has(this.#cause.code) ? false : null
  }

  /** Ms since the epoch. */
  get since(): number {
    return this.#since
  }

  /** How often it was live again since it was turned on. */
  get reconnects(): number {
    return this.#reconnects
  }

  show({ state, failure }: Decision, names: CauseNames, traffic: Traffic): void {
    const { clock, changed } = this.#options
    const before = { state: this.#state, cause: this.#cause }
    const isSameCause = before.cause?.code === failure?.code && before.cause?.detail === failure?.detail
    const causeSince = (isSameCause ? before.cause?.since : undefined) ?? clock.now()
    this.#state = state
    this.#cause = failure === null ? null : causeOf(failure, names, causeSince)
    if (before.state === state && isSameCause && !this.#interrupted) {
      if (before.cause?.message !== this.#cause?.message) changed()
      return
    }
    this.#interrupted = false
    if (before.state !== state) this.#since = clock.now()
    this.#countReconnect(before.state)
    // Told before it is written down: a disk that is busy takes its time, and the row must not be believed meanwhile.
    changed()
    this.#enter(failure?.pod ?? names.pod, traffic)
  }

  /** The machine slept from then (ms since the epoch) until now: that is not what it was before, nor what it is after. */
  slept(from: number): void {
    if (this.#state === 'off') return
    const nothing = { causeCode: null, detail: null, pod: null, connectionsLost: 0, bytesIn: 0, bytesOut: 0 }
    this.#options.entered({ ...nothing, at: Math.max(from, this.#since), state: 'off', message: 'The machine slept.' })
    this.#interrupted = true
  }

  #countReconnect(before: ForwardState): void {
    if (this.#state === 'off') this.#wasLive = false
    if (this.#state !== 'live' || before === 'live') return
    if (this.#wasLive) this.#reconnects += 1
    this.#wasLive = true
  }

  #enter(pod: string | null, { bytesIn, bytesOut }: Traffic): void {
    this.#options.entered({
      at: this.#options.clock.now(),
      state: this.#state,
      causeCode: this.#cause?.code ?? null,
      detail: this.#cause?.detail ?? null,
      message: this.#cause?.message ?? '',
      pod,
      connectionsLost: 0,
      // A port that was taken away takes its count with it.
      bytesIn: Math.max(0, bytesIn - this.#told.bytesIn),
      bytesOut: Math.max(0, bytesOut - this.#told.bytesOut),
    })
    this.#told = { bytesIn, bytesOut }
  }
}
