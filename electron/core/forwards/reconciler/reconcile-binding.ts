import type { ListenerEvidence } from '../evidence.ts'
import type { Look } from './reconcile-types.ts'
import { forgotten, hinted, noteFailure, type Retry } from './retry.ts'

export type BindingOutcome = {
  readonly retry: Retry
  /** It is to be bound now. */
  readonly bind: boolean
}

/** One look at one local port while it is wanted. `before`: what is remembered of earlier attempts. */
export function reconcileBinding(
  listener: ListenerEvidence,
  before: Retry,
  { look, isHinted }: { look: Look; isHinted: boolean },
): BindingOutcome {
  let retry = before
  if (listener.state === 'failed' && listener.failure !== null) {
    const noted = noteFailure(retry, listener.attempt, listener.failure, look.now, look.random)
    // Who holds the port may become known later than that somebody does.
    retry = { ...noted, failure: listener.failure }
  } else if (listener.state !== 'binding') retry = forgotten(retry)
  if (isHinted) retry = hinted(retry, look.evidence.hintedBy)
  const isFree = listener.state === 'closed' || listener.state === 'failed'
  return { retry, bind: isFree && retry.at <= look.now }
}
