import { appError, fail, type Result } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'
import type { Recovery } from './recovery-options.ts'
import { listSnapshots, restoreSnapshot, startEmpty } from './snapshots.ts'
import { openStore, type Store, type StoreOptions } from './store.ts'

/**
 * Opens the database as {@link openStore} does, after what was decided about it. Nothing is deleted: what gives way is
 * kept beside it. `start-empty` acts on a damaged database only, so that an option left in a start script costs nobody
 * their forwards. Errors: as openStore, and not-found when there is no such snapshot.
 */
export function openRecoveredStore(options: StoreOptions, recovery: Recovery | null): Result<Store> {
  if (recovery?.kind === 'restore-snapshot') {
    const restored = restore(options, recovery.file)
    if (!restored.ok) return restored
  }
  const opened = openStore(options)
  if (recovery?.kind !== 'start-empty' || opened.ok || opened.error.code !== 'database-corrupt') return opened
  startEmpty(options.path)
  options.log.warn('goes on with an empty database; the damaged one is kept')
  return openStore(options)
}

function restore({ path, clock, log }: StoreOptions, wanted: string): Result<void> {
  const listed = listSnapshots(path)
  const file = wanted === 'latest' ? listed[0]?.file : wanted
  if (file === undefined) return fail(noSnapshot('There is no snapshot.', listed))
  try {
    const restored = restoreSnapshot({ path, file, now: clock.now() })
    if (!restored.ok)
      return restored.error.code === 'not-found'
        ? fail(noSnapshot(`There is no snapshot ${file}.`, listed))
        : fail(restored.error)
    log.warn(`restored the snapshot ${file}; what it replaced is kept`)
    return { ok: true, value: undefined }
  } catch (error) {
    const cause = errorCode(error) ?? String(error)
    return fail(
      appError(
        'storage-failed',
        `The snapshot ${file} could not be restored.`,
        'Check the free space and the permissions of the data folder, then try again; nothing was lost.',
        { cause },
      ),
    )
  }
}

const noSnapshot = (message: string, listed: readonly { file: string }[]) =>
  appError(
    'not-found',
    message,
    listed.length === 0
      ? 'Start with --start-empty to go on without it.'
      : `Choose one of: ${listed.map(({ file }) => file).join(', ')}.`,
  )
