import type { Bridge, ShellBridge } from '../../../contract/bridge.ts'
import type { Transport } from '../../../contract/client.ts'
import { createHttpTransport } from '../../../contract/http-transport.ts'
import { browserShell } from './browser-shell.ts'

declare global {
  var mooring: Bridge | undefined
}

/** How the page reaches the owner, and what the window around it can do. */
export type Connection = { transport: Transport; shell: ShellBridge; kind: 'desktop' | 'browser' }

/** The desktop's bridge when there is one, else HTTP to the host that served the page. */
export function chooseConnection(): Connection {
  const bridge = globalThis.mooring
  if (bridge !== undefined) {
    return {
      kind: 'desktop',
      shell: bridge.shell,
      transport: {
        // IPC has no abort: a cancelled answer is simply not looked at.
        call: (name, input) => bridge.call(name, input),
        subscribe: (stream, listener) => bridge.subscribe(stream, listener),
        onConnection: (listener) => bridge.onConnection(listener),
      },
    }
  }
  return {
    kind: 'browser',
    shell: browserShell,
    transport: createHttpTransport({
      baseUrl: location.origin,
      // `keepalive` lets a last call (a removal that was waiting) get through while the page closes; it allows 64 KiB.
      fetch: (url, init) =>
        fetch(url, {
          ...init,
          credentials: 'same-origin',
          keepalive: init.method !== 'GET' && (init.body?.length ?? 0) < 30_000,
        }),
      openSocket: (path) => new WebSocket(location.origin.replace(/^http/, 'ws') + path),
    }),
  }
}
