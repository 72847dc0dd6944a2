import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { kubectlsOf } from '../support/chaos-children.ts'
import { ask, keepAsking } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { inspectable, openInspector } from '../support/inspector.ts'
import { addCluster, waitForState } from '../support/main-job.ts'
import { median } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import {
  deletePod,
  linkDown,
  pauseComponent,
  resetConnections,
  restartRollout,
  stopComponent,
} from '../testbed/faults.ts'
import { barePod, httpContainer } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { makeLanes } from './targets.ts'

/** A forward as the traffic needs it. */
type Line = { id: string; port: number; remote: number }
/** What may stay behind between the first and the last look, garbage collected: words, histories, rows. */
const mostGrowth = 1.15
const mostDescriptors = 12

/** Everything at once and mixed, over two clusters: what is said stays true, every byte is right, and nothing grows. */
export async function mixAll(world: ChaosWorld): Promise<PartResult> {
  const { bed, random, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  const other = await bed.b.createNamespace('chaos')
  await using host = await world.startHost({ environment: inspectable })
  await using inspector = await openInspector(host)
  const { client } = host
  const clusterA = (await addCluster(client, bed.a.kubeconfig, 'a')).id
  const clusterB = (await addCluster(client, bed.b.kubeconfig, 'b')).id
  const inA = Math.ceil((size.mixedForwards * 2) / 3)
  const lanes = await makeLanes(client, bed.a, { clusterId: clusterA, namespace, count: inA })
  await bed.b.apply(barePod({ namespace: other, name: 'fake', nodeName: 'fake-1', container: httpContainer() }))
  await bed.b.waitForPods(other, 'app=fake', 1)
  const fakes = await Promise.all(
    Array.from({ length: size.mixedForwards - inA }, async (_, index): Promise<Line> => {
      const input = { clusterId: clusterB, namespace: other, name: `fake ${index}`, parkSeconds: 120 }
      const target = { kind: 'pod' as const, name: 'fake' }
      const made = await expectOk(client.forwards.create({ ...input, target, ports: [{ remote: 8080 }] }))
      const forward = await waitForState(client, made.id, 'live', 120)
      return { id: forward.id, port: forward.ports[0]?.local ?? 0, remote: 8080 }
    }),
  )
  const lines: Line[] = [...lanes.map(({ forward, port, remote }) => ({ id: forward.id, port, remote })), ...fakes]
  const workloads = [...new Set(lanes.map(({ workload }) => workload))]

  const signal = (name: 'SIGKILL' | 'SIGSTOP') => async (): Promise<void> => {
    const all = await kubectlsOf(host.pid)
    if (all.length > 0) process.kill(random.one(all).pid, name)
  }
  const outage = (begin: typeof linkDown) => async (): Promise<void> => {
    await using fault = await begin(random.below(3) === 0 ? bed.a : bed.b)
    await pause(1000 + random.below(size.outageSeconds * 250))
    await fault.undo()
  }
  const actions: [string, () => Promise<unknown>][] = [
    ['kubectl killed', signal('SIGKILL')],
    ['kubectl stopped', signal('SIGSTOP')],
    ['rollout', () => restartRollout(bed.a, namespace, `deployment/${random.one(workloads)}`)],
    [
      'pod deleted',
      async () => {
        const pods = await bed.a.pods(namespace)
        if (pods.length > 0) await deletePod(bed.a, namespace, random.one(pods).name, random.below(2) === 0)
      },
    ],
    ['connections reset', () => resetConnections(random.one([bed.a, bed.b]))],
    ['API server away', outage((cluster) => stopComponent(cluster, 'apiserver'))],
    ['API server paused', outage((cluster) => Promise.resolve(pauseComponent(cluster, 'apiserver')))],
    ['link down', outage(linkDown)],
    [
      'sidecar killed',
      async () => {
        const { sidecar } = await expectOk(client.app.status())
        if (sidecar.pid !== null) process.kill(sidecar.pid, 'SIGKILL')
      },
    ],
    ['stopped and started', async () => {
      const { id } = random.one(lines)
      await expectOk(client.forwards.stop({ id }))
      await expectOk(client.forwards.start({ id }))
    }],
    ['restarted', () => client.forwards.restart({ id: random.one(lines).id })],
  ] // prettier-ignore

  const violations: string[] = []
  const allWell = (): Promise<unknown> =>
    Promise.all(
      lines.map(async ({ id, port, remote }) => {
        await waitForState(client, id, 'live', 90)
        await waitUntil(`an answer on ${port}`, 30, async () => (await ask(port, remote, 5000)).outcome === 'right')
      }),
    )
  const look = async () => ({
    memory: await inspector.memory(),
    descriptors: (await readdir(`/proc/${host.pid}/fd`)).length,
  })
  /** Calm, everything live, nobody connected: comparable with every other such look. */
  const calmLook = async () => {
    await allWell()
    await pause(2000)
    return look()
  }

  const endsAt = performance.now() + size.mixedMinutes * 60_000
  const done = new Map<string, number>()
  const looks = [await calmLook()]
  const counts = { right: 0, wrong: 0, refused: 0, silent: 0, reset: 0, empty: 0 }
  const rounds = 6
  for (let round = 0; round < rounds && performance.now() < endsAt; round += 1) {
    const askers = lines.map(({ port, remote }) => keepAsking(port, remote, 300))
    const roundEnds = performance.now() + (endsAt - performance.now()) / (rounds - round)
    while (performance.now() < roundEnds) {
      const [name, act] = random.one(actions)
      // A victim may have ended by itself a moment ago, and an API server that is away refuses the fault itself.
      await act().catch(() => undefined)
      done.set(name, (done.get(name) ?? 0) + 1)
      await pause(random.below(1500))
    }
    const stuck = await allWell().then(
      () => null,
      (error: unknown) => error as Error,
    )
    if (stuck !== null) violations.push(`stuck: ${stuck.message}`)
    for (const { answers } of await Promise.all(askers.map((asker) => asker.stop())))
      for (const { outcome } of answers) counts[outcome] += 1
    if (stuck !== null) break
    looks.push(await calmLook())
    world.say(`round ${round + 1} of ${rounds}: ${counts.right} right, ${counts.wrong} wrong`)
  }
  if (counts.wrong > 0) violations.push(`${counts.wrong} answers had wrong bytes`)
  const mebibytes = looks.map(({ memory }) => memory.heapUsed / (1 << 20))
  const descriptors = looks.map((one) => one.descriptors)
  // The first rounds fill what is bounded (rings, histories); the second half must not grow on the first.
  const half = Math.ceil(looks.length / 2)
  const growth = median(mebibytes.slice(half)) / median(mebibytes.slice(1, half + 1))
  if (size.mixedMinutes >= 5 && growth > mostGrowth) violations.push(`the heap grew ${growth.toFixed(2)} times`)
  // A spare kubectl stands for a minute after the last client, and there were none before the first look.
  const more = (descriptors.at(-1) ?? 0) - (descriptors[1] ?? 0)
  if (more > mostDescriptors) violations.push(`${more} more descriptors are open than after the first round`)
  await bed.a.deleteNamespace(namespace)
  await bed.b.deleteNamespace(other)
  return {
    facts: {
      done: [...done].map(([name, count]) => `${count} ${name}`).join(', '),
      answers: Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`).join(', '), // prettier-ignore
      'heap in use, MiB, at each calm look': mebibytes.map((one) => one.toFixed(1)).join(' '),
      'open descriptors at each calm look': descriptors.join(' '),
    },
    violations,
  }
}
