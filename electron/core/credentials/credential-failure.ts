import type { CauseCode } from '../../../contract/causes.ts'
import { fail, type AppError } from '../../../contract/errors.ts'

/** Why there are no credentials. The same words everywhere they are needed: rows, tests, health. Holds no secret. */
export type CredentialFailure = {
  readonly code: CauseCode
  /** Narrows the code; for a failed command, its last words. */
  readonly detail: string | null
  readonly message: string
  readonly next: string
}

export const failure = (
  code: CauseCode,
  detail: string | null,
  message: string,
  next: string,
): { ok: false; error: CredentialFailure } => fail({ code, detail, message, next })

const pasteAgain = 'Get a new kubeconfig from where this one came from, and replace the credentials of this cluster.'

/** What cannot be used any longer, and since when: `at` in ms since the epoch; null: the issuer said no. */
export const expired = (
  what: 'token' | 'id-token' | 'client-certificate' | 'refresh-token',
  at: number | null,
): { ok: false; error: CredentialFailure } => {
  const names = {
    token: 'The token',
    'id-token': 'The ID token, which cannot be renewed without a refresh token,',
    'client-certificate': 'The client certificate',
    'refresh-token': 'The refresh token',
  }
  const when = at === null ? 'is no longer accepted' : `expired on ${new Date(at).toISOString().replace('.000', '')}`
  return failure('credentials-expired', what, `${names[what]} ${when}.`, pasteAgain)
}

/** What the kubeconfig holds, but nobody can use; `detail` names the part. */
export const unreadable = (detail: string, message: string): { ok: false; error: CredentialFailure } =>
  failure('credentials-rejected', detail, message, pasteAgain)

/** What the store or the vault said when the kubeconfig was asked for. */
export function failureOfStore(error: AppError): CredentialFailure {
  const { message, next } = error
  switch (error.code) {
    case 'vault-locked':
      return { code: 'vault-locked', detail: null, message, next }
    case 'vault-not-set-up':
    case 'vault-undecryptable':
      return { code: 'vault-locked', detail: error.code, message, next }
    default:
      return { code: 'storage-failed', detail: error.code, message, next }
  }
}
