import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Cluster } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import { BusyOwner } from '../support/busy-owner.ts'
import { kubectlsOf } from '../support/chaos-children.ts'
import { keepAsking } from '../support/chaos-client.ts'
import { killOwnerAfter, killRunning } from '../support/chaos-owner.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { descendantsOf, notTakenOver, secretsLeftIn, signalAll, stillAlive } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, waitForState, withKubectl } from '../support/main-job.ts'
import { RowWatch } from '../support/row-watch.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { distribution } from '../support/statistics.ts'
import { startSteadyClient, type SteadyResult } from '../support/steady-client.ts'
import { exchangeMs, watchTruth } from '../support/truth-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { linkDown, stopComponent, type Fault } from '../testbed/faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startKubectlForward } from '../testbed/kubectl-forward.ts'
import { startTestbed, type TestCluster, type Testbed } from '../testbed/testbed.ts'
import { barePod, deployment, httpContainer, service } from '../testbed/workloads.ts'

const { containers } = sharedBed()
const passphrase = 'a passphrase for this spec'
const random = seededRandom()
/** How long a cluster stays away, ms. */
const outageMs = 30_000
const ownerKills = 10

// A bed of its own: these faults would be the other specs' failures.
let bed: Testbed
let options: HostOptions & { dataDir: string }
let host: RunningHost
let cluster: Cluster
let namespace: string
/** By service, by deployment and by selector, in the cluster that fails. */
let forwards: Forward[]
/** In the other cluster. */
let elsewhere: Forward

const allLive = (seconds: number): Promise<Forward[]> =>
  Promise.all(forwards.map(({ id }) => waitForState(host.client, id, 'live', seconds)))

const steady = (forward: Forward, everyMs: number): { stop(): Promise<SteadyResult> } =>
  startSteadyClient({ ...localAddress(forward), path: '/', everyMs })

/** A client at a kubectl without Mooring, in the same seconds: what the machine makes of everybody. */
async function besidePlainKubectl(): Promise<{ stop(): Promise<number[]> }> {
  const kubectl = await startKubectlForward(bed.a, bed.kubectl, { namespace, target: 'svc/web', ports: [8080] })
  const client = startSteadyClient({ host: '127.0.0.1', port: kubectl.localPort(8080), path: '/', everyMs: 100 })
  return {
    stop: async () => {
      const { waitsMs } = await client.stop()
      await kubectl.close()
      return waitsMs
    },
  }
}

/** Client connections that the history counts as lost because a kubectl ended. */
async function lostInHistory(): Promise<number> {
  const all = await Promise.all(forwards.map(({ id }) => expectOk(host.client.forwards.history({ id, limit: 500 }))))
  return all.flatMap(({ entries }) => entries).reduce((sum, { connectionsLost }) => sum + connectionsLost, 0)
}

/** What the user chose, and where it is reached: the same for ever. */
const wishOf = ({ id, name, target, ports, desired }: Forward) => ({ id, name, target, ports, desired })

const rowWords = ({ name, state, cause, observed }: Forward): string =>
  `${name}: ${state} ${cause?.message ?? ''} (${observed.connections} connections)`

const isServed = async (forward: Forward): Promise<void> => {
  const { host: address, port } = localAddress(forward)
  expect((await fetch(`http://${address}:${port}/`)).status).toBe(200)
}

