import { EventEmitter, once } from 'node:events'
import type { CauseCode } from '../../contract/causes.ts'
import type { Client } from '../../contract/client.ts'
import type { Forward } from '../../contract/forwards.ts'

/** What a row said from then on. `at`: when it reached us, on the clock of `performance.now()`. */
export type SeenRow = {
  at: number
  state: Forward['state']
  code: CauseCode | null
  detail: string
  message: string
  next: string
}

const wordsOf = ({ state, code, detail, message }: SeenRow): string =>
  `${state} ${code ?? ''} ${detail} ${message}`.replaceAll(/ +/g, ' ').trim()

/** Follows every row through the event stream, as a window does, and remembers what each said and when. */
export class RowWatch implements Disposable {
  readonly #rows = new Map<string, SeenRow[]>()
  readonly #news = new EventEmitter().setMaxListeners(0)
  readonly #end: () => void

  private constructor(client: Client) {
    this.#end = client.subscribe('forwards', ({ kind, data }) => {
      if (kind === 'snapshot') for (const forward of data as Forward[]) this.#see(forward)
      if (kind === 'change') this.#see(data as Forward)
      this.#news.emit('news')
    })
  }

  /** Resolves when the stream has begun. */
  static async follow(client: Client): Promise<RowWatch> {
    const watch = new RowWatch(client)
    await once(watch.#news, 'news', { signal: AbortSignal.timeout(10_000) })
    return watch
  }

  [Symbol.dispose](): void {
    this.#end()
  }

  /** Everything a row has said, in order. */
  history(id: string): readonly SeenRow[] {
    return this.#rows.get(id) ?? []
  }

  /** What a row said between two moments, in words. */
  said(id: string, from: number, to: number): string {
    const rows = this.history(id)
    const first = rows.findLastIndex(({ at }) => at <= from)
    return rows
      .filter(({ at }, index) => index === first || (at > from && at <= to))
      .map((row) => `${row.at > from ? `+${Math.round(row.at - from)} ms ` : ''}${wordsOf(row)}`)
      .join(' | ')
  }

  /** What a row says now. */
  now(id: string): SeenRow | null {
    return this.history(id).at(-1) ?? null
  }

  /** Waits for a row that fits, among those told at `since` or later and the one that was shown then. */
  async until(id: string, what: string, seconds: number, fits: (row: SeenRow) => boolean, since = 0): Promise<SeenRow> {
    const row = await this.#fitting(id, since, seconds * 1000, fits)
    if (row !== null) return row
    const said = this.history(id).slice(-6).map(wordsOf).join(' | ')
    throw new Error(`waited ${seconds} s for the row to say: ${what}; it said: ${said === '' ? 'nothing' : said}`)
  }

  /** The same, for what may never be: null after `limitMs`. A row that was shown at `since` fits from then on. */
  async first(id: string, since: number, limitMs: number, fits: (row: SeenRow) => boolean): Promise<SeenRow | null> {
    const row = await this.#fitting(id, since, limitMs, fits)
    return row === null ? null : { ...row, at: Math.max(row.at, since) }
  }

  async #fitting(id: string, since: number, limitMs: number, fits: (row: SeenRow) => boolean): Promise<SeenRow | null> {
    const limit = AbortSignal.timeout(Math.round(limitMs))
    for (;;) {
      const rows = this.history(id)
      const first = rows.findIndex(({ at }) => at >= since)
      const found = rows.slice(first < 0 ? -1 : Math.max(0, first - 1)).find(fits)
      if (found !== undefined) return found
      try {
        await once(this.#news, 'news', { signal: limit })
      } catch {
        return null
      }
    }
  }

  #see({ id, state, cause }: Forward): void {
    const rows = this.#rows.get(id) ?? []
    this.#rows.set(id, rows)
    const row = {
      at: performance.now(),
      state,
      code: cause?.code ?? null,
      detail: cause?.detail ?? '',
      message: cause?.message ?? '',
      next: cause?.next ?? '',
    }
    const last = rows.at(-1)
    if (last === undefined || wordsOf(last) !== wordsOf(row)) rows.push(row)
  }
}
