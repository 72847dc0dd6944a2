import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Cluster } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import { makeLanes } from '../chaos/targets.ts'
import { keepAsking } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { descendantsOf, signalAll } from '../support/leftovers.ts'
import {
  addCluster,
  liveForward,
  localAddress,
  sharedTestbed,
  sidecarReady,
  waitForState,
  withKubectl,
} from '../support/main-job.ts'
import { watchTruth } from '../support/truth-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, httpContainer, service } from '../testbed/workloads.ts'

let bed: Testbed
let host: RunningHost
let namespace: string
let folder: string

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  folder = await mkdtemp(join(tmpdir(), 'mooring-unwatched-'))
  namespace = await bed.a.createNamespace('unwatched')
  await bed.a.apply(
    deployment({ namespace, name: 'web', container: httpContainer(), graceSeconds: 1 }),
    service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    ...listerWithoutWatch(),
  )
  await bed.a.waitForPods(namespace, 'app=web', 1)
  host = await startHost({ environment: withKubectl(bed) })
  await sidecarReady(host.client)
})
afterAll(async () => {
  if (bed.containers) {
    await host.close()
    await bed.a.deleteNamespace(namespace)
    await rm(folder, { recursive: true, force: true })
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

const web = (cluster: Cluster): Parameters<typeof liveForward>[1] => ({
  clusterId: cluster.id,
  namespace,
  target: { kind: 'service', name: 'web' },
  ports: [{ remote: 80 }],
})

async function podBehind(forward: Forward): Promise<string> {
  const { host: address, port } = localAddress(forward)
  const answer = await fetch(`http://${address}:${port}/`, { headers: { connection: 'close' } })
  return ((await answer.json()) as { pod: string }).pod
}

/** A service account that may list, and may port-forward, and may not watch. */
function listerWithoutWatch(): string[] {
  const metadata = { name: 'lister', namespace }
  const apiGroup = 'rbac.authorization.k8s.io'
  const verbs = ['get', 'list']
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['pods', 'services'], verbs },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
        { apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] },
      ],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: 'lister' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ].map((manifest) => JSON.stringify(manifest))
}

async function kubeconfigOfLister(): Promise<string> {
  const token = await bed.a.kubectl(['create', 'token', 'lister', '-n', namespace, '--duration=1h'])
  expect(token.code).toBe(0)
  const config = parse(await readFile(bed.a.kubeconfig, 'utf8')) as { users: { user: unknown }[] }
  for (const entry of config.users) entry.user = { token: token.stdout.trim() }
  const file = join(folder, 'lister.kubeconfig')
  await writeFile(file, stringify(config), { mode: 0o600 })
  return file
}

async function replacePod(): Promise<string> {
  const [before] = await bed.a.pods(namespace, 'app=web')
  expect((await bed.a.kubectl(['delete', 'pod', before?.name ?? '', '-n', namespace, '--wait=false'])).code).toBe(0)
  return before?.name ?? ''
}

describe('where listing is allowed and watching is not', () => {
  it('the pods are listed again and again, and a forward follows them (1, 4)', async () => {
    const cluster = await addCluster(host.client, await kubeconfigOfLister(), 'lister')
    const forward = await liveForward(host.client, web(cluster))
    expect(forward.observed).toMatchObject({ watching: true, resolvedBy: 'endpoint-slices' })
    const truth = watchTruth(host.client)
    const gone = await replacePod()
    const startedAt = performance.now()
    const moved = await waitUntil('another pod in use', 60, async () => {
      const now = await expectOk(host.client.forwards.get({ id: forward.id }))
      if (now.state !== 'live' || now.observed.pod === gone) throw new Error(`${now.state} ${String(now.observed.pod)}`)
      return now
    })
    // The next list is at most 5 s away.
    expect(performance.now() - startedAt).toBeLessThan(5 * 7_000)
    expect(await podBehind(moved)).toBe(moved.observed.pod)
    expect((await truth.stop()).violations).toEqual([])
    await expectOk(host.client.forwards.remove({ id: forward.id }))
  })
})

