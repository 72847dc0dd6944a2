import type { Bridge, ShellBridge } from '../../../contract/bridge.ts'
import type { Transport } from '../../../contract/client.ts'
import { createHttpTransport } from '../../../contract/http-transport.ts'
import { browserShell } from './browser-shell.ts'

declare global {
  var mooring: Bridge | undefined
}

/** How the page reaches the owner, and what the window around it can do. */
export type Connection = { transport: Transport; shell: ShellBridge; kind: 'desktop' | 'browser' }

let calls = 0

/** An abort signal does not pass the bridge; a number does. */
function callBridge(
  bridge: Bridge,
  ...[name, input, signal]: Parameters<Transport['call']>
): ReturnType<Bridge['call']> {
  if (signal === undefined) return bridge.call(name, input)
  const number = (calls += 1)
  const cancel = (): void => bridge.cancel(number)
  signal.addEventListener('abort', cancel, { once: true })
  const answer = bridge.call(name, input, number)
  if (signal.aborted) cancel()
  return answer.finally(() => signal.removeEventListener('abort', cancel))
}

/** The desktop's bridge when there is one, else HTTP to the host that served the page. */
export function chooseConnection(): Connection {
  const bridge = globalThis.mooring
  if (bridge !== undefined) {
    return {
      kind: 'desktop',
      shell: bridge.shell,
      transport: {
        call: (name, input, signal) => callBridge(bridge, name, input, signal),
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
