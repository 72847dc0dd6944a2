import { appError, type ErrorCode, fail, type Result } from '../../contract/errors.ts'

/** The answer to a request that is not served: what is wrong with it, and what to do. */
export const refuse = (code: ErrorCode, message: string, next: string): Result<never> =>
  fail(appError(code, message, next))
