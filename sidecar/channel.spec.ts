import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { openChannel } from './channel.ts'

afterEach(() => {
  delete (process as { parentPort?: unknown }).parentPort
})

describe('the channel to the main process', () => {
  it('is the parent port where Electron started us, and unwraps its events', () => {
    const sent: unknown[] = []
    const port = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => sent.push(message) })
    Object.assign(process, { parentPort: port })
    const channel = openChannel()
    const received: unknown[] = []
    let closed = false
    channel?.onMessage((message) => received.push(message))
    channel?.onClose(() => (closed = true))
    channel?.send({ kind: 'pong', id: 1 })
    port.emit('message', { data: { kind: 'ping', id: 1 }, ports: [] })
    port.emit('close')
    expect(sent).toEqual([{ kind: 'pong', id: 1 }])
    expect(received).toEqual([{ kind: 'ping', id: 1 }])
    expect(closed).toBe(true)
  })
})
