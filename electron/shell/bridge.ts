import type { ConnectionState } from '../../contract/client.ts'
import type { EventMessage } from '../../contract/events.ts'

/** Names of the IPC channels behind `contract/bridge.ts`; used by the preload script and shell/ipc.ts alone. */
export const bridgeChannels = {
  call: 'mooring:call',
  cancel: 'mooring:cancel',
  subscribe: 'mooring:subscribe',
  unsubscribe: 'mooring:unsubscribe',
  connection: 'mooring:connection',
  event: 'mooring:event',
  taken: 'mooring:taken',
  chooseFile: 'mooring:choose-file',
  choosePath: 'mooring:choose-path',
  openExternal: 'mooring:open-external',
} as const

/** What is pushed to the page. */
export type PageEvent = { kind: 'message'; message: EventMessage } | { kind: 'connection'; state: ConnectionState }

/** A push on its way: the page gives the number back when it has taken it. */
export type BridgeEvent = PageEvent & { number: number }
