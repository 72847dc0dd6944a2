import { appError, fail, ok, type Result } from '../../../contract/errors.ts'

/** What a person decided about a database that is damaged, or that another build wrote. */
export type Recovery =
  | {
      readonly kind: 'restore-snapshot'
      /** Name of a snapshot, or `latest`. */
      readonly file: string
    }
  | { readonly kind: 'start-empty' }

/**
 * What the options of the host and of the desktop say; null: nothing was decided. Errors: invalid-input, for both at once.
 * Apart from recovery.ts: a desktop reads its command line before it loads a database, and one that attaches loads none.
 */
export function recoveryOf(options: {
  readonly restoreSnapshot?: string | null
  readonly startEmpty?: boolean
}): Result<Recovery | null> {
  const { restoreSnapshot = null, startEmpty = false } = options
  if (restoreSnapshot !== null && startEmpty)
    return fail(
      appError(
        'invalid-input',
        'Mooring cannot both restore a snapshot and start empty.',
        'Give only one of --restore-snapshot and --start-empty.',
      ),
    )
  if (restoreSnapshot !== null) return ok({ kind: 'restore-snapshot', file: restoreSnapshot })
  return ok(startEmpty ? { kind: 'start-empty' } : null)
}
