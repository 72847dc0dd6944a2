import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Cluster } from '../../contract/clusters.ts'
import { ApiGateway, type GatewayMode } from '../support/api-gateway.ts'
import { startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import { addCluster } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { apiUrl } from '../testbed/cluster-layout.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import { fault, pauseComponent, stopComponent } from '../testbed/faults.ts'
import { proxyBehaviour } from '../testbed/host-faults.ts'
import { kubeconfig, type KubeconfigCluster } from '../testbed/kubeconfig-file.ts'
import { mustRun } from '../testbed/run-command.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'

const { containers } = sharedBed()

// A bed of its own: these faults would be the other specs' failures.
let bed: Testbed
let world: CauseWorld
let folder: string
/** What the host and its children read as /etc/hosts. */
let hosts: string

/** A cluster of Mooring that reaches the bed's API server in another way. */
async function addWay(name: string, way: Partial<KubeconfigCluster>): Promise<Cluster> {
  const authority = await readFile(join(bed.a.layout.folder, 'pki', 'ca.crt'), 'utf8')
  const file = join(folder, `${name}.kubeconfig`)
  const cluster = { server: apiUrl(bed.a.layout), authority, ...way }
  await writeFile(file, stringify(kubeconfig(name, cluster, { token: STATIC_TOKEN })))
  return addCluster(world.client, file, name)
}
const gatewayTo = (mode: GatewayMode): Promise<ApiGateway> =>
  ApiGateway.start(bed.a.layout, bed.description.folder, mode)
const through = (gateway: ApiGateway): Partial<KubeconfigCluster> => ({ server: `https://127.0.0.1:${gateway.port}` })

describe.runIf(containers)('the way to the pods', () => {
  beforeAll(async () => {
    bed = await startTestbed({ images: [] })
    folder = await mkdtemp(join(tmpdir(), 'mooring-ways-'))
    hosts = join(folder, 'hosts')
    await copyFile('/etc/hosts', hosts)
    const ownHosts = ['unshare', '--mount', 'bash', '-c', `mount --bind '${hosts}' /etc/hosts; exec "$@"`, 'bash']
    world = await startCauseWorld(bed, 'causes-cluster', { through: ownHosts })
  })
  afterAll(async () => {
    world.times.print('the way to the pods')
    await world.close()
    await bed.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.concurrent.each<[GatewayMode, CauseCode, RegExp]>([
    ['closed', 'cluster-unreachable', /refused/],
    ['reset', 'cluster-unreachable', /reset|closed/],
    ['foreign-certificate', 'cluster-unreachable', /tls|cert/],
    ['no-upgrade', 'upgrade-refused', /upgrade/i],
  ])('%s before the API server: %s, until the way is open again', async (mode, code, detail) => {
    const { times } = world
    await using gateway = await gatewayTo('open')
    const { id } = await world.live({ clusterId: (await addWay(`way-${mode}`, through(gateway))).id })
    const at = performance.now()
    await gateway.become(mode)
    await times.shown(id, code, at, { detail, what: mode })
    const since = performance.now()
    await gateway.become('open')
    await times.recovered(id, code, since, { what: mode })
  })

  it.concurrent('cluster-unreachable: silence, until somebody answers', async () => {
    const { times } = world
    await using gateway = await gatewayTo('silent')
    const forward = await world.create({ clusterId: (await addWay('way-silent', through(gateway))).id })
    // A look at the cluster gives up sooner; a change of network, as from another bed's links, begins the wait anew.
    const evidenceAt = await waitUntil('somebody gives up after 10 s for a handshake', 40, () => {
      const { ms, until } = gateway.longestWait
      return ms > 9900 ? until : null
    })
    const what = 'silence, after 10 s for a handshake'
    await times.shown(forward.id, 'cluster-unreachable', evidenceAt, { detail: /timeout/, what })
    const since = performance.now()
    await gateway.become('open')
    await times.recovered(forward.id, 'cluster-unreachable', since, { what })
  })

  it.concurrent('cluster-unreachable: a name that nobody knows, until it can be resolved', async () => {
    const { times } = world
    const name = 'late.testbed.invalid'
    const way = { server: apiUrl(bed.a.layout, name), tlsServerName: 'kubernetes.default.svc' }
    const forward = await world.create({ clusterId: (await addWay('way-dns', way)).id })
    await times.shown(forward.id, 'cluster-unreachable', forward.at, { detail: /dns/, what: 'no such name' })
    const since = performance.now()
    await appendFile(hosts, `\n${bed.a.layout.addresses.main} ${name}\n`)
    await times.recovered(forward.id, 'cluster-unreachable', since, { what: 'no such name' })
  })

  it.concurrent('cluster-unreachable: an address that nobody has, until somebody has it', async () => {
    const { times } = world
    const { nobody } = bed.a.layout.addresses
    const way = { server: apiUrl(bed.a.layout, nobody), tlsServerName: 'kubernetes.default.svc' }
    const forward = await world.create({ clusterId: (await addWay('way-nobody', way)).id })
    // So long the system looks for who has it.
    const what = 'no such address, after 3 s'
    await times.shown(forward.id, 'cluster-unreachable', forward.at, { detail: /no-route/, what, unseenMs: 3000 })
    const since = performance.now()
    const address = [`${nobody}/29`, 'dev', bed.a.layout.innerLink]
    await inCluster('ip', 'addr', 'add', ...address)
    await using _added = fault(() => inCluster('ip', 'addr', 'del', ...address).then(() => undefined))
    await times.recovered(forward.id, 'cluster-unreachable', since, { what })
  })

  it.concurrent('cluster-unreachable: a proxy that lets nobody through, until it does', async () => {
    const { client, times } = world
    const other = await addCluster(client, bed.a.users['http-proxy'] ?? '', 'way-proxy')
    await using broken = await proxyBehaviour(bed.description, { mode: 'bad-gateway' })
    const forward = await world.create({ clusterId: other.id })
    await times.shown(forward.id, 'cluster-unreachable', forward.at, { detail: /proxy/, what: 'proxy' })
    const since = performance.now()
    await broken.undo()
    await times.recovered(forward.id, 'cluster-unreachable', since, { what: 'proxy' })
  })

  it('node-unreachable: the kubelet is away, until it is back', async () => {
    const { times } = world
    const { id } = await world.live()
    const at = performance.now()
    await using stopped = await stopComponent(bed.a, 'kubelet')
    await times.shown(id, 'node-unreachable', at)
    const since = performance.now()
    await stopped.undo()
    await times.recovered(id, 'node-unreachable', since, { goneAt: performance.now() })
  })

  it('tunnel-stalled: the API server stands still, until it goes on', async () => {
    const { times } = world
    const { id } = await world.live()
    const at = performance.now()
    await using paused = await pauseComponent(bed.a, 'apiserver')
    const what = 'API server paused, after a probe (1+3 s)'
    const row = await times.shown(id, 'tunnel-stalled', at, { what, unseenMs: 4000 })
    expect(row.state).toBe('recovering')
    const since = performance.now()
    await paused.undo()
    await times.recovered(id, 'tunnel-stalled', since, { what })
  })

  it('api-unavailable: etcd is away, until it is back', async () => {
    const { times } = world
    await using stopped = await stopComponent(bed.a, 'etcd')
    const forward = await world.create()
    // The pods are still told from the API server's memory; kubectl alone waits, and says nothing.
    const what = "etcd away, after kubectl's 20 s"
    await times.shown(forward.id, 'api-unavailable', forward.at, { what, unseenMs: 20_000 })
    const since = performance.now()
    await stopped.undo()
    await times.recovered(forward.id, 'api-unavailable', since, { goneAt: performance.now(), what, seconds: 60 })
  })
})

const inCluster = (...words: string[]): Promise<string> =>
  mustRun('nsenter', ['-t', String(bed.a.layout.initPid), '-n', '--', ...words])
