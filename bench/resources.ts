import { setTimeout as pause } from 'node:timers/promises'
import { expectOk } from '../e2e/support/expect-ok.ts'
import type { RunningHost } from '../e2e/support/host.ts'
import { inspectable, openInspector } from '../e2e/support/inspector.ts'
import { descendantsOf } from '../e2e/support/leftovers.ts'
import { addCluster, waitForState } from '../e2e/support/main-job.ts'
import { privateMemory, processorSeconds } from '../e2e/support/process-cost.ts'
import { startKubectlForward } from '../e2e/testbed/kubectl-forward.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { median } from '../e2e/support/statistics.ts'
import { type Row } from './figures.ts'
import { countRequests } from './request-count.ts'
import type { BenchWorld } from './world.ts'

const kibibyte = 1024

/** Adds `count` forwards to one deployment and waits until all are live. */
async function addForwards(host: RunningHost, clusterId: string, namespace: string, count: number): Promise<void> {
  const target = { kind: 'service' as const, name: 'web' }
  const made = await Promise.all(
    Array.from({ length: count }, () =>
      expectOk(host.client.forwards.create({ clusterId, namespace, target, ports: [{ remote: 8080 }] })),
    ),
  )
  await Promise.all(made.map(({ id }) => waitForState(host.client, id, 'live', 120)))
}

async function withTarget<T>({ bed }: BenchWorld, run: (namespace: string) => Promise<T>): Promise<T> {
  const namespace = await bed.a.createNamespace('bench')
  const web = { namespace, name: 'web', replicas: 2 }
  await bed.a.apply(deployment(web), service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  const result = await run(namespace)
  await bed.a.deleteNamespace(namespace)
  return result
}

/** What a forward costs the owner, beside its kubectl: garbage collected, with none and with 100. */
export function benchMemory(world: BenchWorld, count = 100): Promise<Row[]> {
  return withTarget(world, async (namespace) => {
    await using host = await world.startHost({ environment: inspectable })
    await using inspector = await openInspector(host)
    const cluster = await addCluster(host.client, world.bed.a.kubeconfig, 'bench')
    // The first one brings what all share: the watch, the words, compiled code.
    await addForwards(host, cluster.id, namespace, 1)
    const before = { ...(await inspector.memory()), private: await privateMemory(host.pid) }
    await addForwards(host, cluster.id, namespace, count)
    // Two rounds of probes, so that what a probe leaves behind counts.
    await pause(12_000)
    const after = { ...(await inspector.memory()), private: await privateMemory(host.pid) }
    const perForward = (bytes: number): number => bytes / count / kibibyte
    const live = perForward(after.heapUsed + after.external - before.heapUsed - before.external)
    const resident = perForward(after.private - before.private)
    const kubectls = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
    const kubectl = median(await Promise.all(kubectls.map(({ pid }) => privateMemory(pid)))) / kibibyte
    const row = { against: "kubectl's own private memory", unit: 'KiB' as const, theirs: [kubectl] }
    return [
      {
        ...row,
        what: `owner's memory per forward, ${count} forwards: in use after collection`,
        ours: [live],
        figure: `${live.toFixed(0)} KiB`,
        goal: 'under 100 KiB',
        met: live < 100,
      },
      {
        ...row,
        what: `owner's memory per forward, ${count} forwards: private pages, free heap included`,
        ours: [resident],
        figure: `${resident.toFixed(0)} KiB`,
        goal: '-',
        met: null,
      },
    ]
  })
}

/** What 20 forwards that nobody uses cost, beside 20 kubectl that nobody uses, over the same minutes. */
export function benchIdle(world: BenchWorld, { count = 20, seconds = 60 } = {}): Promise<Row[]> {
  return withTarget(world, async (namespace) => {
    const { bed } = world
    await using stack = new AsyncDisposableStack()
    await using host = await world.startHost()
    // A user of its own each, whom the API server can count.
    const users = bed.description.a.users
    const cluster = await addCluster(host.client, users['token'] ?? '', 'bench')
    const counted = await countRequests(bed.a)
    await addForwards(host, cluster.id, namespace, count)
    const plain: number[] = []
    for (let index = 0; index < count; index += 1) {
      const forward = { namespace, target: 'svc/web', ports: [8080], user: 'service-account' }
      plain.push(stack.use(await startKubectlForward(bed.a, bed.kubectl, forward)).pid)
    }
    const { sidecar } = await expectOk(host.client.app.status())
    const owners = [host.pid, ...(sidecar.pid === null ? [] : [sidecar.pid])]
    const kubectls = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
    if (kubectls.length < count) throw new Error(`${kubectls.length} of ${count} forwards have a kubectl`)
    const groups = { owner: owners, children: kubectls.map(({ pid }) => pid), plain }
    const cost = async (pids: readonly number[]): Promise<number> =>
      (await Promise.all(pids.map(processorSeconds))).reduce((sum, one) => sum + one, 0)
    const look = async () => ({
      owner: await cost(groups.owner),
      children: await cost(groups.children),
      plain: await cost(groups.plain),
      requests: await counted.read(),
      at: performance.now(),
    })
    const first = await look()
    await pause(seconds * 1000)
    const last = await look()
    const percent = (name: 'owner' | 'children' | 'plain'): number =>
      ((last[name] - first[name]) / ((last.at - first.at) / 1000)) * 100
    const perMinute = (user: 'static-user' | 'robot'): number =>
      ((last.requests[user] - first.requests[user]) / (last.at - first.at)) * 60_000
    await counted.close()
    const words = `${count} idle kubectl`
    return [
      {
        what: `processor of owner and sidecar, ${count} idle forwards`,
        against: words,
        unit: '%',
        ours: [percent('owner')],
        theirs: [percent('plain')],
        figure: `${percent('owner').toFixed(2)} % of a core`,
        goal: 'under 1 %',
        met: percent('owner') < 1,
      },
      {
        what: 'processor of our kubectl children (they are probed)',
        against: words,
        unit: '%',
        ours: [percent('children')],
        theirs: [percent('plain')],
        figure: `${percent('children').toFixed(2)} % of a core`,
        goal: '-',
        met: null,
      },
      {
        what: `requests to the API server, ${count} idle forwards`,
        against: words,
        unit: 'per minute',
        ours: [perMinute('static-user')],
        theirs: [perMinute('robot')],
        figure: `${perMinute('static-user').toFixed(1)} per minute`,
        goal: 'stated',
        met: null,
      },
    ]
  })
}
