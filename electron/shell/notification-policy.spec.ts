import { describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import {
  atMostEveryMs,
  due,
  emptyMemory,
  observe,
  tellAfterMs,
  type NotificationMemory,
} from './notification-policy.ts'

const forward = (id: string, state: Forward['state']): Forward =>
  ({ id, name: id, state, cause: state === 'live' ? null : { message: `${id} lost its pod.` } }) as unknown as Forward

const after = (memory: NotificationMemory, steps: [string, Forward['state'], number][]): NotificationMemory =>
  steps.reduce((current, [id, state, now]) => observe(current, forward(id, state), now), memory)

describe('notifications', () => {
  it('tell a loss that lasts, and the recovery', () => {
    const lost = after(emptyMemory, [
      ['web', 'live', 0],
      ['web', 'recovering', 1000],
    ])
    expect(due(lost, 1000 + tellAfterMs - 1).notice).toBeNull()
    const told = due(lost, 1000 + tellAfterMs)
    expect(told.notice).toEqual({ title: 'web is not live', body: 'web lost its pod.' })
    const back = after(told.memory, [['web', 'live', 60_000]])
    expect(due(back, 60_000).notice?.title).toBe('web is live again')
  })

  it('say nothing of a short gap', () => {
    const memory = after(emptyMemory, [
      ['web', 'live', 0],
      ['web', 'recovering', 1000],
      ['web', 'live', 3000],
    ])
    expect(due(memory, 100_000).notice).toBeNull()
  })

  it('say nothing of a forward that was never live, or that the user turned off', () => {
    const memory = after(emptyMemory, [
      ['new', 'starting', 0],
      ['new', 'holding', 100],
      ['old', 'live', 0],
      ['old', 'stopping', 10],
      ['old', 'off', 20],
    ])
    expect(due(memory, 100_000).notice).toBeNull()
  })

  it('gather many into one, at most one in half a minute', () => {
    const steps = ['a', 'b', 'c', 'd', 'e'].flatMap((id): [string, Forward['state'], number][] => [
      [id, 'live', 0],
      [id, 'holding', 1000],
    ])
    const first = due(after(emptyMemory, steps), 10_000)
    expect(first.notice).toEqual({ title: '5 forwards are not live', body: 'a, b, c and 2 more' })
    const back = after(first.memory, [['a', 'live', 11_000]])
    expect(due(back, 11_000).notice).toBeNull()
    expect(due(back, 10_000 + atMostEveryMs).notice?.title).toBe('a is live again')
  })
})
