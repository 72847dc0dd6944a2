import { onTestFinished } from 'vitest'
import type { Result } from '../../../contract/errors.ts'
import { systemClock, type Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { migrationsFolder, silentLog } from './store.testing.ts'
import { openStore, type Store } from './store.ts'

type Options = { migrations?: string; clock?: Clock; log?: Log }

/** Opens a database file and says what came of it; a store that opened is closed with the test. */
export function tryOpen(path: string, options: Options = {}): Result<Store> {
  const opened = openStore({
    path,
    migrations: options.migrations ?? migrationsFolder,
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLog,
  })
  if (opened.ok) onTestFinished(() => opened.value.close())
  return opened
}

/** Opens a database file that must be in order. */
export function openFile(path: string, options: Options = {}): Store {
  const opened = tryOpen(path, options)
  if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.message} ${opened.error.cause ?? ''}`)
  return opened.value
}
