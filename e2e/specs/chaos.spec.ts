import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeWorld, shortSize, type ChaosWorld } from '../chaos/chaos-part.ts'
import { partNames, parts } from '../chaos/parts.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'

const { containers } = sharedBed()

/** `npm run chaos` in small; the reconciler's sequences are a unit spec already. */
describe.runIf(containers)('chaos, the short form', () => {
  // A bed of its own: whole clusters fail here.
  let bed: Testbed
  let world: ChaosWorld
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    world = makeWorld(bed, { size: shortSize, say: () => undefined })
  })
  afterAll(() => bed.close())

  it.each(partNames.filter((name) => name !== 'reconciler'))(
    '%s: nothing happens that must not',
    async (name) => {
      const { facts, violations } = await parts[name]({ ...world, random: world.random.child(name) })
      console.log(
        Object.entries(facts)
          .map(([what, words]) => `${what}: ${words}`)
          .join('\n'),
      )
      expect(violations).toEqual([])
    },
    300_000,
  )
})
