import { appError, type AppError } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'

/** The result code of an error SQLite raised (`SQLITE_FULL`, `SQLITE_IOERR_WRITE`); null for any other exception. */
export function sqliteCode(error: unknown): string | null {
  const code = errorCode(error)
  return code?.startsWith('SQLITE_') === true ? code : null
}

type Rule = { prefix: string; code: AppError['code']; message: (path: string) => string; next: string }

const corrupt = (path: string): string => `The database ${path} is damaged.`
const startAgain = 'Start Mooring again: it keeps the damaged file and says how to go on with a snapshot.'

/** Failures that come from the machine, not from a mistake of ours. Codes: https://sqlite.org/rescode.html */
const rules: readonly Rule[] = [
  {
    prefix: 'SQLITE_FULL',
    code: 'storage-failed',
    message: (path) => `The disk that holds ${path} is full.`,
    next: 'Free some space; Mooring tries again by itself.',
  },
  {
    prefix: 'SQLITE_READONLY',
    code: 'storage-failed',
    message: (path) => `${path} cannot be written: the file or its disk is read-only.`,
    next: 'Make the folder writable again; Mooring tries again by itself.',
  },
  {
    prefix: 'SQLITE_IOERR',
    code: 'storage-failed',
    message: (path) => `The disk that holds ${path} answered with an error.`,
    next: 'Check the disk and the free space; Mooring tries again by itself.',
  },
  {
    prefix: 'SQLITE_BUSY',
    code: 'storage-failed',
    message: (path) => `Another program holds ${path}.`,
    next: 'Close the other program (a database browser, a backup); Mooring tries again by itself.',
  },
  {
    prefix: 'SQLITE_CANTOPEN',
    code: 'storage-failed',
    message: (path) => `${path} cannot be opened.`,
    next: 'Check that the folder exists and may be read and written by you.',
  },
  {
    prefix: 'SQLITE_PERM',
    code: 'storage-failed',
    message: (path) => `${path} may not be opened.`,
    next: 'Check that the folder may be read and written by you.',
  },
  { prefix: 'SQLITE_CORRUPT', code: 'database-corrupt', message: corrupt, next: startAgain },
  { prefix: 'SQLITE_NOTADB', code: 'database-corrupt', message: corrupt, next: startAgain },
]

/** What the user is told about a failure of the machine; null when the error is a bug of ours. */
export function storageFailure(error: unknown, path: string): AppError | null {
  const code = sqliteCode(error)
  if (code === null) return null
  const rule = rules.find(({ prefix }) => code.startsWith(prefix))
  if (rule === undefined) return null
  return appError(rule.code, rule.message(path), rule.next, { cause: code })
}
