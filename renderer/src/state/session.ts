import { AppError, type Result } from '../../../contract/errors.ts'

const tokenPart = /^#token=([^&]+)$/

/** Whether an address brings a token. */
export const hasToken = ({ hash }: Pick<Location, 'hash'>): boolean => tokenPart.test(hash)

/**
 * Takes the token out of `/#token=...` and erases it from the address and from the history entry, before the router
 * reads the address. Null: there was none (a cookie may still be valid).
 */
export function takeToken(
  place: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
) {
  const match = tokenPart.exec(place.hash)
  if (match?.[1] === undefined) return null
  history.replaceState(null, '', place.pathname + place.search)
  return decodeURIComponent(match[1])
}

/** Changes the token for a cookie that scripts cannot read. */
export async function openSession(token: string): Promise<Result<null>> {
  try {
    const response = await fetch(`${location.origin}/api/v1/session`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { authorization: `Bearer ${token}` },
    })
    if (response.ok) return { ok: true, value: null }
    const answer = (await response.json()) as { error?: unknown }
    const error = AppError.safeParse(answer.error)
    if (error.success) return { ok: false, error: error.data }
    return { ok: false, error: refused(`It answered with status ${response.status}.`) }
  } catch (error) {
    return { ok: false, error: refused(error instanceof Error ? error.message : String(error)) }
  }
}

const refused = (cause: string): AppError => ({
  code: 'unauthenticated',
  message: 'Mooring did not accept the address this page was opened with.',
  cause,
  next: 'Open the address that `npm run serve` prints now; it changes with every start.',
})
