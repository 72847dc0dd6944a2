import { describe, expect, it } from 'vitest'
import { FairOrder } from './fair-order.ts'

const run = (): (() => Promise<void>) => () => Promise.resolve()

describe('FairOrder', () => {
  it('lets groups take turns, first come first served within a group', () => {
    const order = new FairOrder()
    const [a1, a2, a3, b1, c1] = [run(), run(), run(), run(), run()]
    for (const entry of [a1, a2, a3]) order.enqueue(entry, { group: 'a' })
    order.enqueue(b1, { group: 'b' })
    order.enqueue(c1, { group: 'c' })
    expect([1, 2, 3, 4, 5].map(() => order.dequeue())).toEqual([a1, b1, c1, a2, a3])
    expect(order.dequeue()).toBeUndefined()
  })

  it('forgets what was cancelled', () => {
    const order = new FairOrder()
    const [a, b] = [run(), run()]
    order.enqueue(a, { group: 'a' })
    order.enqueue(b, { group: 'b' })
    order.remove(a)
    expect(order.size).toBe(1)
    expect(order.dequeue()).toBe(b)
  })
})
