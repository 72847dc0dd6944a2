import { appError, type AppError } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'

export const cancelled = (): AppError =>
  appError('cancelled', 'The start was cancelled.', 'Start it again when you need it.')

export const missing = (command: string): AppError =>
  appError('kubectl-missing', `The program ${command} was not found.`, 'Install it, or correct its path in Settings.', {
    details: { command },
  })

/** Somebody else may have put it there. `open`: what everybody may write to. */
export const replaceable = (command: string, open: string): AppError =>
  appError(
    'kubectl-unusable',
    `The program ${command} is not run: everybody on this machine may write to ${open}, so it may be anybody's.`,
    `Look at it, then take that permission away (chmod o-w '${open}'), or take it out of the PATH.`,
    { cause: `Everybody may write to ${open}.`, details: { command } },
  )

export const tooMany = (limit: number): AppError =>
  appError(
    'limit-reached',
    `${limit} kubectl processes are running or waiting, which is the limit.`,
    'Stop a forward you do not need, or raise the limit in Settings.',
    { details: { limit } },
  )

/** A failure of the system to make the process; anything else is a bug and is thrown on. */
export function startFailure(command: string, error: unknown): AppError {
  const code = errorCode(error)
  const cause = error instanceof Error ? error.message : String(error)
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOEXEC') return { ...missing(command), cause }
  if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') {
    return appError(
      'limit-reached',
      'The system allows no more processes or open files.',
      'Close programs you do not need, or stop a forward.',
      { cause },
    )
  }
  // Not a failure of the system: a bug.
  if (code === '') throw error
  return appError('kubectl-unusable', `The program ${command} could not be started.`, 'Try it in a terminal.', {
    cause,
  })
}

/** The secret file of a child could not be made. */
export function notWritten(error: unknown): AppError {
  const cause = error instanceof Error ? error.message : String(error)
  return appError('storage-failed', 'A temporary file could not be written.', 'Free some disk space.', { cause })
}
