import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { descendantsOf, stillAlive, type ProcessRef } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, waitForState, withKubectl } from '../support/main-job.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { startSteadyClient, type SteadyResult } from '../support/steady-client.ts'
import { watchTruth } from '../support/truth-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { linkDown, stopComponent, type Fault } from '../testbed/faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type TestCluster, type Testbed } from '../testbed/testbed.ts'
import { deployment, service } from '../testbed/workloads.ts'

const { containers } = sharedBed()
const passphrase = 'a passphrase for this spec'
const random = seededRandom()
/** How long a cluster stays away, ms. */
const outageMs = 30_000

// A bed of its own: these faults would be the other specs' failures.
let bed: Testbed
let options: HostOptions & { dataDir: string }
let host: RunningHost
/** By service, by deployment and by selector. */
let forwards: Forward[]

const allLive = (seconds: number): Promise<Forward[]> =>
  Promise.all(forwards.map(({ id }) => waitForState(host.client, id, 'live', seconds)))

const kubectls = async (): Promise<ProcessRef[]> =>
  (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))

const steady = (forward: Forward, everyMs: number): { stop(): Promise<SteadyResult> } =>
  startSteadyClient({ ...localAddress(forward), path: '/', everyMs })

describe.runIf(containers)('forwards keep their word', () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    const namespace = await bed.a.createNamespace('invariants')
    const web = { name: 'web', replicas: 2 }
    await bed.a.apply(deployment({ ...web, namespace }), service({ ...web, namespace }))
    await bed.a.waitForPods(namespace, 'app=web', 2)
    const dataDir = await mkdtemp(join(tmpdir(), 'mooring-invariants-'))
    options = { dataDir, vault: 'passphrase', passphrase, environment: withKubectl(bed) }
    host = await startHost(options)
    const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    // Long enough for the longest outage below: whoever connects meanwhile is served afterwards.
    const shared = { ports: [{ remote: 8080 }], parkSeconds: 120 }
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
  })
  afterAll(async () => {
    await host.close()
    await bed.close()
    await rm(options.dataDir, { recursive: true, force: true })
  })

  it('when kubectl is killed twenty times: nobody is refused, and all is live again on the same ports', async () => {
    const truth = watchTruth(host.client)
    const clients = forwards.map((forward) => steady(forward, 50))
    for (let kill = 0; kill < 20; kill += 1) {
      await pause(200 + random.below(500))
      const victim = random.one(await waitUntil('a kubectl to kill', 20, async () => await kubectls()))
      process.kill(victim.pid, 'SIGKILL')
    }
    const again = await allLive(40)
    const results = await Promise.all(clients.map((client) => client.stop()))
    expect((await truth.stop()).violations).toEqual([])
    expect(again.map(({ ports }) => ports)).toEqual(forwards.map(({ ports }) => ports))
    for (const result of results) {
      expect(result.refused).toBe(0)
      expect(result.answered).toBeGreaterThan(0)
    }
  })

  it('when the sidecar is killed three times under traffic: nobody notices, and the pods are watched again', async () => {
    const truth = watchTruth(host.client)
    const clients = forwards.map((forward) => steady(forward, 50))
    const isWatching = (wanted: boolean) => async (): Promise<boolean> =>
      (await expectOk(host.client.forwards.list())).every(({ observed }) => observed.watching === wanted)
    for (let kill = 0; kill < 3; kill += 1) {
      const { sidecar } = await expectOk(host.client.app.status())
      if (sidecar.pid === null) throw new Error('there is no sidecar')
      process.kill(sidecar.pid, 'SIGKILL')
      await waitUntil('nobody watches', 10, isWatching(false))
      await waitUntil('the pods are watched again', 30, isWatching(true))
    }
    const results = await Promise.all(clients.map((client) => client.stop()))
    for (const result of results) {
      expect(result).toMatchObject({ refused: 0, resetBeforeFirstByte: 0, emptyAnswers: 0 })
      expect(result.answered).toBe(result.attempts)
    }
    expect((await truth.stop()).violations).toEqual([])
    await allLive(20)
  })

  it.each<[string, (cluster: TestCluster) => Promise<Fault>, CauseCode[]]>([
    ['the API server is away', (cluster) => stopComponent(cluster, 'apiserver'), ['cluster-unreachable']],
    ['the link is down', linkDown, ['cluster-unreachable', 'tunnel-stalled']],
  ])('when %s for half a minute: whoever came meanwhile is served', async (_what, fail, causes) => {
    await allLive(20)
    const truth = watchTruth(host.client)
    const clients = forwards.map((forward) => steady(forward, 500))
    await using fault = await fail(bed.a)
    await pause(outageMs)
    for (const { state, cause } of await expectOk(host.client.forwards.list())) {
      expect(state).not.toBe('live')
      expect(causes).toContain(cause?.code)
    }
    await fault.undo()
    const again = await allLive(30)
    const results = await Promise.all(clients.map((client) => client.stop()))
    expect((await truth.stop()).violations).toEqual([])
    expect(again.map(({ ports }) => ports)).toEqual(forwards.map(({ ports }) => ports))
    for (const result of results) {
      expect(result.refused).toBe(0)
      expect(result.attempts).toBeGreaterThan(outageMs / 1000)
      // Those that were on their way through a tunnel at the moment of the fault may be lost; nobody who came later.
      expect(result.attempts - result.answered, JSON.stringify(result)).toBeLessThanOrEqual(20)
    }
  })

  it('when the owner is killed ten times at random moments: same forwards, same ports, nothing left over', async () => {
    await host.kill()
    for (let kill = 0; kill < 10; kill += 1) {
      const left = await killAt(random.below(4000))
      await waitUntil('its children are gone', 5, async () => (await stillAlive(left)).length === 0)
      for (const forward of forwards) await expect(fetch(urlOf(forward))).rejects.toThrow()
    }
    host = await startHost(options)
    expect(await readdir(join(options.dataDir, 'run'))).toEqual([])
    const again = await allLive(40)
    const facts = ({ id, name, target, ports, desired }: Forward) => ({ id, name, target, ports, desired })
    expect(again.map(facts)).toEqual(forwards.map(facts))
    for (const forward of again) expect((await fetch(urlOf(forward))).status).toBe(200)
  })

  it('when the app ends: nothing is left over', async () => {
    const children = await descendantsOf(host.pid)
    // One for each forward, and the sidecar.
    expect(children.length).toBeGreaterThan(forwards.length)
    await host.close()
    expect(await stillAlive(children)).toEqual([])
    for (const forward of forwards) await expect(fetch(urlOf(forward))).rejects.toThrow()
    expect(await readdir(join(options.dataDir, 'run'))).toEqual([])
  })
})

function urlOf(forward: Forward): string {
  const { host: address, port } = localAddress(forward)
  return `http://${address}:${port}/`
}

/** Starts an owner and kills it after so many ms, wherever it is by then; answers the processes it had. */
async function killAt(afterMs: number): Promise<ProcessRef[]> {
  const words = [join(import.meta.dirname, '..', '..', 'dist', 'serve.mjs'), '--data-dir', options.dataDir]
  const owner = spawn(process.execPath, [...words, '--port', '0', '--vault', 'passphrase'], {
    env: { ...process.env, ...options.environment, MOORING_PASSPHRASE: passphrase },
    stdio: 'ignore',
  })
  const ended = once(owner, 'exit')
  await pause(afterMs)
  const pid = owner.pid ?? 0
  // It stands still while its children are listed, so that none is missed; killed it is all the same.
  process.kill(pid, 'SIGSTOP')
  const children = await descendantsOf(pid)
  process.kill(pid, 'SIGKILL')
  await ended
  return children
}
