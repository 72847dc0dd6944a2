import type { ConnectionState, Transport } from './client.ts'
import { AppError, type Result } from './errors.ts'
import { EventMessage, heartbeat, type StreamName } from './events.ts'
import { pathParameters } from './operation.ts'
import { type OperationName, operations } from './operations.ts'

/** The part of WebSocket that is used; the browser's, Node's and the `ws` package's all have it. */
export type EventSocket = {
  readonly readyState: number
  send(data: string): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

/** The part of fetch that is used, so that any fetch will do. */
export type HttpInit = { method: string; headers: Record<string, string>; body?: string; signal?: AbortSignal }
export type HttpAnswer = { ok: boolean; status: number; json(): Promise<unknown> }

export type HttpTransportOptions = {
  /** Scheme, host and port, without a slash at the end. */
  baseUrl: string
  fetch: (url: string, init: HttpInit) => Promise<HttpAnswer>
  /** Opens a WebSocket to a path of the owner. */
  openSocket: (path: string) => EventSocket
  /** For programs; a browser uses its cookie. */
  token?: string
}

const firstDelay = 250
const longestDelay = 5000
const socketIsOpen = 1
/** A page that stood still itself must not take that for the owner's silence: it reads first what came meanwhile, ms. */
const graceMs = 1000

const unreachable = (cause: string): AppError => ({
  code: 'owner-lost',
  message: 'Mooring does not answer.',
  cause,
  next: 'Check that Mooring still runs; the connection is tried again by itself.',
})

/** Puts an operation's input where its route wants it: path, query or JSON body. */
export function httpRequest(
  name: OperationName,
  input: unknown,
): { method: string; path: string; body: string | null } {
  const { method, path } = operations[name]
  const fields = Object.entries(input as Record<string, unknown>).filter(([, value]) => value !== undefined)
  const inPath = new Set(pathParameters(path))
  const filled = fields
    .filter(([key]) => inPath.has(key))
    .reduce<string>((text, [key, value]) => text.replace(`{${key}}`, encodeURIComponent(value as string)), path)
  const rest = fields.filter(([key]) => !inPath.has(key))
  if (method === 'GET' || method === 'DELETE') {
    const query = new URLSearchParams(rest.map(([key, value]) => [key, String(value as string | number)])).toString()
    return { method, path: `/api/v1${filled}${query === '' ? '' : `?${query}`}`, body: null }
  }
  return { method, path: `/api/v1${filled}`, body: JSON.stringify(Object.fromEntries(rest)) }
}

/** Reaches an owner over HTTP and WebSocket: from the browser, the CLI, or an attached desktop. */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const authorization: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }

  async function call(name: OperationName, input: unknown, signal?: AbortSignal): Promise<Result<unknown>> {
    const { method, path, body } = httpRequest(name, input)
    try {
      const response = await options.fetch(options.baseUrl + path, {
        method,
        headers: { ...authorization, ...(body === null ? {} : { 'content-type': 'application/json' }) },
        ...(body === null ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      const answer: unknown = await response.json()
      if (response.ok) return { ok: true, value: answer }
      const error = AppError.safeParse((answer as { error?: unknown }).error)
      return {
        ok: false,
        error: error.success ? error.data : unreachable(`It answered with status ${response.status}.`),
      }
    } catch (error) {
      if (signal?.aborted === true)
        return {
          ok: false,
          error: { code: 'cancelled', message: 'It was cancelled.', next: 'Start it again when you need it.' },
        }
      return { ok: false, error: unreachable(error instanceof Error ? error.message : String(error)) }
    }
  }

  const events = createEventConnection(() => options.openSocket('/api/v1/events'))
  return { call, subscribe: events.subscribe, onConnection: events.onConnection }
}

type Listener = (message: EventMessage) => void

/** One WebSocket for all streams; reconnects with backoff and continues every stream after the last seq it saw. */
function createEventConnection(open: () => EventSocket): Pick<Transport, 'subscribe' | 'onConnection'> {
  const listeners = new Map<string, { last: number | null; called: Set<Listener> }>()
  const watchers = new Set<(state: ConnectionState) => void>()
  let socket: EventSocket | null = null
  let state: ConnectionState = { state: 'connecting' }
  let delay = firstDelay
  let retry: ReturnType<typeof setTimeout> | null = null
  let silence: ReturnType<typeof setTimeout> | null = null

  const tell = (next: ConnectionState): void => {
    state = next
    for (const watcher of watchers) watcher(next)
  }
  const wanted = (): boolean => listeners.size > 0 || watchers.size > 0
  const send = (message: object): void => {
    if (socket?.readyState === socketIsOpen) socket.send(JSON.stringify(message))
  }
  const request = (stream: string, last: number | null): void =>
    send(last === null ? { subscribe: stream } : { subscribe: stream, after: last })

  function connect(): void {
    if (socket !== null || retry !== null || !wanted()) return
    const mine = open()
    socket = mine
    mine.addEventListener('open', () => {
      delay = firstDelay
      heard(mine)
      tell({ state: 'connected' })
      for (const [stream, entry] of listeners) request(stream, entry.last)
    })
    mine.addEventListener('message', (event) => {
      heard(mine)
      receive(event.data)
    })
    mine.addEventListener('error', () => undefined)
    mine.addEventListener('close', () => lost(mine, 'The connection ended.'))
  }

  /** An owner that is stopped or hangs keeps its connections, and says nothing. */
  function heard(mine: EventSocket): void {
    if (socket !== mine) return
    if (silence !== null) clearTimeout(silence)
    silence = setTimeout(() => {
      silence = setTimeout(() => {
        lost(mine, `Nothing was heard for ${(heartbeat.lostAfterMs + graceMs) / 1000} s.`)
        mine.close()
      }, graceMs)
    }, heartbeat.lostAfterMs)
  }

  function lost(mine: EventSocket, why: string): void {
    if (socket !== mine) return
    forget()
    if (!wanted()) return
    tell({ state: 'lost', error: unreachable(why), retryAt: Date.now() + delay })
    retry = setTimeout(() => {
      retry = null
      connect()
    }, delay)
    delay = Math.min(delay * 2, longestDelay)
  }

  function forget(): void {
    if (silence !== null) clearTimeout(silence)
    silence = null
    socket = null
  }

  function receive(data: unknown): void {
    const parsed = EventMessage.safeParse(typeof data === 'string' ? JSON.parse(data) : null)
    if (!parsed.success) return
    const entry = listeners.get(parsed.data.stream)
    if (entry === undefined) return
    entry.last = parsed.data.seq
    for (const listener of [...entry.called]) listener(parsed.data)
  }

  function closeWhenUnused(): void {
    if (wanted()) return
    if (retry !== null) clearTimeout(retry)
    retry = null
    const mine = socket
    forget()
    mine?.close()
  }

  return {
    subscribe(stream: StreamName, listener: Listener) {
      const known = listeners.get(stream)
      const entry = known ?? { last: null, called: new Set<Listener>() }
      entry.called.add(listener)
      listeners.set(stream, entry)
      // A second listener needs a snapshot of its own; everybody gets it, and it replaces what they have.
      request(stream, null)
      connect()
      return () => {
        entry.called.delete(listener)
        if (entry.called.size > 0 || listeners.get(stream) !== entry) return
        listeners.delete(stream)
        send({ unsubscribe: stream })
        closeWhenUnused()
      }
    },
    onConnection(listener) {
      watchers.add(listener)
      listener(state)
      connect()
      return () => {
        watchers.delete(listener)
        closeWhenUnused()
      }
    },
  }
}
