import type { AppError, Result } from '../../contract/errors.ts'

/** The value of an answer that must have succeeded; its error becomes the test's failure. */
export async function expectOk<T>(answer: Promise<Result<T>> | Result<T>): Promise<T> {
  const result = await answer
  if (result.ok) return result.value
  throw new Error(
    `expected success, got ${result.error.code}: ${result.error.message} (${result.error.cause ?? 'no cause'})`,
  )
}

/** The error of an answer that must have failed. */
export async function expectError<T>(answer: Promise<Result<T>> | Result<T>): Promise<AppError> {
  const result = await answer
  if (!result.ok) return result.error
  throw new Error(`expected an error, got ${JSON.stringify(result.value).slice(0, 300)}`)
}
