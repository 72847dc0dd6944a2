import { randomBytes, randomUUID } from 'node:crypto'
import type { Result } from '../../../contract/errors.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { childTokenVariable } from '../platform/child-token.ts'
import type { Platform } from '../platform/platform.ts'
import { ChildTable, type ChildRow } from '../store/child-table.ts'
import type { Store } from '../store/store.ts'
import type { ChildKind } from './child-spec.ts'

/** A child's place in the registry, from before it starts until it is gone. */
export type RegisteredChild = {
  /** To be set in its environment: by this the next start knows it, even when its pid was never written. */
  readonly environment: Readonly<Record<string, string>>
  /** It exists; never rejects. */
  started(pid: number): Promise<void>
  /** It is gone, or was never made. */
  forget(): void
}

/** What the registry says of a child. */
type Child = { readonly kind: ChildKind; readonly label: string; readonly command: string }

/** Which processes are ours, on disk: what a run that was killed leaves, the next start finds and stops. */
export class ChildRegistry {
  readonly #options: { store: Store; clock: Clock; log: Log; platform: Platform }
  readonly #table: ChildTable
  readonly #run = randomUUID()

  constructor(options: { store: Store; clock: Clock; log: Log; platform: Platform }) {
    this.#options = options
    this.#table = new ChildTable(options.store)
  }

  /** Before the process is started. Errors: storage-failed. */
  register(child: Child): Result<RegisteredChild> {
    const { clock, platform } = this.#options
    const id = randomUUID()
    const token = randomBytes(16).toString('hex')
    const created_at = clock.now()
    const written = this.#table.insert({ id, run: this.#run, token, ...child, boot_id: platform.bootId(), created_at })
    if (!written.ok) return written
    return {
      ok: true,
      value: {
        environment: { [childTokenVariable]: token },
        started: (pid) => this.#record(id, pid),
        forget: () => this.forget(id),
      },
    }
  }

  /** The same for a child that is started all the same when it cannot be put on record; null, and a warning, then. */
  registerIfPossible(child: Child): RegisteredChild | null {
    const registered = this.register(child)
    if (registered.ok) return registered.value
    this.#options.log.warn(`${child.label} is started without being on record: ${registered.error.message}`)
    return null
  }

  ofOtherRuns(): ChildRow[] {
    return this.#table.ofOtherRuns(this.#run)
  }

  forget(id: string): void {
    // A child may end after an owner in a hurry closed the store; the next start then drops its row.
    if (!this.#options.store.database.open) return
    const deleted = this.#table.delete(id)
    if (!deleted.ok) this.#options.log.warn(`could not remove a child from the registry: ${deleted.error.message}`)
  }

  async #record(id: string, pid: number): Promise<void> {
    const { platform, store, log } = this.#options
    const facts = await platform.inspect(pid)
    if (!store.database.open) return
    const recorded = this.#table.setProcess(id, pid, facts?.startTime ?? null)
    if (!recorded.ok) log.warn(`could not record process ${pid}: ${recorded.error.message}`)
  }
}
