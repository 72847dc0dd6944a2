import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { systemClock, type Clock, type Timer } from '../clock.ts'
import { readOwner } from './owner-file.ts'

/** Being the one who may use a data folder, for as long as this process lives. */
export type Ownership = {
  /** Called at most once, when the lock file was removed or replaced under us. */
  onLost(listener: () => void): void
  release(): void
}

const lookEveryMs = 5000

/**
 * Takes the lock of a data folder: an exclusive transaction on `lock.db`, which the system frees when this process dies,
 * however it dies. Errors: data-folder-owned (details name the owner), data-folder-unsafe.
 */
export function acquireOwnership(dir: string, clock: Clock = systemClock): Result<Ownership> {
  const path = join(dir, 'lock.db')
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
    return fail(appError('data-folder-unsafe', `${path} is not a plain file.`, 'Remove it and start again.'))
  const database = new BetterSqlite(path, { timeout: 0 })
  try {
    // A journal beside the lock would be one more file to lose.
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    const code = error instanceof BetterSqlite.SqliteError ? error.code : ''
    if (!code.startsWith('SQLITE_BUSY') && !code.startsWith('SQLITE_LOCKED'))
      return fail(
        appError(
          'data-folder-unsafe',
          `The lock ${path} cannot be used (${code === '' ? String(error) : code}).`,
          'Remove it and start again.',
        ),
      )
    const owner = readOwner(dir)
    const who = owner === null ? 'Another Mooring' : `Mooring ${owner.version} (${owner.shell}, pid ${owner.pid})`
    return fail(
      appError(
        'data-folder-owned',
        `${who} uses the data folder ${dir}.`,
        'Use that one, end it first, or choose another folder with --data-dir.',
        {
          details: owner === null ? {} : { pid: owner.pid, shell: owner.shell, url: owner.url },
        },
      ),
    )
  }
  const inode = lstatSync(path).ino
  let listener: (() => void) | null = null
  let lost = false
  let timer: Timer | null = null
  const look = (): void => {
    timer = clock.after(lookEveryMs, () => {
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) {
        look()
        return
      }
      lost = true
      listener?.()
    })
  }
  look()
  return ok({
    onLost: (next) => {
      listener = next
      if (lost) next()
    },
    release: () => {
      timer?.cancel()
      database.exec('ROLLBACK')
      database.close()
    },
  })
}
