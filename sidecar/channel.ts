import type { FromSidecar } from '../contract/sidecar.ts'

/** The one connection to the process that started us. */
export type Channel = {
  send(message: FromSidecar): void
  onMessage(listener: (message: unknown) => void): void
  /** The other side is gone: nothing is left to do for us. */
  onClose(listener: () => void): void
}

/** Electron's `process.parentPort` (utilityProcess); messages arrive wrapped in an event. */
type ParentPort = {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
}

/** Finds how this process was started: by Electron, or by `fork`; null when by neither. */
export function openChannel(): Channel | null {
  const port = (process as { parentPort?: ParentPort }).parentPort
  if (port !== undefined) {
    return {
      send: (message) => port.postMessage(message),
      onMessage: (listener) => port.on('message', (event) => listener(event.data)),
      onClose: (listener) => port.on('close', listener),
    }
  }
  if (process.send === undefined) return null
  return {
    send: (message) => {
      // Sending fails when the other side just went away; `disconnect` follows and ends us.
      if (process.connected) process.send?.(message, undefined, {}, () => undefined)
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.on('disconnect', listener),
  }
}
