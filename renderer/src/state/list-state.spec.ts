import { describe, expect, it } from 'vitest'
import { applyListMessages, emptyList, type ListState } from './list-state.ts'

type Item = { id: string; n: number }
const start: ListState<Item> = emptyList
const message = (kind: 'snapshot' | 'change' | 'gone', data: unknown) => ({ stream: 'forwards', seq: 1, kind, data })

describe('a list kept by events', () => {
  it('is loaded by its first snapshot, also an empty one', () => {
    expect(applyListMessages(start, []).loaded).toBe(false)
    expect(applyListMessages(start, [message('snapshot', [])]).loaded).toBe(true)
  })

  it('changes one item and leaves the identity of the others', () => {
    const before = applyListMessages(start, [
      message('snapshot', [
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
      ]),
    ])
    const after = applyListMessages(before, [message('change', { id: 'b', n: 2 })])
    expect(after.items.get('b')).toEqual({ id: 'b', n: 2 })
    expect(after.items.get('a')).toBe(before.items.get('a'))
    expect(before.items.get('b')).toEqual({ id: 'b', n: 1 })
  })

  it('forgets what is gone, and what a later snapshot does not hold', () => {
    const list = applyListMessages(start, [
      message('snapshot', [{ id: 'a', n: 1 }]),
      message('change', { id: 'b', n: 1 }),
      message('gone', { id: 'a' }),
    ])
    expect([...list.items.keys()]).toEqual(['b'])
    expect(applyListMessages(list, [message('snapshot', [])]).items.size).toBe(0)
  })
})
