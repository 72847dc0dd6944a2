import { setTimeout as standStill } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { liveForward, localAddress } from '../support/main-job.ts'
import { RowWatch, type SeenRow } from '../support/row-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { barePod, httpContainer } from '../testbed/workloads.ts'
import { useDesktopWorld } from './desktop-world.ts'

/** A machine that wakes up: what was live before is checked before it is called live again. */
const world = useDesktopWorld('waking', async ({ bed, namespace }) => {
  await bed.a.apply(barePod({ namespace, name: 'web', container: httpContainer() }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
})
let rows: RowWatch
let forward: Forward

beforeAll(async () => {
  const { bed, namespace, desktop, cluster } = world
  if (!bed.containers) return undefined
  rows = await RowWatch.follow(desktop.client)
  const target = { kind: 'pod', name: 'web' } as const
  forward = await liveForward(desktop.client, { clusterId: cluster.id, namespace, target, ports: [{ remote: 8080 }] })
  return () => rows[Symbol.dispose]()
})

/** The row doubts what it knew, says so within a second (five are let pass), and is live again by itself. */
async function checksWhatItKnew(since: number): Promise<void> {
  const doubts = ({ code, detail, at }: SeenRow): boolean => at >= since && code === 'connecting' && detail === 'wake'
  const row = await rows.until(forward.id, 'it is checked', 5, doubts, since)
  expect(row.state).not.toBe('live')
  expect(row.message).toBe('The machine slept; Mooring checks whether the connection survived.')
  expect(row.next).toMatch(/\S{3}/)
  await rows.until(forward.id, 'live again', 15, ({ state, at }) => state === 'live' && at >= row.at, row.at)
  const { host, port } = localAddress(forward)
  expect((await fetch(`http://${host}:${port}/`)).status).toBe(200)
}

describe('waking up', () => {
  it.each(['resume', 'unlock-screen'])('the system says %s: what was live is checked at once', async (name) => {
    const since = performance.now()
    await world.desktop.command('power', { name })
    await checksWhatItKnew(since)
  })

  it('the system says nothing, but the clock ran on without us: the same', async () => {
    const { desktop } = world
    process.kill(desktop.pid, 'SIGSTOP')
    await standStill(15_000)
    const since = performance.now()
    process.kill(desktop.pid, 'SIGCONT')
    await waitUntil('it is noticed', 10, () => desktop.log().includes('the machine slept or stood still'))
    await checksWhatItKnew(since)
    expect(await expectOk(desktop.client.app.status())).toMatchObject({ sidecar: { state: 'ready' } })
  })
})
