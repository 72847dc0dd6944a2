import { join } from 'node:path'
import { systemClock, type Clock } from '../clock.ts'
import { Log } from '../log.ts'
import { openStore, type Store } from './store.ts'

/** The project's own migrations. */
export const migrationsFolder = join(import.meta.dirname, '../../../migrations')

/** A log that nobody reads. */
export const silentLog = new Log([])

/** A database in memory with all migrations applied. */
export function memoryStore(options: { clock?: Clock; log?: Log } = {}): Store {
  const opened = openStore({
    path: ':memory:',
    migrations: migrationsFolder,
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLog,
  })
  if (!opened.ok) throw new Error(opened.error.message)
  return opened.value
}
