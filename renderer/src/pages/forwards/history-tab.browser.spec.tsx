import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { openPage } from '../../testing/open-page.tsx'

/** The history of a forward of that age (ms). */
function openHistory(age: number): void {
  const world = busyWorld()
  const [forward] = world.forwards
  if (forward === undefined) throw new Error('the world has no forward')
  world.forwards = [{ ...forward, createdAt: Date.now() - age }]
  world.history = { ...world.history, recovery: { medianMs: null, worstMs: null, count: 0 } }
  openPage(world, `/forwards/${forward.id}?tab=history`)
}

describe('the history of a forward', () => {
  it('that is young says since when its share of live is counted, and what was never needed', async () => {
    openHistory(5.5 * 60_000)
    await expect.element(page.getByText('since it was made, 5 min ago').first()).toBeVisible()
    await expect.element(page.getByText('never needed')).toBeVisible()
  })

  it('that is older counts over the last day', async () => {
    openHistory(3 * 86_400_000)
    await expect.element(page.getByText('in the last 1 d').first()).toBeVisible()
  })
})
