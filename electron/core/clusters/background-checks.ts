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
 * One that is away is looked at again after a share of the time it has been away, in these bounds, ms, before they are
 * spread by a fifth: forwards that wait for it are late by little more than a twentieth of the outage; where only
 * somebody looks at it, looks become rare.
 */
export const awayLooks = {
  'waited-for': { share: 0.05, leastMs: 2_000, mostMs: 15_000 },
  'looked-at': { share: 1, leastMs: lookEveryMs, mostMs: 300_000 },
} as const
const atOnce = 8
/** After a look, a sign that contradicts it leads to another one no sooner than this, ms. */
const freshMs = 2_000
/** The same where a look has denied such a sign: a pod that hangs for ever must not become a storm of looks. */
const deniedMs = 10_000

/** The delay before the next look, ms. `awayMs`: since it was found away; null: it is well. `random` in [0, 1) spreads clusters. */
export function nextLookMs(awayMs: number | null, need: Exclude<Need, 'none'>, random: number): number {
  const { share, leastMs, mostMs } = awayLooks[need]
  const usual = awayMs === null ? lookEveryMs : Math.min(mostMs, Math.max(leastMs, awayMs * share))
  return usual * (0.8 + 0.4 * random)
}

/** Times are monotonic ms. */
type Subject = {
  dueAt: number | null
  /** When the first failure in a row was found; null: it was well. */
  awaySince: number | null
  /** When the last look was due, or ended. */
  lookedAt: number
  /** A look at it runs, or waits for its turn. */
  isLooking: boolean
  /** A sign contradicted the last look. */
  isContradicted: boolean
  /** The last look found again what a sign had contradicted. */
  isDenied: boolean
}

const newSubject = { awaySince: null, lookedAt: -Infinity, isLooking: false, isContradicted: false, isDenied: false }

/**
 * Looks at clusters from time to time: one timer for all of them, a few looks at once. Those known to be away have places
 * of their own, so that they delay no others.
 */
export class BackgroundChecks {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #look: (id: string) => Promise<unknown>
  /** `none`: it is left alone until it is touched again. */
  readonly #need: (id: string) => Need
  readonly #subjects = new Map<string, Subject>()
  readonly #ofOthers = new PQueue({ concurrency: atOnce })
  readonly #ofAway = new PQueue({ concurrency: atOnce })
  #timer: Timer | null = null

  constructor(options: {
    clock: Clock
    random?: () => number
    /** Tells what it found by {@link BackgroundChecks.noticed} before it resolves, as looks from elsewhere do. */
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
      this.#schedule(id, { ...newSubject, dueAt: this.#clock.monotonic() })
    else if (subject.awaySince !== null) this.#hasten(subject, freshMs)
  }

  /** What a look found, also one from elsewhere: the next one is due after the usual time. */
  noticed(id: string, result: LookResult): void {
    const subject = this.#subjects.get(id)
    if (subject === undefined) return
    if (result === 'needs-a-person') {
      this.#schedule(id, { ...subject, dueAt: null, isLooking: false })
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
    const isDenied = subject.isContradicted && (awaySince === null) === (subject.awaySince === null)
    this.#schedule(id, { ...newSubject, awaySince, lookedAt: now, dueAt: now + wait, isDenied })
  }

  /**
   * Something reached a cluster, or failed on the way to it: one that seemed otherwise is looked at now, or as soon as the
   * last look is not fresh any more.
   */
  seen(id: string, works: boolean): void {
    const subject = this.#subjects.get(id)
    if (subject === undefined || (subject.awaySince === null) === works) return
    if (!subject.isLooking) subject.isContradicted = true
    this.#hasten(subject, subject.isDenied ? deniedMs : freshMs)
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
    this.#ofOthers.clear()
    this.#ofAway.clear()
    this.#timer?.cancel()
  }

  #hasten(subject: Subject, afterMs: number): void {
    if (subject.dueAt === null) return
    subject.dueAt = Math.min(subject.dueAt, Math.max(this.#clock.monotonic(), subject.lookedAt + afterMs))
    this.#arm()
  }

  #schedule(id: string, subject: Subject): void {
    this.#subjects.set(id, subject)
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const due = [...this.#subjects.values()].flatMap(({ dueAt, isLooking }) =>
      dueAt === null || isLooking ? [] : [dueAt],
    )
    if (due.length === 0) return
    const ms = Math.max(0, Math.min(...due) - this.#clock.monotonic())
    this.#timer = this.#clock.after(ms, () => this.#lookAtDue())
  }

  #lookAtDue(): void {
    const now = this.#clock.monotonic()
    for (const [id, subject] of this.#subjects) {
      if (subject.isLooking || subject.dueAt === null || subject.dueAt > now) continue
      subject.isLooking = true
      subject.lookedAt = now
      drop(
        (subject.awaySince === null ? this.#ofOthers : this.#ofAway).add(() => this.#lookAt(id)),
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
