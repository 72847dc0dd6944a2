import { expect } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import { toldMs } from './bounds.ts'
import type { RowWatch, SeenRow } from './row-watch.ts'
import { median } from './statistics.ts'

type Measured = { code: CauseCode; what: string; shownMs: number; liveMs: number | null }

export type Shown = {
  /** What the row must say of it beside the code, in its detail or message. */
  detail?: RegExp
  /** What is measured, where the code alone does not say it. */
  what?: string
  /** What passes by design before there can be evidence (a probe's turn, say), ms; not counted. */
  unseenMs?: number
  /** What is waited for at most, seconds. */
  seconds?: number
}

export type Recovery = Pick<Shown, 'what' | 'seconds'> & { goneAt?: number }

/** Asserts causes as a window sees them, and keeps the times for a table at the end of the spec. */
export class CauseTimes {
  readonly #watch: RowWatch
  readonly #measured: Measured[] = []

  constructor(watch: RowWatch) {
    this.#watch = watch
  }

  /** The row says the cause with words and a next step, within a second of `evidenceAt` (performance.now()). */
  async shown(id: string, code: CauseCode, evidenceAt: number, options: Shown = {}): Promise<SeenRow> {
    const { detail, what = '', unseenMs = 0, seconds = 15 } = options
    const row = await this.#watch.until(
      id,
      `${code} ${detail?.source ?? ''}`,
      seconds + unseenMs / 1000,
      (seen) => seen.code === code && (detail === undefined || detail.test(`${seen.detail} ${seen.message}`)),
      evidenceAt,
    )
    expect(row.message).toMatch(/\S{3}/)
    expect(row.next).toMatch(/\S{3}/)
    expect(['live', 'off']).not.toContain(row.state)
    const shownMs = Math.max(0, Math.round(row.at - evidenceAt - unseenMs))
    this.#measured.push({ code, what, shownMs, liveMs: null })
    expect(shownMs, `${code} ${what}: ms from the evidence to the row`).toBeLessThanOrEqual(toldMs)
    return row
  }

  /**
   * The row is live again without a click, after the repair began at `since` (performance.now()). `goneAt`: when the
   * reason was gone, where that took the cluster a while.
   */
  async recovered(id: string, code: CauseCode, since: number, options: Recovery = {}): Promise<void> {
    const { goneAt = since, what = '', seconds = 75 } = options
    const isLive = ({ state, at }: SeenRow): boolean => state === 'live' && at >= since
    const row = await this.#watch.until(id, `live after ${code}`, seconds, isLive, since)
    const measured = this.#measured.findLast((one) => one.code === code && one.what === what)
    if (measured !== undefined) measured.liveMs = Math.max(0, Math.round(row.at - goneAt))
  }

  /** Prints all that was measured, and the median and the worst. */
  print(title: string): void {
    const shown = this.#measured.map(({ shownMs }) => shownMs)
    if (shown.length === 0) return
    const rows = this.#measured
      .toSorted((one, other) => one.code.localeCompare(other.code))
      .map(({ code, what, shownMs, liveMs }) => {
        const live = liveMs === null ? '' : `${liveMs} ms`
        return `  ${code.padEnd(32)}${what.padEnd(34)}${`${shownMs} ms`.padStart(9)}${live.padStart(11)}`
      })
    console.log(
      [
        `${title}: cause, what was done, evidence to row, reason gone to live`,
        ...rows,
        `  ${shown.length} causes shown: median ${median(shown)} ms, worst ${Math.max(...shown)} ms`,
      ].join('\n'),
    )
  }
}

/** The moment something happens that is looked for every few ms from outside, as `performance.now()`. */
export async function momentOf(what: string, seconds: number, look: () => boolean | Promise<boolean>): Promise<number> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const before = performance.now()
    if (await look()) return before
    if (performance.now() > end) throw new Error(`waited ${seconds} s for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
