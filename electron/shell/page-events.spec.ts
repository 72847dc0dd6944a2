import { describe, expect, it } from 'vitest'
import type { ConnectionState, Transport } from '../../contract/client.ts'
import { EventHub } from '../core/operations/event-hub.ts'
import type { BridgeEvent } from './bridge.ts'
import { PageEvents } from './page-events.ts'

const mebibyte = 1024 * 1024

/** A page behind IPC, which takes what it is sent only when it is told to. */
function world() {
  const hub = new EventHub()
  let settings = ''
  hub.source('settings', () => settings)
  hub.source('vault', () => 'unlocked')
  let tell: (state: ConnectionState) => void = () => undefined
  const transport: Pick<Transport, 'subscribe' | 'onConnection'> = {
    subscribe: (stream, listener) => hub.subscribe(stream, undefined, listener) ?? (() => undefined),
    onConnection: (listener) => {
      tell = listener
      listener({ state: 'connected' })
      return () => (tell = () => undefined)
    },
  }
  const waiting: BridgeEvent[] = []
  const seen: string[] = []
  const page = new PageEvents({ transport, send: (event) => waiting.push(event) })
  return {
    page,
    seen,
    waitingBytes: () => Buffer.byteLength(JSON.stringify(waiting)),
    change: (text: string) => {
      settings = text
      hub.publish('settings', 'change', text)
    },
    connection: (state: ConnectionState) => tell(state),
    takeAll: () => {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
        const { kind } = event
        seen.push(kind === 'connection' ? event.state.state : `${event.message.kind} ${String(event.message.data)}`)
        page.taken(event.number)
      }
    },
  }
}

describe('events to a page over IPC', () => {
  it('arrive one by one, a snapshot first, while the page takes them', () => {
    const { page, change, takeAll, seen } = world()
    page.subscribe('settings')
    change('a')
    change('b')
    takeAll()
    expect(seen).toEqual(['snapshot ', 'change a', 'change b'])
  })

  it('wait up to 1 MiB for a page that hangs, and then become one snapshot of what is true', () => {
    const { page, change, takeAll, seen, waitingBytes } = world()
    page.subscribe('settings')
    page.subscribe('vault')
    const large = 'x'.repeat(10_000)
    for (let count = 1; count <= 1000; count++) change(`${count} ${large}`)
    expect(waitingBytes()).toBeLessThan(1.1 * mebibyte)
    takeAll()
    expect(seen.at(-1)).toBe(`snapshot 1000 ${large}`)
    // The stream that was quiet meanwhile is not told again.
    expect(seen.filter((text) => text.startsWith('snapshot'))).toHaveLength(3)
    change('after')
    takeAll()
    expect(seen.at(-1)).toBe('change after')
  })

  it('hold nothing that comes while it is full, again and again', () => {
    const { page, change, takeAll, seen, waitingBytes } = world()
    page.subscribe('settings')
    for (const round of ['first', 'second', 'third']) {
      for (let count = 1; count <= 3; count++) change(`${round} ${count} ${'x'.repeat(2 * mebibyte)}`)
      expect(waitingBytes()).toBeLessThan(2.1 * mebibyte)
      takeAll()
      expect(seen.at(-1)?.slice(0, 20)).toContain(`snapshot ${round} 3`.slice(0, 20))
    }
  })

  it('tell the last state of the connection once the page has caught up', () => {
    const { page, change, connection, takeAll, seen } = world()
    page.watchConnection()
    page.subscribe('settings')
    change('x'.repeat(2 * mebibyte))
    for (let count = 0; count < 100; count++) connection({ state: 'connecting' })
    connection({ state: 'connected' })
    takeAll()
    expect(seen.filter((text) => !text.startsWith('change') && !text.startsWith('snapshot'))).toEqual([
      'connected',
      'connected',
    ])
  })

  it('begin anew for the page that comes in its place', () => {
    const { page, change, takeAll, seen } = world()
    page.subscribe('settings')
    change('x'.repeat(2 * mebibyte))
    page.end()
    change('y')
    page.subscribe('settings')
    takeAll()
    expect(seen.at(-1)).toBe('snapshot y')
    change('z')
    takeAll()
    expect(seen.at(-1)).toBe('change z')
  })

  it('are of streams only that the page asks for, and of a bounded number', () => {
    const { page, takeAll, seen } = world()
    for (let count = 0; count < 1000; count++) page.subscribe(`forward-output:${String(count)}`)
    page.subscribe('settings')
    takeAll()
    expect(seen).toEqual([])
    page.unsubscribe('forward-output:0')
    page.subscribe('settings')
    takeAll()
    expect(seen).toEqual(['snapshot '])
  })
})
