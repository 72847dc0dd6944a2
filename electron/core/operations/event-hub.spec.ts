import { describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import type { EventMessage } from '../../../contract/events.ts'
import { owner, type Principal } from '../../../contract/permissions.ts'
import { EventHub } from './event-hub.ts'
import { EventSession } from './event-session.ts'

function hubWithSettings() {
  const hub = new EventHub()
  let value = 0
  hub.source('settings', () => value)
  hub.source('cluster-test', (id) => (id === known ? null : undefined))
  const set = (next: number): void => {
    value = next
    hub.publish('settings', 'change', next)
  }
  return { hub, set }
}
const known = '7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001'
const data = (messages: EventMessage[]): unknown[] =>
  messages.map((message) => `${message.kind} ${String(message.data)}`)

describe('the event hub', () => {
  it('starts with a snapshot and goes on with changes, counting them', () => {
    const { hub, set } = hubWithSettings()
    const seen: EventMessage[] = []
    hub.subscribe('settings', undefined, (message) => seen.push(message))
    set(1)
    set(2)
    expect(data(seen)).toEqual(['snapshot 0', 'change 1', 'change 2'])
    expect(seen[2]!.seq).toBe(seen[0]!.seq + 2)
  })

  it('continues after a gap it can fill, without a snapshot', () => {
    const { hub, set } = hubWithSettings()
    const first: EventMessage[] = []
    const end = hub.subscribe('settings', undefined, (message) => first.push(message))!
    set(1)
    end()
    set(2)
    const second: EventMessage[] = []
    hub.subscribe('settings', first.at(-1)!.seq, (message) => second.push(message))
    expect(data(second)).toEqual(['change 2'])
  })

  it('starts again with a snapshot when the gap is too large or the count is of another run', () => {
    const { hub, set } = hubWithSettings()
    const first: EventMessage[] = []
    hub.subscribe('settings', undefined, (message) => first.push(message))
    for (let value = 1; value <= 300; value++) set(value)
    for (const after of [first[1]!.seq, 5, first.at(-1)!.seq + 1000]) {
      const seen: EventMessage[] = []
      hub.subscribe('settings', after, (message) => seen.push(message))
      expect(data(seen)).toEqual(['snapshot 300'])
    }
  })

  it('knows no streams and things that do not exist', () => {
    const { hub } = hubWithSettings()
    for (const name of [
      'nothing',
      'settings:1',
      'cluster-test',
      'cluster-test:zzz',
      `cluster-test:${known.replace('1', '2')}`,
    ])
      expect(hub.subscribe(name, undefined, () => undefined)).toBeNull()
    expect(hub.subscribe(`cluster-test:${known}`, undefined, () => undefined)).not.toBeNull()
  })
})

describe('an event session', () => {
  const session = (principal: Principal, pendingBytes = () => 0) => {
    const { hub, set } = hubWithSettings()
    const sent: EventMessage[] = []
    const one = new EventSession(hub, principal, {
      send: (text) => sent.push(JSON.parse(text) as EventMessage),
      pendingBytes,
    })
    return { one, sent, set }
  }

  it('refuses a stream without the permission, and text that is no request', () => {
    const { one, sent } = session({ name: 'guest', permissions: new Set(['clusters:read']) })
    expect(one.receive('{"subscribe":"settings"}')).toBe(false)
    for (const text of ['', '{', '[]', '{"subscribe":7}', '{"subscribe":"settings","more":1}'])
      expect(one.receive(text)).toBe(false)
    expect(sent).toEqual([])
  })

  it('stops delivering after unsubscribe', () => {
    const { one, sent, set } = session(owner)
    one.receive('{"subscribe":"settings"}')
    one.receive('{"unsubscribe":"settings"}')
    set(1)
    expect(data(sent)).toEqual(['snapshot 0'])
  })

  it('gives a slow client a snapshot instead of all it missed', async () => {
    let pending = 0
    const { one, sent, set } = session(owner, () => pending)
    one.receive('{"subscribe":"settings"}')
    pending = 2 * 1024 * 1024
    for (let value = 1; value <= 50; value++) set(value)
    expect(data(sent)).toEqual(['snapshot 0'])
    pending = 0
    await eventually(() => expect(data(sent)).toEqual(['snapshot 0', 'snapshot 50']))
    one.close()
  })
})
