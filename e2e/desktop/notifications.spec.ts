import { describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { liveForward, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod, scale } from '../testbed/faults.ts'
import { deployment, gracefulDeployment, httpContainer } from '../testbed/workloads.ts'
import { useDesktopWorld } from './desktop-world.ts'
import type { Shown } from './owner-desktop.ts'

/** What the desktop tells a person who looks elsewhere; the double of Electron notes every notification it shows. */
const tellAfterMs = 5000
const atMostEveryMs = 30_000

const world = useDesktopWorld('notices', async ({ bed, namespace }) => {
  await bed.a.apply(
    deployment({ namespace, name: 'solo', container: httpContainer() }),
    deployment({ namespace, name: 'pair', container: httpContainer() }),
    gracefulDeployment(namespace, 'steady'),
  )
  await Promise.all([
    bed.a.waitForPods(namespace, 'app=solo', 1),
    bed.a.waitForPods(namespace, 'app=pair', 1),
    bed.a.waitForPods(namespace, 'app=steady', 2),
  ])
})

const forwardTo = (name: string, called = name): Promise<Forward> =>
  liveForward(world.desktop.client, {
    clusterId: world.cluster.id,
    namespace: world.namespace,
    name: called,
    target: { kind: 'deployment', name },
    ports: [{ remote: 8080 }],
  })
const told = (): Shown[] => world.desktop.shown.filter(({ what }) => what === 'notification')
/** Waits for the next notification; when it came. */
async function next(count: number, seconds: number): Promise<number> {
  await waitUntil(`notification ${count}`, seconds, () => told().length >= count)
  return performance.now()
}

describe('notifications', { timeout: 240_000 }, () => {
  it('tell of what stays down, of its return, and of several at once in one; never of a short gap', async () => {
    const { bed, desktop, namespace } = world
    const solo = await forwardTo('solo')
    const pair = [await forwardTo('pair', 'left'), await forwardTo('pair', 'right')]
    const steady = await forwardTo('steady')
    // A pod that is replaced while another one serves: nobody is told.
    await deletePod(bed.a, namespace, steady.observed.pod ?? '')

    const goneAt = performance.now()
    await using soloGone = await scale(bed.a, namespace, 'deployment/solo', 0, 1)
    const first = await next(1, 60)
    expect(first - goneAt).toBeGreaterThan(tellAfterMs)
    expect(told()[0]).toMatchObject({ title: 'solo is not live' })
    expect(told()[0]?.['body']).toMatch(/\S{3}/)

    // What gathers within half a minute is told together.
    await soloGone.undo()
    await waitForState(desktop.client, solo.id, 'live', 60)
    await using pairGone = await scale(bed.a, namespace, 'deployment/pair', 0, 1)
    const second = await next(2, 90)
    expect(second - first).toBeGreaterThan(atMostEveryMs - 5000)
    expect(told()[1]).toMatchObject({
      title: '2 forwards are not live',
      body: expect.stringMatching(/^(left, right|right, left)\nsolo is live again$/) as string,
    })

    await pairGone.undo()
    for (const { id } of pair) await waitForState(desktop.client, id, 'live', 60)
    const third = await next(3, 60)
    expect(third - second).toBeGreaterThan(atMostEveryMs - 5000)
    expect(told()[2]).toMatchObject({
      title: '2 forwards are live again',
      body: expect.stringMatching(/^(left, right|right, left)$/) as string,
    })
    expect(JSON.stringify(told())).not.toContain('steady')
    for (const { id } of [solo, ...pair, steady]) await expectOk(desktop.client.forwards.remove({ id }))
  })

  it('stay away when they are not wanted', async () => {
    const { bed, desktop, namespace } = world
    const before = told().length
    await expectOk(desktop.client.settings.update({ notifications: false }))
    const solo = await forwardTo('solo')
    await using _gone = await scale(bed.a, namespace, 'deployment/solo', 0, 1)
    // The time in which the first test was told of the same loss, and more.
    const lostAt = await waitUntil('the loss', 60, async () => {
      const { state } = await expectOk(desktop.client.forwards.get({ id: solo.id }))
      return state === 'live' ? null : performance.now()
    })
    await waitUntil('twice the time to tell', 60, () => performance.now() > lostAt + 2 * tellAfterMs)
    expect(told()).toHaveLength(before)
  })
})
