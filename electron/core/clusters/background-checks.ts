import PQueue from 'p-queue'
import { drop } from '../../../contract/drop.ts'
import type { Clock, Timer } from '../clock.ts'

/** What one look in the background found: when to look again follows from it. */
export type LookResult = 'well' | 'ill' | 'needs-a-person'

/** A cluster that is connected is looked at so often, ms. */
export const lookEveryMs = 30_000
export const lookAtMostEveryMs = 300_000
const atOnce = 8
/** Of two contradictory signs only so often follows a look, ms: a forward that comes and goes must not become a storm. */
const freshMs = 10_000

/** The delay before the next look: about 30 s while well, growing to 5 min while ill. `random` in [0, 1) spreads clusters. */
export function nextLookMs(failures: number, random: number): number {
  const base = Math.min(lookAtMostEveryMs, lookEveryMs * 2 ** Math.min(failures, 10))
  return base * (0.8 + 0.4 * random)
}

/** `lookedAt`: when the last look began or ended. Monotonic ms. */
type Subject = { dueAt: number | null; failures: number; lookedAt: number }

/**
 * Looks at clusters from time to time: one timer for all of them, a few looks at once, so that dead clusters neither
 * storm nor delay living ones.
 */
export class BackgroundChecks {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #look: (id: string) => Promise<LookResult>
  /** False: nobody needs this cluster any more, so it is left alone until it is touched again. */
  readonly #isNeeded: (id: string) => boolean
  readonly #subjects = new Map<string, Subject>()
  readonly #queue = new PQueue({ concurrency: atOnce })
  #timer: Timer | null = null

  constructor(options: {
    clock: Clock
    random?: () => number
    look: (id: string) => Promise<LookResult>
    isNeeded: (id: string) => boolean
  }) {
    this.#clock = options.clock
    this.#random = options.random ?? Math.random
    this.#look = options.look
    this.#isNeeded = options.isNeeded
  }

  /** Begins to look at a cluster, the first time in a moment; one that waits for a person is looked at again. */
  touch(id: string): void {
    const subject = this.#subjects.get(id)
    if (subject !== undefined && subject.dueAt !== null) return
    this.#schedule(id, 0, 0)
  }

  /** A look from elsewhere counts: the next one is due after the usual time. */
  noticed(id: string, result: LookResult): void {
    const subject = this.#subjects.get(id)
    if (subject !== undefined) this.#after(id, subject, result)
  }

  /**
   * Something reached a cluster, or failed on the way to it: one that seemed otherwise is looked at now, or as soon as the
   * last look is not fresh any more.
   */
  seen(id: string, works: boolean): void {
    const subject = this.#subjects.get(id)
    const now = this.#clock.monotonic()
    if (subject === undefined || subject.dueAt === null || (subject.failures === 0) === works) return
    subject.dueAt = Math.min(subject.dueAt, Math.max(now, subject.lookedAt + freshMs))
    this.#arm()
  }

  /** Something changed for all: whatever is looked at is looked at now. */
  hurry(): void {
    const now = this.#clock.monotonic()
    for (const subject of this.#subjects.values()) {
      if (subject.dueAt !== null) subject.dueAt = now
      subject.failures = 0
    }
    this.#arm()
  }

  forget(id: string): void {
    this.#subjects.delete(id)
    this.#arm()
  }

  close(): void {
    this.#subjects.clear()
    this.#queue.clear()
    this.#timer?.cancel()
  }

  #after(id: string, subject: Subject, result: LookResult): void {
    if (result === 'needs-a-person') {
      this.#subjects.set(id, { ...subject, dueAt: null })
      this.#arm()
      return
    }
    const failures = result === 'well' ? 0 : subject.failures + 1
    this.#schedule(id, failures, nextLookMs(result === 'well' ? 0 : failures - 1, this.#random()))
  }

  #schedule(id: string, failures: number, ms: number): void {
    const now = this.#clock.monotonic()
    this.#subjects.set(id, { dueAt: now + ms, failures, lookedAt: now })
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
      // Not due again before this look is over; should it hang, it comes round after the longest time.
      subject.dueAt = now + lookAtMostEveryMs
      subject.lookedAt = now
      drop(
        this.#queue.add(() => this.#lookAt(id)),
        'each look schedules the next',
      )
    }
    this.#arm()
  }

  async #lookAt(id: string): Promise<void> {
    if (!this.#subjects.has(id)) return
    if (!this.#isNeeded(id)) {
      this.forget(id)
      return
    }
    const result = await this.#look(id)
    const subject = this.#subjects.get(id)
    if (subject !== undefined) this.#after(id, subject, result)
  }
}