// The numbers are those of docs/chaos.md.
describe.runIf(containers)('forwards keep their word', () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    namespace = await bed.a.createNamespace('invariants')
    const web = { name: 'web', replicas: 2 }
    await bed.a.apply(deployment({ ...web, namespace }), service({ ...web, namespace }))
    await bed.a.waitForPods(namespace, 'app=web', 2)
    const other = await bed.b.createNamespace('invariants')
    await bed.b.apply(barePod({ namespace: other, name: 'web', nodeName: 'fake-1', container: httpContainer() }))
    await bed.b.waitForPods(other, 'app=web', 1)
    const dataDir = await mkdtemp(join(tmpdir(), 'mooring-invariants-'))
    options = { dataDir, vault: 'passphrase', passphrase, environment: withKubectl(bed) }
    host = await startHost(options)
    cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    const clusterB = await addCluster(host.client, bed.b.kubeconfig, 'bed b')
    // Long enough for the longest outage below: whoever connects meanwhile is served afterwards.
    const shared = { ports: [{ remote: 8080 }], parkSeconds: 120, probe: { mode: 'connect' as const, seconds: 1 } }
    const targets: Forward['target'][] = [
      { kind: 'service', name: 'web' },
      { kind: 'deployment', name: 'web' },
      { kind: 'selector', selector: 'app=web' },
    ]
    forwards = await Promise.all(
      targets.map((target) =>
        liveForward(host.client, { ...shared, clusterId: cluster.id, namespace, target, name: `by ${target.kind}` }),
      ),
    )
    const target = { kind: 'pod' as const, name: 'web' }
    elsewhere = await liveForward(host.client, {
      ...shared,
      clusterId: clusterB.id,
      namespace: other,
      target,
      name: 'elsewhere',
    })
  })
  afterAll(async () => {
    await host.close()
    await bed.close()
    await rm(options.dataDir, { recursive: true, force: true })
  })

  it('when kubectl is killed twenty times: who connects is served, and who was cut off is counted (1, 2, 3, 4)', async () => {
    const plain = await besidePlainKubectl()
    const truth = watchTruth(host.client)
    const clients = forwards.map((forward) => steady(forward, 100))
    const kills = 20
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(200 + random.below(500))
      const victims = await waitUntil('a kubectl to kill', 20, async () => {
        const able = (await kubectlsOf(host.pid)).filter(({ listening }) => listening)
        return able.length > 0 ? able : null
      })
      signalAll([random.one(victims)], 'SIGKILL')
    }
    const again = await allLive(40)
    const results = await Promise.all(clients.map((client) => client.stop()))
    const seen = await truth.stop()
    const beside = await plain.stop()
    expect(seen.violations).toEqual([])
    expect(seen.exchanges).toBeGreaterThan(kills)
    expect(again.map(wishOf)).toEqual(forwards.map(wishOf))
    const sum = (of: keyof SteadyResult): number => results.reduce((all, one) => all + Number(one[of]), 0)
    const cutOff = sum('resetBeforeFirstByte') + sum('emptyAnswers') + sum('cutAnswers')
    const longest = Math.max(...results.map(({ longestWaitMs }) => longestWaitMs))
    const lost = await waitUntil('the history to count them', 10, async () => {
      const counted = await lostInHistory()
      if (counted < cutOff) throw new Error(`${counted} of ${cutOff}`)
      return { counted }
    })
    console.log(
      `${sum('attempts')} connections, ${cutOff} cut off, ${lost.counted} counted, first byte ` +
        `${distribution(results.flatMap(({ waitsMs }) => waitsMs))}; live, and nobody served, for at most ${seen.unservedMs} ms; ` +
        `plain kubectl ${distribution(beside)}`,
    )
    expect(sum('refused')).toBe(0)
    expect(sum('answered') + cutOff).toBe(sum('attempts'))
    expect(sum('attempts')).toBeGreaterThan(kills * 5)
    // Only those whose request was on its way through the very kubectl that was killed.
    expect(cutOff).toBeLessThanOrEqual(kills * 3)
    // Promised are 2 s beyond what anybody waits.
    expect(longest).toBeLessThan(10_000 + Math.max(...beside))
  })

  it('when every kubectl is stopped: nothing is live that does not serve, and others take their place (1, 7, 8)', async () => {
    using rows = await RowWatch.follow(host.client)
    await allLive(20)
    const truth = watchTruth(host.client)
    const stopped = await kubectlsOf(host.pid)
    const mine = new Set(stopped.map(({ pid }) => pid))
    signalAll(stopped, 'SIGSTOP')
    const stoppedAt = performance.now()
    // The interval and 3 s, five times.
    const limit = (forwards[0]?.probe.seconds ?? 0) * 5 + 15
    const told = await Promise.all(
      forwards.map(({ id }) => rows.until(id, 'anything but live', limit, ({ state }) => state !== 'live', stoppedAt)),
    )
    console.log(`not live any more: ${distribution(told.map(({ at }) => at - stoppedAt))}`)
    for (const forward of await allLive(40)) await isServed(forward)
    // A client of the watch that hangs in one leaves after 20 s; whoever left is cut after 10 s, and kubectl killed after 5 more.
    await waitUntil('the stopped ones are gone', exchangeMs / 1000 + 25, async () => {
      const left = (await kubectlsOf(host.pid)).filter(({ pid }) => mine.has(pid))
      if (left.length === 0) return true
      const states = (await expectOk(host.client.forwards.list())).map(rowWords)
      throw new Error([...left.map(({ command }) => command), ...states].join('; '))
    })
    const seen = await truth.stop()
    expect(seen.violations).toEqual([])
    expect(seen.exchanges).toBeGreaterThan(0)
  })

  it('when the sidecar is killed three times under traffic: nobody notices, and the pods are watched again (1, 5)', async () => {
    const plain = await besidePlainKubectl()
    const truth = watchTruth(host.client)
    const clients = forwards.map((forward) => steady(forward, 100))
    const areWatched = async (): Promise<boolean> =>
      (await expectOk(host.client.forwards.list())).every(({ observed }) => observed.watching)
    for (let kill = 0; kill < 3; kill += 1) {
      const { sidecar } = await expectOk(host.client.app.status())
      if (sidecar.pid === null) throw new Error('there is no sidecar')
      process.kill(sidecar.pid, 'SIGKILL')
      await waitUntil('the next sidecar', 30, async () => {
        const { restarts, state } = (await expectOk(host.client.app.status())).sidecar
        return restarts > sidecar.restarts && state === 'ready'
      })
      await waitUntil('the pods are watched again', 30, areWatched)
    }
    const results = await Promise.all(clients.map((client) => client.stop()))
    const seen = await truth.stop()
    const waits = results.flatMap(({ waitsMs }) => waitsMs)
    console.log(`first byte ${distribution(waits)}; plain kubectl ${distribution(await plain.stop())}`)
    for (const result of results) {
      expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0, cutAnswers: 0 })
      expect(result.answered).toBe(result.attempts)
    }
    expect(seen.violations).toEqual([])
    await allLive(20)
  })

  // Seconds until the row says so, five times what is promised: the end of kubectl tells at once, else the probe finds out.
  it.each<[string, (cluster: TestCluster) => Promise<Fault>, CauseCode[], number]>([
    ['the API server is away', (failing) => stopComponent(failing, 'apiserver'), ['cluster-unreachable'], 5],
    ['the link is down', linkDown, ['cluster-unreachable', 'tunnel-stalled'], 20],
  ])(
    'when %s for half a minute: it is said, who came meanwhile is served, and the other cluster is none the wiser (1, 3, 5, 7, 8)',
    async (_what, fail, causes, seconds) => {
      await allLive(20)
      using rows = await RowWatch.follow(host.client)
      const truth = watchTruth(host.client)
      const clients = forwards.map((forward) => steady(forward, 500))
      const neighbour = keepAsking(localAddress(elsewhere).port, 8080, 50)
      const faultAt = performance.now()
      await using fault = await fail(bed.a)
      const told = await Promise.all(
        forwards.map(({ id }) =>
          rows.until(id, 'anything but live', seconds, ({ state }) => state !== 'live', faultAt),
        ),
      )
      await pause(outageMs - (performance.now() - faultAt))
      for (const { id } of forwards) {
        const later = rows.history(id).filter(({ at }) => at > faultAt)
        expect(later.map(({ state }) => state)).not.toContain('live')
        expect(causes).toContain(later.at(-1)?.code)
      }
      const over = performance.now()
      await fault.undo()
      // The kubelet, cut off too, may take half a minute to say that its pods are well.
      await bed.a.waitForPods(namespace, 'app=web', 2, 120)
      const ready = performance.now()
      // Tried again after 15 s at the latest; five times that.
      const again = await allLive(75)
      console.log(
        `not live any more: ${distribution(told.map(({ at }) => at - faultAt))}; the pods were ready ` +
          `${Math.round(ready - over)} ms after the end began, all forwards live ${Math.round(performance.now() - ready)} ms later`,
      )
      const results = await Promise.all(clients.map((client) => client.stop()))
      const seen = await truth.stop()
      expect(seen.violations).toEqual([])
      expect(seen.exchanges).toBeGreaterThan(0)
      expect(again.map(wishOf)).toEqual(forwards.map(wishOf))
      for (const result of results) {
        expect(result.refused).toBe(0)
        expect(result.attempts).toBeGreaterThan(outageMs / 1000)
        // Those that were on their way through a tunnel at the moment of the fault may be lost; nobody who came later.
        expect(result.attempts - result.answered, JSON.stringify(result)).toBeLessThanOrEqual(20)
      }
      const { answers, count } = await neighbour.stop()
      console.log(`in the other cluster meanwhile: ${distribution(answers.map(({ ms }) => ms))}`)
      expect(count('right')).toBe(answers.length)
      expect(answers.length).toBeGreaterThan(100)
      // As for any new connection: 2 s, and five times that on a busy machine.
      expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(10_000)
      expect(rows.history(elsewhere.id).filter(({ state }) => state !== 'live')).toEqual([])
    },
    300_000,
  )

  it(`when the owner is killed ${ownerKills} times under load: nothing said yes to is lost, same ports, nothing left over (2, 3, 6)`, async () => {
    const kubeconfigs = await Promise.all(
      ['admin', 'token', 'service-account'].map(async (context) => ({
        context,
        text: await readFile(bed.a.users[context] ?? '', 'utf8'),
      })),
    )
    const others = new Set([...forwards, elsewhere].map(({ id }) => id))
    const busy = new BusyOwner({ clusterId: cluster.id, namespace, name: 'busy', kubeconfigs, passphrase })
    let whileLive = 0
    for (let kill = 0; kill < ownerKills; kill += 1) {
      const clients = forwards.map((forward) => steady(forward, 200))
      const work = busy.work(host.client, random.child(`kill ${kill}`))
      // Every second time it has come to live forwards, or to half of them; else it is killed wherever it is.
      if (kill % 2 === 0) await waitForState(host.client, random.one(forwards).id, 'live', 40)
      await pause(random.below(1500))
      const rows = await expectOk(host.client.forwards.list())
      if (rows.some(({ state }) => state === 'live')) whileLive += 1
      const left = await killRunning(host)
      await Promise.all([work, ...clients.map((client) => client.stop())])
      await nothingIsLeft(left)
      // And now and then once more, while the next one starts.
      if (kill % 3 === 0) await nothingIsLeft(await killOwnerAfter(options, random.below(1500)))
      host = await startHost(options)
      expect(await notTakenOver(host)).toEqual([])
      expect(await busy.check(host.client)).toEqual([])
      const now = (await expectOk(host.client.forwards.list())).filter(({ id }) => others.has(id))
      expect(now.map(wishOf)).toEqual([...forwards, elsewhere].map(wishOf))
    }
    console.log(`${whileLive} of ${ownerKills} kills met live forwards; said yes to: ${JSON.stringify(busy.done)}`)
    // Half of them waited for that; a rotation may have come in between.
    expect(whileLive).toBeGreaterThanOrEqual(ownerKills / 4)
    const { rotate, renew, ...changes } = busy.done
    for (const count of [...Object.values(changes), rotate + renew]) expect(count).toBeGreaterThan(0)
    await busy.clear(host.client)
    for (const forward of await allLive(40)) await isServed(forward)
    // Of the run before nothing is there any more; of this one only what it needs.
    await host.close()
    expect(await readdir(join(options.dataDir, 'run'))).toEqual([])
    host = await startHost(options)
    await allLive(40)
  }, 300_000)

  it('when the app ends: nothing is left over (6)', async () => {
    const children = await descendantsOf(host.pid)
    // One for each forward, and the sidecar.
    expect(children.length).toBeGreaterThan(forwards.length)
    await host.close()
    expect(await stillAlive(children)).toEqual([])
    for (const forward of forwards) await expect(isServed(forward)).rejects.toThrow()
    expect(await readdir(join(options.dataDir, 'run'))).toEqual([])
  })
})

/** No process of the owner that was killed, no kubeconfig, and no listener on a port of ours. */
async function nothingIsLeft(processes: Awaited<ReturnType<typeof killRunning>>): Promise<void> {
  expect(await secretsLeftIn(options.dataDir)).toEqual([])
  await waitUntil('its children are gone', 5, async () => (await stillAlive(processes)).length === 0)
  for (const forward of forwards) await expect(isServed(forward)).rejects.toThrow()
}
