import { QueryClient } from '@tanstack/react-query'
import type { AppError, Result } from '../../../contract/errors.ts'

/** An expected failure on its way through a query: thrown only because the query library knows no other way. */
export class Failure extends Error {
  readonly error: AppError

  constructor(error: AppError) {
    super(error.message)
    this.error = error
  }
}

/** The value of an answer, or a {@link Failure} for the query library. */
export async function valueOf<T>(answer: Promise<Result<T>>): Promise<T> {
  const result = await answer
  if (!result.ok) throw new Failure(result.error)
  return result.value
}

/** The error to show for whatever a query threw; a bug is named as one. */
export function errorOf(thrown: unknown): AppError {
  if (thrown instanceof Failure) return thrown.error
  return {
    code: 'internal',
    message: 'Something in this page went wrong.',
    cause: thrown instanceof Error ? thrown.message : String(thrown),
    next: 'Reload the page. If it happens again, copy the report in Diagnostics.',
  }
}

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: false, staleTime: 5000, refetchOnWindowFocus: false, networkMode: 'always' },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
