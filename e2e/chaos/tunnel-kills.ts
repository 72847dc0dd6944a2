import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { promisedMs, toldMs, withoutHintMs } from '../support/bounds.ts'
import { ask, keepAsking, type Answer } from '../support/chaos-client.ts'
import { kubectlsOf, watchKubectls, type SeenKubectl } from '../support/chaos-children.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { RowWatch } from '../support/row-watch.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod } from '../testbed/faults.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { belongsTo, makeLanes, mayMeetStop, type Lane } from './targets.ts'

const stuckMs = 60_000
/** Some kubectl of so many forwards can always be signalled; none for so long: they do not come back. */
const nothingToSignalMs = 120_000

/** Why the row could know: the end of the process, a client that got no answer, its own probe alone, or the pod watch. */
type Hint = 'child ended' | 'stopped, with clients' | 'stopped, nobody connected' | 'pod deleted'

/**
 * kubectl killed or stopped at random over many forwards, then their pods deleted. The truth is taken from the system: a
 * forward can serve while one of its kubectls runs and listens, and its pod is there. `live` beyond that is false, and is
 * timed from the signal on, or from the request to delete the pod, when it still served.
 */
export async function killTunnels(world: ChaosWorld): Promise<PartResult> {
  const { bed, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  await using host = await world.startHost()
  const cluster = await addCluster(host.client, bed.a.kubeconfig, 'a')
  const lanes = await makeLanes(host.client, bed.a, {
    clusterId: cluster.id,
    namespace,
    count: size.signalledForwards,
  })
  using rows = await RowWatch.follow(host.client)
  const children = watchKubectls(host.pid)
  const violations: string[] = []
  const falseLive: Record<Hint, number[]> = {
    'child ended': [],
    'stopped, with clients': [],
    'stopped, nobody connected': [],
    'pod deleted': [],
  }
  // The clients and the rows are heard by this very program: what it was late is part of each time above.
  const lateness = monitorEventLoopDelay({ resolution: 10 })
  lateness.enable()
  const liveAgain: number[] = []
  /** What was told later than promised although something told of it, in words: for who must understand it. */
  const toldLate: string[] = []
  // Every second forward has clients, the others are left alone, so that both ways to notice are measured.
  const clients = lanes.map((lane, index) => (index % 2 === 0 ? keepAsking(lane.port, lane.remote, 200) : null))
  let left = size.signals
  let signalledAt = performance.now()
  let deleted = 0
  let unseen = 0
  let spared = 0
  const stops: { lane: Lane; at: number }[] = []

  /** `random`: for this one alone. */
  const wound = async (lane: Lane, busy: boolean, random: SeededRandom): Promise<void> => {
    const able = ({ stopped, listening, command }: SeenKubectl): boolean =>
      !stopped && listening && belongsTo(lane, command)
    await pause(100 + random.below(1500))
    const fresh = (await kubectlsOf(host.pid)).filter(able)
    if (fresh.length === 0) return
    const victim = random.one(fresh)
    const signal = random.below(3) === 0 ? 'SIGSTOP' : 'SIGKILL'
    const at = performance.now()
    try {
      process.kill(victim.pid, signal)
    } catch {
      return // It has ended by itself meanwhile.
    }
    left -= 1
    signalledAt = performance.now()
    const hint: Hint =
      signal === 'SIGKILL' ? 'child ended' : busy ? 'stopped, with clients' : 'stopped, nobody connected'
    const limit = signal === 'SIGKILL' ? toldMs : withoutHintMs
    if (signal === 'SIGSTOP') stops.push({ lane, at })
    const honest = fresh.length > 1 ? null : await firstHonest(lane, victim.pid, at, limit)
    if (fresh.length > 1) spared += 1
    else if (honest !== null) {
      falseLive[hint].push(honest)
      if (hint === 'child ended' && honest > promisedMs) toldLate.push(await whatWasKnown(lane, victim.pid, at, honest))
    } else if (await hasServedAll(lane, at)) unseen += 1
    else violations.push(`${lane.forward.name}: live ${limit} ms after ${signal} and nothing serves`)
    await livesAgain(lane, at, signal)
  }

  /** What the row said meanwhile, what the owner itself wrote down and when, and which kubectls there were. */
  const whatWasKnown = async (lane: Lane, victim: number, at: number, honest: number): Promise<string> => {
    const { forward } = lane
    const signalledAtWall = Date.now() - (performance.now() - at)
    const { entries } = await expectOk(host.client.forwards.history({ id: forward.id, limit: 10 }))
    const noted = entries
      .filter((entry) => entry.at >= signalledAtWall - 2000)
      .map((entry) => `${entry.state} ${entry.causeCode ?? ''} at ${Math.round(entry.at - signalledAtWall)} ms`)
    const kubectls = children
      .latest()
      .all.filter(({ pid, command }) => pid !== victim && belongsTo(lane, command))
      .map(({ listening, stopped }) => `${listening ? 'listening' : 'starting'}${stopped ? ', stopped' : ''}`)
    return `${forward.name} ${Math.round(honest)} ms; its row: ${rows.said(forward.id, at - 2000, at + honest + 100)}; its history: ${noted.join(', ')}; other kubectls now: ${kubectls.join(' and ')}`
  }

  const livesAgain = async (lane: Lane, at: number, what: string): Promise<void> => {
    const again = await waitUntil('live again, and an answer', stuckMs / 1000, async () => {
      const row = rows.now(lane.forward.id)
      return row?.state === 'live' && (await ask(lane.port, lane.remote, 5000)).outcome === 'right'
    }).catch((error: unknown) => error as Error)
    if (again instanceof Error) {
      const row = rows.now(lane.forward.id)
      violations.push(`${lane.forward.name}: stuck after ${what}: ${row?.state ?? ''} ${row?.code ?? ''}`)
    } else liveAgain.push(performance.now() - at)
  }

  /** The only pod of a workload, and all its forwards with it: nothing but the pod watch tells those without clients. */
  const takePod = async (workload: string, random: SeededRandom): Promise<void> => {
    const [pod] = await bed.a.waitForPods(namespace, `app=${workload}`, 1)
    const name = pod?.name ?? ''
    const mine = lanes.filter((lane) => lane.workload === workload)
    // A row that was not live had nothing to be false about.
    const live = mine.filter(({ forward }) => rows.now(forward.id)?.state === 'live')
    const at = performance.now()
    await deletePod(bed.a, namespace, name, random.below(2) === 0)
    deleted += 1
    await Promise.all(
      live.map(async ({ forward }) => {
        const row = await rows.first(forward.id, at, toldMs, ({ state }) => state !== 'live')
        if (row !== null) {
          falseLive['pod deleted'].push(row.at - at)
          return
        }
        const { observed } = await expectOk(host.client.forwards.get({ id: forward.id }))
        if (observed.pod === name) violations.push(`${forward.name}: live ${toldMs} ms after its pod was deleted`)
      }),
    )
    await Promise.all(mine.map((lane) => livesAgain(lane, at, 'its pod was deleted')))
  }

  /** On a busy machine no look at its processes may have come in time: then a client tells. */
  const hasServedAll = async (lane: Lane, since: number): Promise<boolean> => {
    const { outcome } = await ask(lane.port, lane.remote, toldMs)
    return outcome === 'right' && rows.history(lane.forward.id).every(({ at, state }) => at < since || state === 'live')
  }

  /** Ms until the row said otherwise or another kubectl of the forward could serve; null: neither in time. */
  const firstHonest = async (lane: Lane, victim: number, at: number, limit: number): Promise<number | null> => {
    const isServing = async (): Promise<number> =>
      waitUntil('another kubectl', limit / 1000, () => {
        const { at: seenAt, all } = children.latest()
        const others = all.some(
          (one) => one.pid !== victim && one.listening && !one.stopped && belongsTo(lane, one.command),
        )
        return seenAt >= at && others ? seenAt : null
      })
    const row = rows.first(lane.forward.id, at, limit, ({ state }) => state !== 'live')
    const first = await Promise.race([
      row.then((seen) => seen?.at ?? isServing().catch(() => null)),
      isServing().catch(() => row.then((seen) => seen?.at ?? null)),
    ])
    return first === null ? null : Math.max(0, first - at)
  }

  /** Else the signals that are left to send would never be sent, and nobody would be told. */
  const mustGoOn = (): void => {
    const { exitCode, signalCode } = host.process
    if (exitCode !== null || signalCode !== null)
      throw new Error(`the owner ended (${signalCode ?? exitCode}), ${left} signals to go:\n${host.log().slice(-4000)}`)
    if (performance.now() - signalledAt > nothingToSignalMs)
      throw new Error(`no kubectl to signal for ${nothingToSignalMs / 1000} s, ${left} signals to go`)
  }
  let told = performance.now()
  await Promise.all(
    lanes.map(async (lane, index) => {
      for (let count = 0; left > 0; count += 1) {
        mustGoOn()
        await wound(lane, index % 2 === 0, world.random.child(`lane ${index}, signal ${count}`))
        if (performance.now() - told < 15_000) continue
        told = performance.now()
        world.say(`${left} signals to go`)
      }
    }),
  )
  world.say('now their pods')
  const workloads = [...new Set(lanes.map(({ workload }) => workload))]
  await Promise.all(
    workloads.map(async (workload) => {
      for (let count = 0; count < Math.max(1, size.signals / 100); count += 1)
        await takePod(workload, world.random.child(`${workload}, deletion ${count}`))
    }),
  )
  lateness.disable()
  const asked = await Promise.all(clients.flatMap((client) => client?.stop() ?? []))
  // Open connections stay with their kubectl, which may go on again: who was in the middle of one that was stopped waits.
  const wasStopped = (lane: Lane, { at }: Answer): boolean =>
    stops.some((stop) => stop.lane === lane && mayMeetStop(rows, lane.forward.id, at, stop.at))
  const forgotten = lanes.flatMap((lane, index) =>
    (clients[index]?.soFar ?? [])
      .filter((answer) => answer.outcome === 'silent' && !wasStopped(lane, answer))
      .map(({ at }) => {
        const near = stops.filter((stop) => stop.lane === lane && Math.abs(stop.at - at) < 60_000)
        const row = rows.history(lane.forward.id).findLast((one) => one.at <= at)
        return `${lane.forward.name}: no answer in 45 s to who came when it was ${row?.state ?? ''}; kubectls were stopped ${near.map((stop) => Math.round(stop.at - at)).join(', ')} ms later`
      }),
  )
  const count = (outcome: 'refused' | 'wrong' | 'silent' | 'right' | 'reset' | 'empty'): number =>
    asked.reduce((sum, one) => sum + one.count(outcome), 0)
  if (count('refused') > 0) violations.push(`${count('refused')} clients were refused`)
  if (count('wrong') > 0) violations.push(`${count('wrong')} clients got wrong bytes`)
  violations.push(...forgotten)
  await waitUntil('no stopped kubectl is left', 30, async () =>
    (await kubectlsOf(host.pid)).every(({ stopped }) => !stopped),
  ).catch(() => violations.push('a stopped kubectl was left'))
  await children.stop()
  const slowWrites = [...host.log().matchAll(/slow write, (\d+) ms/g)].map(([, ms]) => Number(ms))
  await bed.a.deleteNamespace(namespace)
  return {
    facts: {
      'signals sent': String(size.signals - left),
      'false live, child ended': distribution(falseLive['child ended']),
      'told more than a second after the child ended': [String(toldLate.length), ...toldLate].join('; '),
      'false live, stopped with clients': distribution(falseLive['stopped, with clients']),
      'false live, stopped with nobody connected': distribution(falseLive['stopped, nobody connected']),
      'false live, pod deleted': `${distribution(falseLive['pod deleted'])}; ${deleted} pods`,
      'this program itself was late by': `p99 ${Math.round(lateness.percentile(99) / 1e6)} ms, at worst ${Math.round(lateness.max / 1e6)} ms`,
      'the owner waited for its disk': distribution(slowWrites),
      'nothing false: another kubectl was there already': String(spared),
      'no look came in time, and a client was served': String(unseen),
      'live and answering again': distribution(liveAgain),
      clients: `${count('right')} right, ${count('reset')} reset and ${count('empty')} ended with their kubectl, ${count('silent')} in the middle of one that stayed stopped, ${count('refused')} refused, ${count('wrong')} wrong`,
    },
    violations,
  }
}
