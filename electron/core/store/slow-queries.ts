import type { Database, Statement } from 'better-sqlite3'
import type { Log } from '../log.ts'

/** From how many milliseconds on a statement is worth a line in the log. */
export const slowQueryMs = 50

type Timed = 'run' | 'get' | 'all'

/**
 * Logs statements that take long, by their text with placeholders: the values, which may be anybody's data, stay out.
 * Times every statement that is prepared after this call.
 */
export function logSlowQueries(database: Database, log: Log, monotonic: () => number): void {
  const prepare = database.prepare.bind(database) as (source: string) => Statement
  const timed = (statement: Statement, method: Timed): void => {
    const original: (...values: unknown[]) => unknown = statement[method].bind(statement)
    const replacement = (...values: unknown[]): unknown => {
      const start = monotonic()
      try {
        return original(...values)
      } finally {
        const ms = monotonic() - start
        if (ms > slowQueryMs) log.warn(`slow query, ${Math.round(ms)} ms: ${oneLine(statement.source)}`)
      }
    }
    Object.defineProperty(statement, method, { value: replacement })
  }
  const replacement = (source: string): Statement => {
    const statement = prepare(source)
    for (const method of ['run', 'get', 'all'] as const) timed(statement, method)
    return statement
  }
  Object.defineProperty(database, 'prepare', { value: replacement })
}

const oneLine = (source: string): string => source.replace(/\s+/g, ' ').trim().slice(0, 200)
