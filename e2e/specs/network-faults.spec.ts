import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import type { RowWatch, SeenRow } from '../support/row-watch.ts'
import { Conversation } from '../support/data-plane.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster } from '../support/main-job.ts'
import { startSteadyClient, takenByPods } from '../support/steady-client.ts'
import { waitUntil } from '../support/wait-until.ts'
import { dropPackets, evictPod, rejectConnections, resetConnections } from '../testbed/faults.ts'
import { proxyBehaviour } from '../testbed/host-faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'
import { deployment, httpContainer, workloadContainer } from '../testbed/workloads.ts'

const { containers } = sharedBed()
/** A turn of the probe (1 s in these specs) and 3 s: then silence is noticed. Five times as long is let pass. */
const noticedMs = 5 * (1000 + 3000)

// A bed of its own: these faults would be the other specs' failures.
let bed: Testbed
let world: CauseWorld

const leavesLive = (rows: RowWatch, id: string, since: number): Promise<SeenRow> =>
  rows.until(id, 'anything but live', 40, ({ state, at }) => state !== 'live' && at >= since, since)

describe.runIf(containers)('networks that break under a live forward', () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    world = await startCauseWorld(bed, 'network-faults')
    const { namespace } = world
    await bed.a.apply(
      deployment({ namespace, name: 'echo', container: workloadContainer() }),
      deployment({ namespace, name: 'pair', container: httpContainer(), replicas: 2 }),
    )
    await Promise.all([bed.a.waitForPods(namespace, 'app=echo', 1), bed.a.waitForPods(namespace, 'app=pair', 2)])
  })
  afterAll(async () => {
    world.times.print('networks that break')
    await world.close()
    await bed.close()
  })

  it('a VPN that is gone: noticed within a probe and 3 s although nothing is said, and a client waits for its return', async () => {
    const { rows } = world
    const forward = await world.live()
    const { id, ports } = forward
    const at = performance.now()
    await using dropped = await dropPackets(bed.a)
    const row = await leavesLive(rows, id, at)
    expect(row.at - at, 'ms from the first lost packet to the row').toBeLessThanOrEqual(noticedMs)
    expect(['tunnel-stalled', 'cluster-unreachable']).toContain(row.code)
    expect(row.next).toMatch(/network or VPN/)
    // In the end the row names the network, whatever broke first.
    await rows.until(id, 'the network', 40, ({ code }) => code === 'cluster-unreachable', at)
    const waiting = fetch(`http://127.0.0.1:${ports[0]?.local ?? 0}/`)
    const since = performance.now()
    await dropped.undo()
    await rows.until(id, 'live again', 40, ({ state, at: seen }) => state === 'live' && seen >= since, since)
    expect((await waiting).status).toBe(200)
  })

  it('every connection reset at once: another tunnel on the same port, and what was cut is counted', async () => {
    const { client, rows, times } = world
    const { id, ports } = await world.live({ target: { kind: 'deployment', name: 'echo' }, ports: [{ remote: 7000 }] })
    const local = ports[0]?.local ?? 0
    const open = await Conversation.with(local)
    open.say('before\n')
    await open.hears('before\n')
    const at = performance.now()
    expect(await resetConnections(bed.a)).toBeGreaterThan(0)
    await rows.until(id, 'lost', 15, ({ state, at: seen }) => state !== 'live' && seen >= at, at)
    await times.recovered(id, 'tunnel-lost', at)
    const again = await Conversation.with(local)
    again.say('after\n')
    await again.hears('after\n')
    again.end()
    open.end()
    const lost = async (): Promise<number> => {
      const { entries } = await expectOk(client.forwards.history({ id, limit: 50 }))
      return entries.reduce((sum, { connectionsLost }) => sum + connectionsLost, 0)
    }
    await waitUntil('the lost connection to be counted', 10, async () => (await lost()) > 0)
    expect(await lost()).toBe(1)
  })

  it('a firewall that refuses everything: cluster-unreachable, until it lets through again', async () => {
    const { times } = world
    const { id } = await world.live()
    const at = performance.now()
    await using rejected = await rejectConnections(bed.a)
    await times.shown(id, 'cluster-unreachable', at, { detail: /refused/, what: 'firewall', unseenMs: 4000 })
    const since = performance.now()
    await rejected.undo()
    await times.recovered(id, 'cluster-unreachable', since, { what: 'firewall' })
  })

  it('a proxy that wants a login: named as such, until it does not', async () => {
    const { client, times } = world
    const other = await addCluster(client, bed.a.users['http-proxy'] ?? '', 'proxy with a login')
    await using asking = await proxyBehaviour(bed.description, { mode: 'login' })
    const forward = await world.create({ clusterId: other.id })
    const what = 'proxy wants a login'
    const row = await times.shown(forward.id, 'cluster-unreachable', forward.at, {
      detail: /proxy.*407|407.*proxy/is,
      what,
    })
    expect(row.next).toMatch(/credentials|login|password/i)
    const since = performance.now()
    await asking.undo()
    await times.recovered(forward.id, 'cluster-unreachable', since, { what })
  })

  it('a pod that is evicted: another one serves, and whoever connects meanwhile is answered', async () => {
    const { client, namespace, times } = world
    const { id, ports } = await world.live({ target: { kind: 'deployment', name: 'pair' }, ports: [{ remote: 8080 }] })
    const before = (await expectOk(client.forwards.get({ id }))).observed.pod ?? ''
    const everyMs = 100
    const steady = startSteadyClient({ host: '127.0.0.1', port: ports[0]?.local ?? 0, path: '/', everyMs })
    const at = performance.now()
    expect(await evictPod(bed.a, namespace, before)).toBe(201)
    await times.shown(id, 'pod-replaced', at, { what: 'evicted' })
    await times.recovered(id, 'pod-replaced', at, { what: 'evicted' })
    const met = await steady.stop()
    expect((await expectOk(client.forwards.get({ id }))).observed.pod).not.toBe(before)
    expect(met.answered).toBeGreaterThan(0)
    expect(met.refused).toBe(0)
    // A request may be in the pod at the moment it ends.
    expect(met.attempts - met.answered).toBeLessThanOrEqual(takenByPods(met.waitsMs, 1, everyMs))
  })
})
