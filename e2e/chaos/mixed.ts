import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, keepAsking, type Answer } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { inspectable, openInspector } from '../support/inspector.ts'
import { addCluster, waitForState } from '../support/main-job.ts'
import { median } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { smallDisk } from '../testbed/host-faults.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { actionLanes, type Line, type MixedScene } from './mixed-actions.ts'
import { belongsTo, makeLanes } from './targets.ts'
import { liveVictim, makeFake, makeTarget, toFake, toTarget, type Victim } from './victims.ts'

/** What may stay behind between the first and the last look, garbage collected: words, histories, rows. */
const mostGrowth = 1.15
const mostDescriptors = 12
/** For the data folder: room for everything but what fills it on purpose. */
const diskBytes = 128 << 20
/** Bytes of the heap that hold compiled code. */
const codeBytes = `process.getBuiltinModule('v8').getHeapSpaceStatistics()
  .filter(({ space_name }) => /^(code|trusted)_/.test(space_name)).reduce((sum, { space_used_size }) => sum + space_used_size, 0)`
/** How soon after a start its port must be open. */
const openAgainMs = 1000

/** Everything at once and mixed, over two clusters: what is said stays true, every byte is right, and nothing grows. */
export async function mixAll(world: ChaosWorld): Promise<PartResult> {
  const { bed, random, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  const own = await bed.a.createNamespace('chaos')
  const other = await bed.b.createNamespace('chaos')
  await Promise.all([makeTarget(bed, own), makeFake(bed, other)])
  await using disk = await smallDisk(bed.description, diskBytes)
  await using host = await world.startHost({ environment: inspectable, dataDir: disk.folder })
  await using inspector = await openInspector(host)
  const { client, pid: ownerPid } = host
  const clusterA = (await addCluster(client, bed.a.kubeconfig, 'a')).id
  const clusterB = (await addCluster(client, bed.b.kubeconfig, 'b')).id
  const inA = Math.ceil((size.mixedForwards * 2) / 3)
  const lanes = await makeLanes(client, bed.a, { clusterId: clusterA, namespace, count: inA })
  const placeB = { client, cluster: bed.b, clusterId: clusterB, namespace: other, ownerPid }
  const fakes = await Promise.all(
    Array.from({ length: size.mixedForwards - inA }, (_, index) =>
      liveVictim(placeB, { namespace: other, name: `fake ${index}`, parkSeconds: 120, ...toFake }),
    ),
  )
  const placeA = { client, cluster: bed.a, clusterId: clusterA, namespace: own, ownerPid }
  const victim = await liveVictim(placeA, { namespace: own, parkSeconds: 120, ...toTarget })
  const lineOf = ({ forwardId, port, namespace }: Victim): Line => ({
    id: forwardId,
    port,
    remote: 8080,
    owns: (command) => command.includes(` --namespace ${namespace} `),
  })
  const lines: Line[] = [
    ...lanes.map((lane) => {
      const { forward, port, remote } = lane
      return { id: forward.id, port, remote, owns: (command: string) => belongsTo(lane, command) }
    }),
    ...fakes.map(lineOf),
  ]
  const [fake] = fakes
  if (fake === undefined) throw new Error('mixed takes two forwards at least')
  const workloads = [...new Set(lanes.map(({ workload }) => workload))]
  const scene: MixedScene = {
    world,
    client,
    inspector,
    ownerPid,
    lines,
    workloads,
    namespace,
    victim,
    fake,
    disk,
    off: [],
    frozen: [],
  }
  const isLong = size.mixedMinutes >= 1
  const actions = Object.entries(actionLanes(scene, random)).map(([name, all]) => ({
    random: random.child(`choice ${name}`),
    actions: all.filter(({ long }) => isLong || long !== true),
  }))

  const violations: string[] = []
  const allWell = (): Promise<unknown> =>
    Promise.all(
      [...lines, lineOf(victim)].map(async ({ id, port, remote }) => {
        await waitForState(client, id, 'live', 90)
        await waitUntil(`an answer on ${port}`, 30, async () => (await ask(port, remote, 5000)).outcome === 'right')
      }),
    )
  const look = async () => ({
    // What the owner keeps of each forward by intent, up to a limit: the last lines that its kubectls printed.
    lines: (
      await Promise.all(
        lines.map(async ({ id }) => (await expectOk(client.forwards.output({ id, limit: 2000 }))).length),
      )
    ).reduce((sum, count) => sum + count, 0),
    memory: await inspector.memory(),
    // What V8 has compiled grows with whatever runs for the first time, and is dropped when it has not run for long.
    code: (await inspector.evaluate(codeBytes)) as number,
    descriptors: (await readdir(`/proc/${ownerPid}/fd`)).length,
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
  const excused = { refused: 0, silent: 0 }
  const rounds = isLong ? 6 : 1
  for (let round = 0; round < rounds && performance.now() < endsAt; round += 1) {
    const askers = lines.map((line) => ({ line, asker: keepAsking(line.port, line.remote, 300) }))
    const roundEnds = performance.now() + (endsAt - performance.now()) / (rounds - round)
    await Promise.all(
      actions.map(async (lane) => {
        while (performance.now() < roundEnds) {
          const { name, act, mayFail } = lane.random.one(lane.actions)
          const failed = await act().then(
            () => null,
            (error: unknown) => error as Error,
          )
          if (failed === null) done.set(name, (done.get(name) ?? 0) + 1)
          else if (mayFail !== true) violations.push(`${name}: ${failed.message}`)
          await pause(lane.random.below(1500))
        }
      }),
    )
    const stuck = await allWell().then(
      () => null,
      (error: unknown) => error as Error,
    )
    if (stuck !== null) violations.push(`stuck: ${stuck.message}`)
    const asked = await Promise.all(
      askers.map(async ({ line, asker }) => ({ line, ...(await asker.stop(isLong ? undefined : 3000)) })),
    )
    for (const { line, answers } of asked)
      for (const answer of answers) {
        const { outcome } = answer
        counts[outcome] += 1
        if (outcome !== 'refused' && outcome !== 'silent') continue
        if (isExcused(scene, line, answer)) excused[outcome] += 1
        else
          violations.push(
            `${outcome} on ${line.port}, and nobody had ${outcome === 'refused' ? 'stopped it' : 'frozen its kubectl'}`,
          )
      }
    if (stuck !== null) break
    looks.push(await calmLook())
    world.say(`round ${round + 1} of ${rounds}: ${counts.right} right, ${counts.wrong} wrong`)
  }
  if (counts.wrong > 0) violations.push(`${counts.wrong} answers had wrong bytes`)
  const mebibytes = looks.map(({ memory }) => memory.heapUsed / (1 << 20))
  const code = looks.map((one) => one.code / (1 << 20))
  const descriptors = looks.map((one) => one.descriptors)
  // The first rounds fill what is bounded (rings, histories); the second half must not grow on the first.
  const half = Math.ceil(looks.length / 2)
  const growth = median(mebibytes.slice(half)) / median(mebibytes.slice(1, half + 1))
  if (size.mixedMinutes >= 5 && growth > mostGrowth) violations.push(`the heap grew ${growth.toFixed(2)} times`)
  // A spare kubectl stands for a minute after the last client, and there were none before the first look.
  const more = (descriptors.at(-1) ?? 0) - (descriptors[1] ?? 0)
  if (more > mostDescriptors) violations.push(`${more} more descriptors are open than after the first round`)
  await Promise.all([bed.a.deleteNamespace(namespace), bed.a.deleteNamespace(own), bed.b.deleteNamespace(other)])
  return {
    facts: {
      done: [...done].map(([name, count]) => `${count} ${name}`).join(', '),
      answers: Object.entries(counts)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', '),
      'of those, at a forward that was off': `${excused.refused} refused`,
      'of those, in the middle of a kubectl that stayed stopped': `${excused.silent} silent`,
      'heap in use, MiB, at each calm look': mebibytes.map((one) => one.toFixed(1)).join(' '),
      'of those, compiled code': code.map((one) => one.toFixed(1)).join(' '),
      'lines of kubectls kept (2,000 a forward at most), at each calm look': looks.map(({ lines }) => lines).join(' '),
      'open descriptors at each calm look': descriptors.join(' '),
    },
    violations,
  }
}

/**
 * A client may be refused while its forward is off, and get no answer when it was in the middle of a kubectl that was
 * stopped: its connection stays, because the kubectl may go on again.
 */
function isExcused({ off, frozen }: MixedScene, { id, owns }: Line, { outcome, at, ms }: Answer): boolean {
  return outcome === 'refused'
    ? off.some((one) => one.id === id && at + ms >= one.from && at < one.to + openAgainMs)
    : frozen.some((one) => owns(one.command) && at > one.at - 10_000 && at < one.at + 200)
}
