import { parseStreamName, streams } from '../../../contract/events.ts'
import type { Principal } from '../../../contract/permissions.ts'

/** Whether there is such a stream and the caller may follow it. Whatever carries events asks this before it subscribes. */
export function mayFollow(principal: Principal, name: string): boolean {
  const stream = parseStreamName(name)
  return stream !== null && principal.permissions.has(streams[stream.kind].permission)
}
