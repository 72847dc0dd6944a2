import { backoff, longestWait, shortestWait } from './backoff.ts'
import { policyOf } from '../causes.ts'
import type { Failure } from '../evidence.ts'

/** What is remembered of something that is tried again. */
export type Retry = {
  /** The attempt that was counted last, so that each failure counts once. */
  readonly seen: number
  /** Failed attempts in a row. */
  readonly failures: number
  readonly failedAt: number
  /** Not before; monotonic ms. Infinity: waits for a hint. */
  readonly at: number
  readonly failure: Failure | null
}

export const untried: Retry = { seen: 0, failures: 0, failedAt: -Infinity, at: -Infinity, failure: null }

/** A local port is looked at again this often, ms: that costs nothing, and whoever has it may leave at any time. */
const portMs = 2_000

/** Counts a failed attempt and says when to try again. */
export function noteFailure(retry: Retry, attempt: number, failure: Failure, now: number, random: () => number): Retry {
  if (attempt <= retry.seen) return retry
  const failures = retry.failures + 1
  return { seen: attempt, failures, failedAt: now, at: now + waitAfter(failure, failures, random), failure }
}

function waitAfter(failure: Failure, failures: number, random: () => number): number {
  switch (policyOf(failure.code)) {
    case 'credentials':
      return isSeenWithoutAsking(failure) ? longestWait : Infinity
    case 'person':
      return failure.code.startsWith('local-port') ? portMs : longestWait
    case 'retry':
      return backoff(failures, random)
  }
}

/**
 * Whether it is mended is read from the files of this machine (is the command installed now, did a login write another
 * token): that runs nothing, asks nobody and locks no account.
 */
const isSeenWithoutAsking = ({ code, detail }: Failure): boolean =>
  code === 'credentials-command-missing' ||
  (code === 'credentials-expired' && (detail === 'token' || detail === 'client-certificate'))

/**
 * A credential command may open a browser: what the system notices by itself (a network, a wake, a window that is looked
 * at again) runs one that failed at most this often, ms. A person who asks is served at once.
 */
export const unaskedMs = 60_000

/** Something happened that may have mended it: try now, from the shortest wait on. The reason stays until it works. */
export function hinted(retry: Retry, by: 'person' | 'system'): Retry {
  const asks = retry.failure !== null && policyOf(retry.failure.code) === 'credentials'
  const at = retry.failedAt + (asks && by === 'system' ? unaskedMs : shortestWait)
  return { ...retry, failures: 0, at: Math.min(retry.at, at) }
}

/** The way it should go is another one now: what was wrong with the old one says nothing. */
export const forgotten = (retry: Retry): Retry => ({ ...untried, seen: retry.seen })

/** It works for now: the reason is over, and what waited for a hint need not. How often it failed counts on until it holds. */
export const forgiven = (retry: Retry): Retry => ({
  ...retry,
  failure: null,
  at: Number.isFinite(retry.at) ? retry.at : -Infinity,
})
