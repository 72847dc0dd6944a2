import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { heartbeat } from './events.ts'
import { createHttpTransport, type EventSocket } from './http-transport.ts'

/** A socket whose other end the spec plays. */
class PlayedSocket implements EventSocket {
  readyState = 1
  closed = false
  readonly #listeners = new Map<string, (event: { data: unknown }) => void>()
  send(): void {
    return
  }
  close(): void {
    this.closed = true
  }
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.#listeners.set(type, listener)
  }
  play(type: 'open' | 'close' | 'message', data: unknown = null): void {
    this.#listeners.get(type)?.({ data })
  }
}

let sockets: PlayedSocket[]
let states: string[]

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  states = []
  const transport = createHttpTransport({
    baseUrl: '',
    fetch: () => Promise.reject(new Error('nobody asks')),
    openSocket: () => {
      const socket = new PlayedSocket()
      sockets.push(socket)
      return socket
    },
  })
  transport.onConnection(({ state }) => states.push(state))
  sockets[0]?.play('open')
})
afterEach(() => vi.useRealTimers())

it('stays connected while the heart beats', () => {
  for (let beats = 0; beats < 20; beats += 1) {
    vi.advanceTimersByTime(heartbeat.everyMs)
    sockets[0]?.play('message', heartbeat.text)
  }
  expect(states).toEqual(['connecting', 'connected'])
})

it('calls an owner lost that says nothing for 10 s, and connects anew', () => {
  vi.advanceTimersByTime(9_900)
  expect(states.at(-1)).toBe('connected')
  vi.advanceTimersByTime(200)
  expect(states.at(-1)).toBe('lost')
  expect(sockets[0]?.closed).toBe(true)
  vi.advanceTimersByTime(250)
  expect(sockets).toHaveLength(2)
  sockets[0]?.play('close')
  sockets[1]?.play('open')
  expect(states).toEqual(['connecting', 'connected', 'lost', 'connected'])
})
