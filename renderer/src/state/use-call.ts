import { useState } from 'react'
import type { AppError, Result } from '../../../contract/errors.ts'

type Call = {
  /** The answer is still to come. */
  readonly busy: boolean
  /** Why the last one was a failure; it stays until the next one is there. */
  readonly error: AppError | null
  /** Waits for the answer, and resolves with it. */
  readonly call: <T>(answer: Promise<Result<T>>) => Promise<Result<T>>
}

/** For what a button does: a call of the owner that is shown as busy and, where it fails, with its reason. */
export function useCall(): Call {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<AppError | null>(null)
  const call: Call['call'] = async (answer) => {
    setBusy(true)
    const result = await answer
    setBusy(false)
    setError(result.ok ? null : result.error)
    return result
  }
  return { busy, error, call }
}