describe('while the sidecar is down for good', () => {
  let cluster: Cluster
  let before: Forward
  beforeAll(async () => {
    if (!bed.containers) return
    cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
    before = await liveForward(host.client, web(cluster))
    await waitUntil('the sidecar to be given up', 60, async () => {
      const { sidecar } = await expectOk(host.client.app.status({}))
      if (sidecar.state === 'failed') return true
      if (sidecar.state === 'ready' && sidecar.pid !== null) process.kill(sidecar.pid, 'SIGKILL')
      throw new Error(sidecar.state)
    })
  })

  it('what is live stays live, and says that nobody watches (1)', async () => {
    const now = await waitUntil('the row to say so', 15, async () => {
      const row = await expectOk(host.client.forwards.get({ id: before.id }))
      if (row.observed.watching || row.state !== 'live')
        throw new Error(`${row.state} ${String(row.observed.watching)}`)
      return row
    })
    expect(now.cause).toBeNull()
    expect(await podBehind(now)).toMatch(/^web-/)
  })

  it('a new one lets kubectl find the pod, and comes back when its kubectl is killed or its pod is replaced (1, 8)', async () => {
    const truth = watchTruth(host.client)
    const forward = await liveForward(host.client, web(cluster))
    expect(forward.observed).toMatchObject({ watching: false, resolvedBy: 'kubectl' })
    expect(await podBehind(forward)).toMatch(/^web-/)
    const kubectls = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward svc/web'))
    signalAll(kubectls, 'SIGKILL')
    await waitUntil('it to be live again', 30, async () => {
      const { state, observed } = await expectOk(host.client.forwards.get({ id: forward.id }))
      if (state !== 'live' || observed.reconnects < 1) throw new Error(`${state} ${observed.reconnects}`)
      return true
    })
    const gone = await replacePod()
    await waitUntil('the next pod to serve through it', 60, async () => {
      const pod = await podBehind(forward)
      if (pod === gone) throw new Error(pod)
      return true
    })
    expect((await truth.stop()).violations).toEqual([])
  })

  it('nobody waits for ever who came to a pod in its last moment', async () => {
    // The runtime takes such a connection, one of six or so, and says nothing more of it, and kubectl does not notice that its
    // pod is gone. Another client at the same kubectl would be refused, and end it: so there is one for each.
    const lanes = await makeLanes(host.client, bed.a, { clusterId: cluster.id, namespace, count: 10 })
    const selector = 'app in (web-0,web-1)'
    const askers = lanes.map(({ port, remote }) => keepAsking(port, remote, 300))
    for (let times = 1; times <= 3; times += 1) {
      await Promise.all(lanes.map(({ forward }) => waitForState(host.client, forward.id, 'live', 60)))
      const pods = await bed.a.pods(namespace, selector)
      for (const { name } of pods) await deletePod(bed.a, namespace, name)
      await waitUntil('other pods', 60, async () => {
        const now = await bed.a.pods(namespace, selector)
        return now.some(({ ready }) => ready) && now.every(({ uid }) => !pods.some((pod) => pod.uid === uid))
      })
    }
    const asked = await Promise.all(askers.map((asker) => asker.stop()))
    const slow = asked.flatMap(({ answers }) => answers).filter(({ ms }) => ms > 8_000)
    console.log(
      `${slow.length} came in its last moment, cut off after ${slow.map(({ ms }) => (ms / 1000).toFixed(1)).join(', ')} s`,
    )
    const count = (outcome: 'right' | 'wrong' | 'silent'): number =>
      asked.reduce((sum, one) => sum + one.count(outcome), 0)
    expect({ wrong: count('wrong'), silent: count('silent') }).toEqual({ wrong: 0, silent: 0 })
    expect(count('right')).toBeGreaterThan(0)
    for (const { forward } of lanes) await expectOk(host.client.forwards.remove({ id: forward.id }))
  })

  it('all are watched again when it is started again', async () => {
    await expectOk(host.client.sidecar.restart({}))
    for (const { id } of await expectOk(host.client.forwards.list())) {
      await waitUntil('it to be watched', 30, async () => {
        const { observed, state } = await expectOk(host.client.forwards.get({ id }))
        if (!observed.watching || observed.resolvedBy !== 'endpoint-slices') throw new Error(state)
        return true
      })
      await waitForState(host.client, id, 'live')
      await expectOk(host.client.forwards.remove({ id }))
    }
  })
})
