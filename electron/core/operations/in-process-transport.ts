import type { Transport } from '../../../contract/client.ts'
import type { Principal } from '../../../contract/permissions.ts'
import type { EventHub } from './event-hub.ts'
import type { Router } from './router.ts'
import { mayFollow } from './stream-permission.ts'

/** Reaches an owner that lives in this very process. */
export function createInProcessTransport(router: Router, hub: EventHub, principal: Principal): Transport {
  const never = new AbortController().signal
  return {
    call: (name, input, signal) => router.call(name, input, { principal, signal: signal ?? never }),
    subscribe: (stream, listener) =>
      (mayFollow(principal, stream) ? hub.subscribe(stream, undefined, listener) : null) ?? (() => undefined),
    onConnection: (listener) => {
      listener({ state: 'connected' })
      return () => undefined
    },
  }
}
