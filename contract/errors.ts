import { z } from './zod.ts'

/**
 * Every error an operation can answer with, and the HTTP status it has over REST.
 * The set is closed: a failure that a user can meet has a code here; anything else is a bug and becomes `internal`.
 */
export const errorStatus = {
  // the call itself
  'invalid-input': 400,
  'invalid-json': 400,
  'too-large': 413,
  'unsupported-media-type': 415,
  unauthenticated: 401,
  'permission-denied': 403,
  'origin-not-allowed': 403,
  'host-not-allowed': 403,
  'too-many-requests': 429,
  'unknown-route': 404,
  'method-not-allowed': 405,
  internal: 500,
  cancelled: 499,
  // things that are not there, or in the way
  'not-found': 404,
  'name-taken': 409,
  'cluster-in-use': 409,
  'limit-reached': 409,
  // kubeconfigs and credentials
  'kubeconfig-unusable': 422,
  'context-not-addable': 422,
  'command-not-allowed': 422,
  'file-not-readable': 422,
  'credentials-rejected': 422,
  'cluster-unreachable': 502,
  'api-refused': 502,
  forbidden: 403,
  // forwards
  'local-port-taken': 409,
  'local-port-forbidden': 422,
  'bind-address-unusable': 422,
  'kubectl-missing': 422,
  'kubectl-unusable': 422,
  // vault and store
  'vault-locked': 423,
  'vault-not-set-up': 423,
  'vault-already-set-up': 409,
  'vault-undecryptable': 500,
  'wrong-passphrase': 422,
  'weak-passphrase': 422,
  'keychain-unavailable': 422,
  'storage-failed': 507,
  'database-newer': 500,
  'database-corrupt': 500,
  'data-folder-unsafe': 500,
  'data-folder-owned': 409,
  'owner-lost': 503,
  // helpers of ours
  'sidecar-unavailable': 503,
} as const satisfies Record<string, number>

/** What failed, for programs: the closed set of codes. */
export type ErrorCode = keyof typeof errorStatus

export const ErrorCode = z.enum(Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]])

/** What failed (`message`), why (`cause`), what to do (`next`); never a stack trace, never a secret. */
export const AppError = z.object({
  code: ErrorCode,
  message: z.string(),
  cause: z.string().optional(),
  next: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type AppError = z.infer<typeof AppError>

/** An expected outcome: a value, or an error with a code. Exceptions are bugs. */
export type Result<T, E = AppError> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

/** An answer that is a value. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
/** An answer that is an error. */
export const fail = <E>(error: E): { ok: false; error: E } => ({ ok: false, error })

/** Builds an {@link AppError}; `next` is required because every error says what to do. */
export function appError(
  code: ErrorCode,
  message: string,
  next: string,
  more: { cause?: string; details?: Record<string, unknown> } = {},
): AppError {
  return { code, message, next, ...more }
}
