import { setTimeout as pause } from 'node:timers/promises'
import { expectOk } from '../e2e/support/expect-ok.ts'
import type { RunningHost } from '../e2e/support/host.ts'
import { inspectable, openInspector, type Inspector } from '../e2e/support/inspector.ts'
import { descendantsOf } from '../e2e/support/leftovers.ts'
import { addCluster, waitForState } from '../e2e/support/main-job.ts'
import { privateMemory, processorSeconds } from './process-cost.ts'
import { startKubectlForward } from '../e2e/testbed/kubectl-forward.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { median } from '../e2e/support/statistics.ts'
import { partRow, ratioOf, upper, type Row } from './figures.ts'
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

/** The owner's memory after garbage collection, bytes. */
async function memoryOf(host: RunningHost, inspector: Inspector) {
  const { heapTotal, heapUsed, external } = await inspector.memory()
  const pages = await privateMemory(host.pid)
  return { pages, used: heapUsed + external, free: heapTotal - heapUsed, outside: pages - heapTotal - external }
}

/** What a forward costs the owner, beside its kubectl: garbage collected, with 1 and with 101. */
export function benchMemory(world: BenchWorld, { count = 100, early = 20 } = {}): Promise<Row[]> {
  return withTarget(world, async (namespace) => {
    const lateGrowth: number[] = []
    const growth: Awaited<ReturnType<typeof memoryOf>>[] = []
    const kubectl: number[] = []
    for (let round = 0; round < Math.min(world.rounds, 3); round += 1) {
      await using host = await world.startHost({ environment: inspectable })
      await using inspector = await openInspector(host)
      const cluster = await addCluster(host.client, world.bed.a.kubeconfig, 'bench')
      // The first one brings what all share: the watch, the words, compiled code.
      await addForwards(host, cluster.id, namespace, 1)
      const before = await memoryOf(host, inspector)
      // Two rounds of probes each, so that what a probe leaves behind counts.
      await addForwards(host, cluster.id, namespace, early)
      await pause(12_000)
      const between = await memoryOf(host, inspector)
      await addForwards(host, cluster.id, namespace, count - early)
      await pause(12_000)
      const after = await memoryOf(host, inspector)
      lateGrowth.push((after.pages - between.pages) / (count - early) / kibibyte)
      const perForward = (part: keyof typeof after): number => (after[part] - before[part]) / count / kibibyte
      growth.push({
        pages: perForward('pages'),
        used: perForward('used'),
        free: perForward('free'),
        outside: perForward('outside'),
      })
      const kubectls = (await descendantsOf(host.pid)).filter(({ command }) => command.includes('port-forward'))
      kubectl.push(median(await Promise.all(kubectls.map(({ pid }) => privateMemory(pid)))) / kibibyte)
    }
    const pages = growth.map((one) => one.pages)
    const part = (what: string, of: 'used' | 'free' | 'outside'): Row =>
      partRow({ what: `of which ${what}`, unit: 'KiB', ours: growth.map((one) => one[of]) })
    return [
      {
        what: `owner's memory per forward, ${count} forwards: private pages`,
        against: "kubectl's own private pages",
        unit: 'KiB',
        ours: pages,
        theirs: kubectl,
        figure: `${median(pages).toFixed(0)} KiB`,
        goal: 'under 100 KiB',
        met: median(pages) < 100,
      },
      part('in use after garbage collection', 'used'),
      part('JavaScript heap that is free and kept', 'free'),
      part('outside the JavaScript heap: code, sockets, SQLite, the allocator', 'outside'),
      partRow({ what: `private pages of each of the last ${count - early} alone`, unit: 'KiB', ours: lateGrowth }),
    ]
  })
}

/** So many minutes at first are told apart: what runs over and over is still being compiled. */
const warmUps = 2

/** What 20 forwards that nobody uses cost, beside 20 kubectl that nobody uses, over the same minutes. */
export function benchIdle(world: BenchWorld, count = 20): Promise<Row[]> {
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
    const minutes = async (many: number) => {
      const spent: { owner: number; children: number; plain: number; ours: number; theirs: number }[] = []
      let before = await look()
      for (let round = 0; round < many; round += 1) {
        await pause(world.idleSeconds * 1000)
        const now = await look()
        const seconds = (now.at - before.at) / 1000
        const percent = (of: 'owner' | 'children' | 'plain'): number => ((now[of] - before[of]) / seconds) * 100
        const perMinute = (user: 'static-user' | 'robot'): number =>
          ((now.requests[user] - before.requests[user]) / seconds) * 60
        spent.push({
          owner: percent('owner'),
          children: percent('children'),
          plain: percent('plain'),
          ours: perMinute('static-user'),
          theirs: perMinute('robot'),
        })
        before = now
      }
      return spent
    }
    const atFirst = await minutes(warmUps)
    const spent = await minutes(Math.min(world.rounds, 5))
    await counted.close()
    const owner = spent.map((one) => one.owner)
    const bare = spent.map(({ plain }) => plain)
    const all = spent.map((one) => one.owner + one.children)
    const requests = spent.map(({ ours }) => ours)
    const { name, value } = upper(owner)
    const row = {
      against: `${count} idle kubectl`,
      taken: `${owner.length} x ${world.idleSeconds} s`,
      goal: '-',
      met: null,
    }
    return [
      {
        ...row,
        what: `processor of owner and sidecar, ${count} idle forwards`,
        unit: '%',
        ours: owner,
        theirs: bare,
        figure: `${name} ${value.toFixed(2)} % of a core`,
        goal: `${name} under 1 %`,
        met: value < 1,
      },
      partRow({
        what: 'the minutes before these, while its code was being compiled',
        unit: '%',
        ours: atFirst.map((one) => one.owner),
        taken: `${warmUps} x ${world.idleSeconds} s`,
      }),
      {
        ...row,
        what: 'the same and our kubectl children (they are probed): ours in all',
        unit: '%',
        ours: all,
        theirs: bare,
        figure: `${ratioOf(all, bare).toFixed(1)}x`,
      },
      {
        ...row,
        what: `requests to the API server, ${count} idle forwards`,
        unit: 'per minute',
        ours: requests,
        theirs: spent.map(({ theirs }) => theirs),
        figure: `${median(requests).toFixed(1)} per minute`,
        goal: 'stated',
      },
    ]
  })
}
