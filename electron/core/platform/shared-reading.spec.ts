import { expect, it } from 'vitest'
import { sharedReading } from './shared-reading.ts'

it('many questions share few readings, and each gets one that began after it was asked', async () => {
  const begun: PromiseWithResolvers<number>[] = []
  const ask = sharedReading(() => {
    const reading = Promise.withResolvers<number>()
    begun.push(reading)
    return reading.promise
  })
  const first = ask()
  const again = first.then(() => ask())
  const meanwhile = Promise.all([ask(), ask(), ask()])
  expect(begun).toHaveLength(1)
  begun[0]?.resolve(1)
  expect(await first).toBe(1)
  await expect.poll(() => begun.length).toBe(2)
  const later = ask()
  expect(begun).toHaveLength(2)
  begun[1]?.resolve(2)
  expect(await meanwhile).toEqual([2, 2, 2])
  expect(await again).toBe(2)
  await expect.poll(() => begun.length).toBe(3)
  begun[2]?.resolve(3)
  expect(await later).toBe(3)
})
