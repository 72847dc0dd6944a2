import type { ApiFailure } from '../contract/sidecar.ts'
import type { StreamEnd } from './watch-stream.ts'

/** How one round of listing and watching ended. */
export type Round =
  | { readonly kind: 'stream'; readonly end: StreamEnd; readonly lastedMs: number }
  /** The server forgot the version we stood at (410). */
  | { readonly kind: 'stale' }
  /** It may be listed but not watched. */
  | { readonly kind: 'listed-only' }
  | { readonly kind: 'failed'; readonly failure: ApiFailure }

/** What to do next: wait, then list again or go on from where the watch stood. `attempt` counts rounds that led nowhere. */
export type Next = { readonly waitMs: number; readonly list: boolean; readonly attempt: number }

const floorMs = 250
const capMs = 15_000
/** Rights and credentials change by somebody's hand; new credentials wake the watch at once. */
const refusedMs = 15_000
const pollMs = 5_000

/** Decides how a watch goes on; `random` is in [0, 1). Full jitter, so that many watches do not come back at once. */
export function afterRound(round: Round, attempt: number, random: number): Next {
  const backoff = floorMs + random * Math.max(0, Math.min(capMs, floorMs * 2 ** Math.min(attempt, 20)) - floorMs)
  switch (round.kind) {
    case 'stream': {
      // A way that lets streams begin and ends them at once must not make us spin.
      const useful = round.lastedMs >= 2_000
      const list = round.end === 'silent'
      return useful
        ? { waitMs: 0, list, attempt: 0 }
        : { waitMs: attempt === 0 ? 0 : backoff, list, attempt: attempt + 1 }
    }
    case 'stale':
      return { waitMs: attempt === 0 ? 0 : backoff, list: true, attempt: attempt + 1 }
    case 'listed-only':
      return { waitMs: pollMs, list: true, attempt: 0 }
    case 'failed': {
      const { class: kind, retryAfterSeconds } = round.failure
      if (kind === 'unauthorized' || kind === 'forbidden' || kind === 'not-found') {
        return { waitMs: refusedMs * (0.5 + random / 2), list: true, attempt: attempt + 1 }
      }
      const asked = retryAfterSeconds === null ? 0 : retryAfterSeconds * 1000
      return { waitMs: Math.max(backoff, Math.min(asked, 60_000)), list: false, attempt: attempt + 1 }
    }
  }
}
