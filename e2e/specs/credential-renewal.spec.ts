import { createPrivateKey } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import { startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import { Conversation } from '../support/data-plane.ts'
import { expectOk } from '../support/expect-ok.ts'
import { descendantsOf, signalAll } from '../support/leftovers.ts'
import { addCluster } from '../support/main-job.ts'
import { startSteadyClient } from '../support/steady-client.ts'
import { apiUrl } from '../testbed/cluster-layout.ts'
import { issuerBehaviour, loginPlugin, loginRuns } from '../testbed/host-faults.ts'
import { signToken } from '../testbed/issuer.ts'
import { kubeconfig, type KubeconfigUser } from '../testbed/kubeconfig-file.ts'
import { loginPluginPath, writeLoginPlugin } from '../testbed/login-plugin.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'
import { deployment, workloadContainer } from '../testbed/workloads.ts'

const { containers } = sharedBed()
/** The API server takes a token for so long after its end, ms: it keeps what it found out. */
const cachedMs = 10_000

// A bed of its own: how its issuer behaves is the same for all that use it.
let bed: Testbed
let world: CauseWorld
let folder: string

/** The command of one spec: how it behaves and how often it ran is that spec's alone. */
type Login = { folder: string; user: KubeconfigUser }
async function ownLogin(name: string): Promise<Login> {
  const own = join(folder, name)
  await writeLoginPlugin(bed.description.folder, own)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: loginPluginPath(own),
    args: ['get-token'],
    interactiveMode: 'Never',
  }
  return { folder: own, user: { exec } }
}

const refreshes = async (): Promise<number> => {
  const log = await readFile(join(bed.description.folder, 'issuer', 'refreshes.log'), 'utf8').catch(() => '')
  return log.split('\n').filter(Boolean).length
}
/** A token of the bed's issuer that lives so long. */
async function tokenFor(lifetimeSeconds: number): Promise<string> {
  const issuer = join(bed.description.folder, 'issuer')
  const key = createPrivateKey(await readFile(join(issuer, 'signing.key')))
  const claims = { email: 'file@example.test', groups: ['testers'], lifetimeSeconds }
  return signToken(key, await readFile(join(issuer, 'url'), 'utf8'), claims)
}
/** A cluster of Mooring for a user of this spec's own. */
async function addUser(name: string, user: KubeconfigUser): Promise<Cluster> {
  const authority = await readFile(join(bed.a.layout.folder, 'pki', 'ca.crt'), 'utf8')
  const file = join(folder, `${name}.kubeconfig`)
  await writeFile(file, stringify(kubeconfig(name, { server: apiUrl(bed.a.layout), authority }, user)))
  return addCluster(world.client, file, name)
}
const echo = (cluster: Cluster): Parameters<CauseWorld['live']>[0] => ({
  clusterId: cluster.id,
  target: { kind: 'deployment', name: 'echo' },
  ports: [{ remote: 7000 }],
})
/** Every kubectl of it ends; what opens the next one is what is known of the credentials by then. Answers when that was. */
async function killKubectls({ id }: Forward): Promise<number> {
  const lines = await expectOk(world.client.forwards.output({ id, limit: 500 }))
  const pids = new Set(lines.flatMap(({ pid }) => pid ?? []))
  const running = (await descendantsOf(world.host.pid)).filter(({ pid }) => pids.has(pid))
  expect(running.length).toBeGreaterThan(0)
  const at = performance.now()
  signalAll(running, 'SIGKILL')
  return at
}
const lostBy = async ({ id }: Forward): Promise<number> => {
  const { entries } = await expectOk(world.client.forwards.history({ id, limit: 500 }))
  return entries.reduce((sum, { connectionsLost }) => sum + connectionsLost, 0)
}

