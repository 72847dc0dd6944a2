import PQueue from 'p-queue'
import { drop } from '../../../contract/drop.ts'
import type { Clock, Timer } from '../clock.ts'

/** What one look in the background found: when to look again follows from it. */
export type LookResult = 'well' | 'away' | 'needs-a-person'

/** `waited-for`: forwards that are on; `looked-at`: somebody opened it lately. */
export type Need = 'waited-for' | 'looked-at' | 'none'

/** A cluster that is connected is looked at so often, ms. */
export const lookEveryMs = 30_000
/**
 * One that is away is looked at again after a share of the time it has been away, in these bounds, ms: forwards that wait
 * for it are late by a twentieth of the outage at most; where only somebody looks at it, looks become rare.
 */
export const awayLooks = {
  'waited-for': { share: 0.05, leastMs: 2_000, mostMs: 15_000 },
  'looked-at': { share: 1, leastMs: lookEveryMs, mostMs: 300_000 },
} as const
/** A look that hangs comes round again after this, ms. */
const hungMs = 300_000
const atOnce = 8
/** Of two contradictory signs only so often follows a look, ms: a forward that comes and goes must not become a storm. */
const freshMs = 2_000

/** The delay before the next look, ms. `awayMs`: since it was found away; null: it is well. `random` in [0, 1) spreads clusters. */
export function nextLookMs(awayMs: number | null, need: Exclude<Need, 'none'>, random: number): number {
  const { share, leastMs, mostMs } = awayLooks[need]
  const usual = awayMs === null ? lookEveryMs : Math.min(mostMs, Math.max(leastMs, awayMs * share))
  return usual * (0.8 + 0.4 * random)
}

/** `awaySince`: when the first failure in a row was found; `lookedAt`: when the last look began or ended. Monotonic ms. */
type Subject = { dueAt: number | null; awaySince: number | null; lookedAt: number }

/**
 * Looks at clusters from time to time: one timer for all of them, a few looks at once. Those that were away have places of
 * their own, so that dead clusters neither storm nor delay living ones.
 */
export class BackgroundChecks {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #look: (id: string) => Promise<unknown>
  /** `none`: it is left alone until it is touched again. */
  readonly #need: (id: string) => Need
  readonly #subjects = new Map<string, Subject>()
  readonly #ofWell = new PQueue({ concurrency: atOnce })
  readonly #ofAway = new PQueue({ concurrency: atOnce })
  #timer: Timer | null = null

  constructor(options: {
    clock: Clock
    random?: () => number
    /** Tells what it found by {@link BackgroundChecks.noticed}, as looks from elsewhere do. */
    look: (id: string) => Promise<unknown>
    need: (id: string) => Need
  }) {
    this.#clock = options.clock
    this.#random = options.random ?? Math.random
    this.#look = options.look
    this.#need = options.need
  }

  /**
   * Begins to look at a cluster, the first time in a moment; one that waits for a person is looked at again, and one that
   * is away as soon as the last look is not fresh any more.
   */
  touch(id: string): void {
    const subject = this.#subjects.get(id)
    if (subject === undefined || subject.dueAt === null)
      this.#schedule(id, { dueAt: this.#clock.monotonic(), awaySince: null, lookedAt: -Infinity })
    else if (subject.awaySince !== null) this.#hasten(subject)
  }

  /** What a look found, also one from elsewhere: the next one is due after the usual time. */
  noticed(id: string, result: LookResult): void {
    const subject = this.#subjects.get(id)
    if (subject === undefined) return
    if (result === 'needs-a-person') {
      this.#schedule(id, { ...subject, dueAt: null })
      return
    }
    const now = this.#clock.monotonic()
    const awaySince = result === 'well' ? null : (subject.awaySince ?? now)
    const need = this.#need(id)
    const wait = nextLookMs(
      awaySince === null ? null : now - awaySince,
      need === 'none' ? 'looked-at' : need,
      this.#random(),
    )
    this.#schedule(id, { awaySince, lookedAt: now, dueAt: now + wait })
  }

  /**
   * Something reached a cluster, or failed on the way to it: one that seemed otherwise is looked at now, or as soon as the
   * last look is not fresh any more.
   */
  seen(id: string, works: boolean): void {
    const subject = this.#subjects.get(id)
    if (subject !== undefined && (subject.awaySince === null) !== works) this.#hasten(subject)
  }

  /** Something changed for all: whatever is looked at is looked at now. */
  hurry(): void {
    const now = this.#clock.monotonic()
    for (const subject of this.#subjects.values()) {
      if (subject.dueAt !== null) subject.dueAt = now
      if (subject.awaySince !== null) subject.awaySince = now
    }
    this.#arm()
  }

  forget(id: string): void {
    this.#subjects.delete(id)
    this.#arm()
  }

  close(): void {
    this.#subjects.clear()
    this.#ofWell.clear()
    this.#ofAway.clear()
    this.#timer?.cancel()
  }

  #hasten(subject: Subject): void {
    if (subject.dueAt === null) return
    subject.dueAt = Math.min(subject.dueAt, Math.max(this.#clock.monotonic(), subject.lookedAt + freshMs))
    this.#arm()
  }

  #schedule(id: string, subject: Subject): void {
    this.#subjects.set(id, subject)
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const due = [...this.#subjects.values()].flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]))
    if (due.length === 0) return
    const ms = Math.max(0, Math.min(...due) - this.#clock.monotonic())
    this.#timer = this.#clock.after(ms, () => this.#lookAtDue())
  }

  #lookAtDue(): void {
    const now = this.#clock.monotonic()
    for (const [id, subject] of this.#subjects) {
      if (subject.dueAt === null || subject.dueAt > now) continue
      // Not due again before this look is over.
      subject.dueAt = now + hungMs
      subject.lookedAt = now
      drop(
        (subject.awaySince === null ? this.#ofWell : this.#ofAway).add(() => this.#lookAt(id)),
        'each look schedules the next',
      )
    }
    this.#arm()
  }

  async #lookAt(id: string): Promise<void> {
    if (!this.#subjects.has(id)) return
    if (this.#need(id) === 'none') {
      this.forget(id)
      return
    }
    await this.#look(id)
  }
}
