import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, keepAsking, type Answer } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { inspectable, openInspector } from '../support/inspector.ts'
import { addCluster, waitForState } from '../support/main-job.ts'
import { RowWatch } from '../support/row-watch.ts'
import { median } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { smallDisk } from '../testbed/host-faults.ts'
import { wholeSize, type ChaosWorld, type PartResult } from './chaos-part.ts'
import { actionLanes, type Line, type MixedScene } from './mixed-actions.ts'
import { Breaks } from './mixed-breaks.ts'
import { belongsTo, longestLive, makeLanes, mayMeetStop, servedWithinMs } from './targets.ts'
import { liveVictim, makeFake, makeTarget, toFake, toTarget, type Victim } from './victims.ts'

/**
 * By so much the second half of the looks (their median, garbage collected) may be above the first half: what is called flat.
 * Left out is what is known and bounded: code that V8 compiles, which comes and goes by more than a tenth, and the lines
 * that are kept of each forward's kubectls.
 */
const mostGrowth = 1.1
/** What a kept line costs beside its letters: the object, its place in the ring, and the text's own head. */
const lineBytes = 112
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
  const lineOf = ({ forwardId, port, namespace, cluster }: Victim): Line => ({
    id: forwardId,
    port,
    remote: 8080,
    cluster: cluster === bed.a ? 'a' : 'b',
    workload: null,
    owns: (command) => command.includes(` --namespace ${namespace} `),
  })
  const lines: Line[] = [
    ...lanes.map((lane): Line => {
      const { forward, port, remote, workload } = lane
      return { id: forward.id, port, remote, cluster: 'a', workload, owns: (command) => belongsTo(lane, command) }
    }),
    ...fakes.map(lineOf),
  ]
  const [fake] = fakes
  if (fake === undefined) throw new Error('mixed takes two forwards at least')
  const workloads = [...new Set(lanes.map(({ workload }) => workload))]
  using rows = await RowWatch.follow(client)
  const scene: MixedScene = {
    world,
    client,
    rows,
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
    breaks: new Breaks(),
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
  const look = async () => {
    const kept = await Promise.all(lines.map(({ id }) => client.forwards.output({ id, limit: 2000 }).then(expectOk)))
    const texts = kept.flat().map(({ text }) => text.length)
    const { heapUsed } = await inspector.memory()
    const code = (await inspector.evaluate(codeBytes)) as number
    const inLines = texts.reduce((sum, length) => sum + length + lineBytes, 0)
    return {
      lines: texts.length,
      heapUsed,
      code,
      rest: heapUsed - code - inLines,
      descriptors: (await readdir(`/proc/${ownerPid}/fd`)).length,
    }
  }
  /** Calm, everything live, nobody connected: comparable with every other such look. */
  const calmLook = async () => {
    await allWell()
    await pause(2000)
    return look()
  }

  const done = new Map<string, number>()
  const looks = [await calmLook()]
  const counts = { right: 0, wrong: 0, refused: 0, silent: 0, reset: 0, empty: 0 }
  const excused = { refused: 0, silent: 0, reset: 0, empty: 0 }
  /** Conversations of each cluster that nothing would have excused, had they been cut off. */
  const unexcused = { a: 0, b: 0 }
  const rounds = isLong ? 6 : 1
  for (let round = 0; round < rounds; round += 1) {
    const askers = lines.map((line) => ({ line, asker: keepAsking(line.port, line.remote, 300) }))
    // The looks between them take time of their own: it is mixed for as long as was said.
    const roundEnds = performance.now() + (size.mixedMinutes * 60_000) / rounds
    await Promise.all(
      actions.map(async (lane) => {
        while (performance.now() < roundEnds) {
          const { name, act, mayFail } = lane.random.one(lane.actions)
          const answer = await act().catch((error: unknown) => error as Error)
          if (answer instanceof Error) {
            if (mayFail !== true) violations.push(`${name}: ${answer.message}`)
          } else if (answer !== false) done.set(name, (done.get(name) ?? 0) + 1)
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
        if (!scene.breaks.excuses(line, answer)) unexcused[line.cluster] += 1
        if (outcome === 'right' || outcome === 'wrong') continue
        if (isExcused(scene, line, answer)) excused[outcome] += 1
        else
          violations.push(
            `${outcome} on ${line.port} after ${Math.round(answer.ms)} ms, ${scene.breaks.before(line, answer)}; its row said: ${rows.said(line.id, answer.at, answer.at + answer.ms)}`,
          )
      }
    if (stuck !== null) break
    looks.push(await calmLook())
    world.say(`round ${round + 1} of ${rounds}: ${counts.right} right, ${counts.wrong} wrong`)
  }
  if (counts.wrong > 0) violations.push(`${counts.wrong} answers had wrong bytes`)
  if (counts.right === 0) violations.push('nobody got an answer')
  if (done.size === 0) violations.push('nothing was done')
  const names = actions.flatMap((lane) => lane.actions.map(({ name }) => name))
  const missing = [...new Set(names)].filter((name) => !done.has(name))
  // In less time not everything has its turn.
  if (size.mixedMinutes >= wholeSize.mixedMinutes && missing.length > 0)
    violations.push(`never done: ${missing.join(', ')}`)
  if (size.mixedMinutes >= wholeSize.mixedMinutes && Math.min(unexcused.a, unexcused.b) === 0)
    violations.push('in one of the clusters something always excused who was cut off')
  const mebibytes = (of: 'heapUsed' | 'code' | 'rest'): number[] => looks.map((one) => one[of] / (1 << 20))
  const inWords = (numbers: readonly number[]): string => numbers.map((one) => one.toFixed(1)).join(' ')
  const rest = mebibytes('rest')
  const descriptors = looks.map((one) => one.descriptors)
  // The first rounds fill what is bounded (rings, histories); the second half must not grow on the first.
  const half = Math.ceil(looks.length / 2)
  const growth = median(rest.slice(half)) / median(rest.slice(1, half))
  if (size.mixedMinutes >= 5 && growth > mostGrowth) violations.push(`the heap grew ${growth.toFixed(2)} times`)
  // A spare kubectl stands for a minute after the last client, and there were none before the first look.
  const more = isLong ? median(descriptors.slice(half)) - median(descriptors.slice(1, half)) : 0
  if (more > mostDescriptors) violations.push(`${more} more descriptors are open in the second half`)
  await Promise.all([bed.a.deleteNamespace(namespace), bed.a.deleteNamespace(own), bed.b.deleteNamespace(other)])
  return {
    facts: {
      done: [...done].map(([name, count]) => `${count} ${name}`).join(', '),
      answers: Object.entries(counts)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', '),
      'of those, at a forward that was off, or had just been started': `${excused.refused} refused`,
      'of those, in the middle of a kubectl that stayed stopped, or while their forward was not live': `${excused.silent} silent`,
      'of those, while their way was broken': `${excused.reset} reset, ${excused.empty} empty`,
      'conversations that nothing would have excused': `${unexcused.a} in A, ${unexcused.b} in B`,
      'heap in use, MiB, at each calm look': inWords(mebibytes('heapUsed')),
      'of those, compiled code': inWords(mebibytes('code')),
      'without that and the lines below': inWords(rest),
      'lines of kubectls kept (2,000 a forward at most), at each calm look': looks.map(({ lines }) => lines).join(' '),
      'open descriptors at each calm look': descriptors.join(' '),
    },
    violations,
  }
}

/**
 * A client may be refused while its forward is off, and get no answer when it was in the middle of a kubectl that was
 * stopped: its connection stays, because the kubectl may go on again; or when its forward was not live for long enough while
 * it waited, one outage after the other: the park limit is 120 s. It may be cut off when something breaks its way.
 */
function isExcused({ rows, off, frozen, breaks }: MixedScene, line: Line, answer: Answer): boolean {
  const { outcome, at, ms } = answer
  switch (outcome) {
    case 'refused':
      return off.some((one) => one.id === line.id && at + ms >= one.from && at < one.to + openAgainMs)
    case 'silent':
      return (
        frozen.some((one) => line.owns(one.command) && mayMeetStop(rows, line.id, at, one.at)) ||
        longestLive(rows, line.id, at, at + ms) < servedWithinMs
      )
    default:
      return breaks.excuses(line, answer)
  }
}