// Side by side: they wait for tokens to end most of the time.
describe.runIf(containers)('credentials that end under a live forward', { concurrent: true }, () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    folder = await mkdtemp(join(tmpdir(), 'mooring-renewal-'))
    world = await startCauseWorld(bed, 'renewal')
    const { namespace } = world
    await bed.a.apply(deployment({ namespace, name: 'echo', container: workloadContainer() }))
    await bed.a.waitForPods(namespace, 'app=echo', 1)
  })
  afterAll(async () => {
    world.times.print('credentials that end')
    await world.close()
    await bed.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('a command whose tokens live 20 s is run again before each end, and no client notices', async () => {
    const { rows } = world
    const login = await ownLogin('short-lived')
    await loginPlugin(login, { lifetimeSeconds: 20 })
    const cluster = await addUser('short-lived', login.user)
    const forward = await world.live(echo(cluster))
    const web = await world.live({ clusterId: cluster.id })
    const runsBefore = await loginRuns(login)
    const began = performance.now()
    const open = await Conversation.with(forward.ports[0]?.local ?? 0)
    const steady = startSteadyClient({ host: '127.0.0.1', port: web.ports[0]?.local ?? 0, path: '/', everyMs: 250 })
    // Three lives and the API server's memory of the last one: what works then works with a renewed token.
    const lives = 3
    while (performance.now() - began < lives * 20_000 + cachedMs) {
      open.say('ping\n')
      await open.hears('ping\n')
      await pass(200)
    }
    const met = await steady.stop()
    open.end()
    const runs = (await loginRuns(login)) - runsBefore
    // At least once in each life, and no storm: two forwards and a watch share each run.
    expect(runs).toBeGreaterThanOrEqual(lives)
    expect(runs).toBeLessThanOrEqual(3 * lives)
    expect(met.attempts).toBeGreaterThan(100)
    expect(met.attempts - met.answered).toBe(0)
    for (const one of [forward, web]) {
      expect(await lostBy(one)).toBe(0)
      // A machine that stands still for seconds may cost a probe; it is no fault of the credentials.
      const down = rows.history(one.id).filter(({ at, state }) => at >= began && state !== 'live')
      expect(down.filter(({ code }) => code !== 'tunnel-stalled')).toEqual([])
    }
  })

  it('a renewal that fails leaves open connections, and is named with the words of the command once it matters', async () => {
    const { client, times } = world
    const login = await ownLogin('ends')
    await loginPlugin(login, { lifetimeSeconds: 20 })
    const cluster = await addUser('ends', login.user)
    const forward = await world.live(echo(cluster))
    const open = await Conversation.with(forward.ports[0]?.local ?? 0)
    const failing = await loginPlugin(login, { mode: 'fail' })
    const runs = await loginRuns(login)
    await pass(20_000 + cachedMs)
    expect(await loginRuns(login), 'nobody asked for its renewal').toBeGreaterThan(runs)
    open.say('still\n')
    await open.hears('still\n')
    open.end()
    const at = await killKubectls(forward)
    const held = await times.shown(forward.id, 'credentials-command-failed', at, { detail: /your session has ended/ })
    expect(held.state).toBe('holding')
    await failing.undo()
    const since = performance.now()
    await expectOk(client.forwards.restart({ id: forward.id }))
    await times.recovered(forward.id, 'credentials-command-failed', since)
  })

  it('forwards of one user that wait for a slow command wait for one run of it', async () => {
    const { rows } = world
    const login = await ownLogin('slow')
    await loginPlugin(login, { delayMs: 2000 })
    const cluster = await addUser('slow', login.user)
    const forwards = await Promise.all(Array.from({ length: 6 }, () => world.create(echo(cluster))))
    for (const { id } of forwards) await rows.until(id, 'live', 40, ({ state }) => state === 'live')
    // The look at the new cluster was one of those that waited.
    expect(await loginRuns(login)).toBe(1)
  })

  it('a sign-in is renewed before each end, and its refusal is named', async () => {
    const { client, times } = world
    const short = await issuerBehaviour(bed.description, { lifetimeSeconds: 20 })
    const cluster = await addCluster(client, bed.a.users['oidc-refresh'] ?? '', 'oidc')
    const forward = await world.live(echo(cluster))
    const before = await refreshes()
    const open = await Conversation.with(forward.ports[0]?.local ?? 0)
    await pass(2 * 20_000)
    const renewed = (await refreshes()) - before
    expect(renewed).toBeGreaterThanOrEqual(2)
    expect(renewed).toBeLessThanOrEqual(6)
    open.say('still\n')
    await open.hears('still\n')
    open.end()
    const refusing = await issuerBehaviour(bed.description, { refreshes: 'refused' })
    await pass(20_000)
    const at = await killKubectls(forward)
    const held = await times.shown(forward.id, 'credentials-expired', at, { what: 'refresh refused' })
    expect(held.state).toBe('holding')
    expect(held.detail).toBe('refresh-token')
    expect(held.next).toMatch(/sign in|new kubeconfig/i)
    await refusing.undo()
    await short.undo()
    const since = performance.now()
    await expectOk(client.forwards.restart({ id: forward.id }))
    await times.recovered(forward.id, 'credentials-expired', since, { what: 'refresh refused' })
  })

  it('a token file that a login writes anew is read again while the forward is live', async () => {
    const { rows, times } = world
    const file = join(folder, 'token')
    const began = performance.now()
    await writeFile(file, await tokenFor(20))
    const cluster = await addUser('token-file', { tokenFile: file })
    const forward = await world.live(echo(cluster))
    await writeFile(file, await tokenFor(3600))
    // The first one is worth nothing any more, whatever the API server remembers.
    await pass(Math.max(0, 20_000 + cachedMs - (performance.now() - began)))
    expect(rows.history(forward.id).at(-1)?.state).toBe('live')
    const at = await killKubectls(forward)
    await rows.until(forward.id, 'lost', 10, ({ state, at: seen }) => state !== 'live' && seen >= at, at)
    await times.recovered(forward.id, 'tunnel-lost', at)
    const said = rows.history(forward.id).filter((row) => row.at >= at)
    expect(said.filter(({ code }) => code?.startsWith('credentials-') === true)).toEqual([])
  })
})
