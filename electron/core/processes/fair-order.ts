import type { QueueAddOptions } from 'p-queue'

type Run = () => Promise<unknown>
type Entry = { readonly run: Run; readonly id: string | undefined }

/** What p-queue may be told with a start: whose it is. */
export type FairOptions = QueueAddOptions & { readonly group?: string }

/**
 * The order in which waiting starts are served: groups (clusters) take turns, within a group first come first served.
 * So fifty starts for a dead cluster delay another cluster's start by one turn only. Used as p-queue's `queueClass`.
 */
export class FairOrder {
  readonly #groups = new Map<string, Entry[]>()

  get size(): number {
    let size = 0
    for (const entries of this.#groups.values()) size += entries.length
    return size
  }

  enqueue(run: Run, options: Partial<FairOptions> = {}): void {
    const group = options.group ?? ''
    const entries = this.#groups.get(group) ?? []
    entries.push({ run, id: options.id })
    this.#groups.set(group, entries)
  }

  dequeue(): Run | undefined {
    const [next] = this.#groups
    if (next === undefined) return undefined
    const [group, entries] = next
    const entry = entries.shift()
    // Behind all others now: a Map keeps the order of insertion.
    this.#groups.delete(group)
    if (entries.length > 0) this.#groups.set(group, entries)
    return entry?.run
  }

  filter(options: Readonly<Partial<FairOptions>>): Run[] {
    const wanted = options.group
    return [...this.#groups]
      .filter(([group]) => wanted === undefined || group === wanted)
      .flatMap(([, entries]) => entries.map((entry) => entry.run))
  }

  /** p-queue takes out what was cancelled, by the function itself. */
  remove(which: string | Run): void {
    for (const [group, entries] of this.#groups) {
      const kept = entries.filter((entry) => entry.run !== which && (entry.id === undefined || entry.id !== which))
      if (kept.length === entries.length) continue
      if (kept.length === 0) this.#groups.delete(group)
      else this.#groups.set(group, kept)
    }
  }

  /** Nothing is more urgent than its turn. */
  setPriority(): void {
    throw new Error('starts have no priorities')
  }
}
