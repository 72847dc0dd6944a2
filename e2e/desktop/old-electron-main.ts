/**
 * Runs the product's own main process on the old Electron that tests can have (22: Node 16, no protocol.handle, older
 * event signatures). Every shim stands here, so that the product is written for the Electron it ships with.
 */
import inspector from 'node:inspector'
import { app, protocol, type WebContents } from 'electron'
import type { SidecarProcess } from '../../electron/core/sidecar/sidecar-launcher.ts'

type PageRequest = { url: string; method: string }
type PageAnswer = { statusCode: number; headers: Record<string, string>; data: Buffer }
type OldProtocol = {
  registerBufferProtocol(
    scheme: string,
    handler: (request: PageRequest, answer: (answer: PageAnswer) => void) => void,
  ): void
}

/** As much of fetch's Response as the page protocol makes. */
class PageResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer

  constructor(body: Uint8Array | string, init: { status?: number; headers?: Record<string, string> } = {}) {
    this.body = Buffer.from(body as string)
    this.status = init.status ?? 200
    this.headers = init.headers ?? {}
  }
}

Object.assign(globalThis, { Response: PageResponse })
Object.assign(protocol, {
  handle(scheme: string, handler: (request: PageRequest) => Promise<PageResponse>) {
    ;(protocol as unknown as OldProtocol).registerBufferProtocol(scheme, (request, answer) => {
      void handler({ url: request.url, method: request.method }).then((response) =>
        answer({ statusCode: response.status, headers: response.headers, data: response.body }),
      )
    })
  },
})

// This Electron crashes now and then (SIGSEGV) when it ends by itself while a debugger is attached: a spec ends that first.
Object.assign(globalThis, { endDebugging: () => inspector.close() })

/** Newer Electron puts the details of a navigation on the event itself; older ones pass them as arguments. */
const detailNames: Record<string, readonly string[]> = {
  'will-navigate': ['url'],
  'will-redirect': ['url', 'isSameDocument', 'isMainFrame'],
  'did-start-navigation': ['url', 'isSameDocument', 'isMainFrame'],
}
app.on('web-contents-created', (_event, contents: WebContents) => {
  const emit = contents.emit.bind(contents) as (name: string, ...values: unknown[]) => boolean
  Object.assign(contents, {
    emit(name: string, event: object, ...values: unknown[]) {
      detailNames[name]?.forEach((detail, index) => {
        if (!(detail in event)) Object.defineProperty(event, detail, { value: values[index] })
      })
      return emit(name, event, ...values)
    },
  })
})

if (typeof URL.canParse !== 'function') {
  URL.canParse = (url: string | URL): boolean => {
    try {
      return Boolean(new URL(url))
    } catch {
      return false
    }
  }
}
if (typeof Array.prototype.findLastIndex !== 'function') {
  Object.defineProperty(Array.prototype, 'findLastIndex', {
    value(this: readonly unknown[], match: (item: unknown) => boolean): number {
      for (let index = this.length - 1; index >= 0; index--) if (match(this[index])) return index
      return -1
    },
  })
}

/** For specs: starts the stub sidecar through the product's own launcher, and keeps what it tells. */
type SidecarLaunch = { events: unknown[]; process: SidecarProcess }
Object.assign(globalThis, {
  async launchStubSidecar(entry: string): Promise<SidecarLaunch> {
    const { createUtilityLauncher } = await import('../../electron/shell/utility-launcher.ts')
    const events: unknown[] = []
    return {
      events,
      process: createUtilityLauncher(entry)({
        message: (message) => events.push({ kind: 'message', message }),
        line: (stream, text) => events.push({ kind: 'line', stream, text }),
        exited: (how) => events.push({ kind: 'exited', ...how }),
      }),
    }
  },
})

void import('../../electron/main.ts')
