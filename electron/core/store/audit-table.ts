import { ok } from '../../../contract/errors.ts'
import { AuditEntry } from '../../../contract/system.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { redact } from '../redact.ts'
import type { Store } from './store.ts'

type Row = {
  id: number
  at: number
  principal: string
  operation: string
  resource: string | null
  details: string
  result: string
}

/** Kept entries; older ones go. */
const usualMostEntries = 100_000
/** How often it is trimmed, in entries: the table may be that much longer for a while. */
const usualTrimEvery = 1000

/** Who did what (migrations/0010_base.sql). */
export class AuditTable {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #mostEntries: number
  readonly #trimEvery: number
  #sinceTrim: number

  constructor(options: { store: Store; clock: Clock; log: Log; mostEntries?: number; trimEvery?: number }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#mostEntries = options.mostEntries ?? usualMostEntries
    this.#trimEvery = options.trimEvery ?? usualTrimEvery
    // The first entry trims too: many runs write few.
    this.#sinceTrim = this.#trimEvery
  }

  /** Writes one entry; a storage failure is logged, the operation itself is done already. */
  append(entry: {
    principal: string
    operation: string
    resource: string | null
    details: Record<string, unknown>
    result: string
  }): void {
    const written = this.#store.write((database) => {
      database
        .prepare(
          `INSERT INTO audit (at, principal, operation, resource, details, result)
           VALUES (@at, @principal, @operation, @resource, @details, @result)`,
        )
        .run({ ...entry, at: this.#clock.now(), details: JSON.stringify(withoutSecrets(entry.details)) })
      this.#sinceTrim += 1
      if (this.#sinceTrim < this.#trimEvery) return
      this.#sinceTrim = 0
      database.prepare('DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?').run(this.#mostEntries)
    })
    if (!written.ok)
      this.#log.error(`${entry.operation} could not be written to the audit log: ${written.error.message}`)
  }

  /** Newest first. */
  list(limit: number): AuditEntry[] {
    const rows = this.#store.database.prepare<[number], Row>('SELECT * FROM audit ORDER BY id DESC LIMIT ?').all(limit)
    return rows.map((row) => AuditEntry.parse({ ...row, details: JSON.parse(row.details) as unknown }))
  }

  handlers(): HandlersOf<'audit.list'> {
    return { 'audit.list': ({ limit }) => ok(this.list(limit)) }
  }
}

/** Names of fields whose values are not written down, whoever sends them. */
const secretName = /token|secret|password|passphrase|private|credential/i

/** Masks what is, or looks like, a secret, value by value: what is written stays JSON. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      redact(name),
      typeof inner === 'string' && secretName.test(name) ? '•••' : withoutSecrets(inner),
    ]),
  )
}
