import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Testbed } from '../testbed/testbed.ts'
import { sharedTestbed } from './main-job.ts'

/** The bed, and a namespace of cluster A that belongs to one spec file. */
export type BedWorld = { readonly bed: Testbed; readonly namespace: string }

/**
 * To be called at the top of a spec file; what it answers may be used in its specs and hooks. They say that they did not
 * run where there are no containers. `start` adds to the world once the namespace is there, `close` ends what it added.
 */
export function useBedWorld<T extends object>(
  name: string,
  start: (ground: BedWorld) => Promise<T>,
  close: (world: T) => Promise<void>,
): BedWorld & T {
  const world = {} as BedWorld & T
  beforeAll(async () => {
    const bed = await sharedTestbed()
    Object.assign(world, { bed })
    if (!bed.containers) return
    const namespace = await bed.a.createNamespace(name)
    Object.assign(world, { namespace })
    Object.assign(world, await start({ bed, namespace }))
  })
  afterAll(async () => {
    const { bed, namespace } = world
    if (bed.containers) {
      await close(world)
      await bed.a.deleteNamespace(namespace)
    }
    await bed.close()
  })
  beforeEach((context) => {
    if (!world.bed.containers) context.skip('needs real containers (root)')
  })
  return world
}
