import { fail, type AppError, type Result } from '../../../contract/errors.ts'
import type { Database, Store } from '../store/store.ts'
import { keyIdBytes, type DataKey } from './key-wrapping.ts'
import { isOfKey, openBox, sealBox } from './sealed-box.ts'
import { vaultErrors } from './vault-errors.ts'

/** A column whose values are sealed; registered by the part that owns the table, so that rotation finds it. */
export type SealedColumn = { readonly table: string; readonly column: string; readonly idColumn: string }

/** Leaves a transaction with an expected failure, so that it is rolled back. */
class RolledBack extends Error {
  readonly error: AppError

  constructor(error: AppError) {
    super(error.message)
    this.error = error
  }
}

/**
 * Seals every value of the columns again under another key, together with `also`, in one transaction: all or nothing.
 * Errors: vault-undecryptable (details name the damaged value), storage-failed.
 */
export function sealAgain(
  store: Store,
  columns: readonly SealedColumn[],
  before: DataKey,
  after: DataKey,
  also: (database: Database) => void,
): Result<void> {
  try {
    return store.write((database) => {
      for (const column of columns) sealColumnAgain(database, column, before, after)
      also(database)
    })
  } catch (error) {
    if (error instanceof RolledBack) return fail(error.error)
    throw error
  }
}

function sealColumnAgain(database: Database, sealed: SealedColumn, before: DataKey, after: DataKey): void {
  const { table, column, idColumn } = sealed
  const rows = database
    .prepare<[], { id: string; sealed: Buffer }>(
      `SELECT ${idColumn} AS id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL`,
    )
    .all()
  const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${idColumn} = ?`)
  const [oldId, newId] = [keyIdBytes(before.keyId), keyIdBytes(after.keyId)]
  for (const row of rows) {
    const at = { table, column, rowId: row.id }
    // Sealed by a vault that is over: it could not be read before, and stays as it is.
    if (!isOfKey(row.sealed, oldId)) continue
    const plaintext = openBox(before.key, oldId, at, row.sealed)
    if (plaintext === null) throw new RolledBack(vaultErrors.damagedValue(table, row.id))
    update.run(sealBox(after.key, newId, at, plaintext), row.id)
    plaintext.fill(0)
  }
}
