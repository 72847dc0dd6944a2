import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as standStill } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, withKubectl } from '../support/main-job.ts'
import { RowWatch, type SeenRow } from '../support/row-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { barePod, httpContainer } from '../testbed/workloads.ts'
import { OwnerDesktop } from './owner-desktop.ts'

/** A machine that wakes up: what was live before is checked before it is called live again. */
let bed: Testbed
let folder: string
let namespace: string
let desktop: OwnerDesktop
let rows: RowWatch
let forward: Forward

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  folder = await mkdtemp(join(tmpdir(), 'mooring-waking-'))
  namespace = await bed.a.createNamespace('waking')
  await bed.a.apply(barePod({ namespace, name: 'web', container: httpContainer() }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  desktop = await OwnerDesktop.start({ dataDir: join(folder, 'data'), home: folder, environment: withKubectl(bed) })
  await expectOk(desktop.client.vault.setup({ provider: 'memory' }))
  const { id: clusterId } = await addCluster(desktop.client, bed.a.kubeconfig, 'bed a')
  rows = await RowWatch.follow(desktop.client)
  const target = { kind: 'pod', name: 'web' } as const
  forward = await liveForward(desktop.client, { clusterId, namespace, target, ports: [{ remote: 8080 }] })
})
afterAll(async () => {
  if (bed.containers) {
    rows[Symbol.dispose]()
    await desktop.kill()
    await rm(folder, { recursive: true, force: true })
    await bed.a.deleteNamespace(namespace)
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

/** The row doubts what it knew, says so within a second (five are let pass), and is live again by itself. */
async function checksWhatItKnew(since: number): Promise<void> {
  const doubts = ({ code, detail, at }: SeenRow): boolean => at >= since && code === 'connecting' && detail === 'wake'
  const row = await rows.until(forward.id, 'it is checked', 5, doubts, since)
  expect(row.state).not.toBe('live')
  expect(row.message).toBe('It is checked whether the connection survived the sleep.')
  expect(row.next).toMatch(/\S{3}/)
  await rows.until(forward.id, 'live again', 15, ({ state, at }) => state === 'live' && at >= row.at, row.at)
  const { host, port } = localAddress(forward)
  expect((await fetch(`http://${host}:${port}/`)).status).toBe(200)
}

describe('waking up', () => {
  it.each(['resume', 'unlock-screen'])('the system says %s: what was live is checked at once', async (name) => {
    const since = performance.now()
    await desktop.command('power', { name })
    await checksWhatItKnew(since)
  })

  it('the system says nothing, but the clock ran on without us: the same', async () => {
    process.kill(desktop.pid, 'SIGSTOP')
    await standStill(15_000)
    const since = performance.now()
    process.kill(desktop.pid, 'SIGCONT')
    await waitUntil('it is noticed', 10, () => desktop.log().includes('the machine slept or stood still'))
    await checksWhatItKnew(since)
    expect(await expectOk(desktop.client.app.status())).toMatchObject({ sidecar: { state: 'ready' } })
  })
})
