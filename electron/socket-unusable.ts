import { appError, type AppError } from '../contract/errors.ts'
import { errorCode } from '../network/error-code.ts'

/** Why the owner cannot be reached by windows and the command line: its socket in the data folder cannot be made. */
export const socketUnusable = (path: string, error: unknown): AppError =>
  appError(
    'data-folder-unsafe',
    `The socket ${path} cannot be opened.`,
    'Look at what stands in its place and remove it, or choose another folder with --data-dir.',
    { cause: `The system says ${errorCode(error) ?? String(error)}.` },
  )
