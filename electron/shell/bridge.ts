import type { ConnectionState } from '../../contract/client.ts'
import type { EventMessage } from '../../contract/events.ts'

/** Names of the IPC channels behind `contract/bridge.ts`; used by the preload script and shell/ipc.ts alone. */
export const bridgeChannels = {
  call: 'mooring:call',
  subscribe: 'mooring:subscribe',
  unsubscribe: 'mooring:unsubscribe',
  connection: 'mooring:connection',
  event: 'mooring:event',
  chooseFile: 'mooring:choose-file',
  choosePath: 'mooring:choose-path',
  openExternal: 'mooring:open-external',
} as const

/** What main pushes to the page. */
export type BridgeEvent = { kind: 'message'; message: EventMessage } | { kind: 'connection'; state: ConnectionState }
