import { addCluster, liveForward, localAddress } from '../e2e/support/main-job.ts'
import { startSteadyClient, type SteadyAttempt } from '../e2e/support/steady-client.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import { deletePod } from '../e2e/testbed/faults.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { quantile } from '../e2e/support/statistics.ts'
import { expectOk } from '../e2e/support/expect-ok.ts'
import { freePort } from '../network/free-ports.testing.ts'
import { partRow, type Row } from './figures.ts'
import { kubectlTimes, readLog } from './host-log.ts'
import { startKubectlShell } from './kubectl-shell.ts'
import type { BenchWorld } from './world.ts'

const against = 'kubectl in `while true`'

type Side = {
  name: string
  attempts: SteadyAttempt[]
  stop: () => Promise<unknown>
  /** Connections that were made; known once it has stopped. */
  made: () => number
  /** When each pod was deleted, ms since the epoch, and how many ms later another one answered. */
  deletions: { at: number; took: number }[]
}

function watchSide(name: string, port: number): Side {
  const attempts: SteadyAttempt[] = []
  const client = startSteadyClient({ host: '127.0.0.1', port, path: '/', onAttempt: (one) => attempts.push(one) })
  let made = NaN
  const stop = async (): Promise<void> => {
    made = (await client.stop()).attempts
  }
  return { name, attempts, stop, made: () => made, deletions: [] }
}

const lastAnswer = ({ attempts }: Side): SteadyAttempt | undefined =>
  attempts.findLast(({ outcome }) => outcome === 'answered')

/**
 * Deletes the pod that serves, again and again, under a client that connects every 50 ms: how long until another pod
 * answers, and how many connections were refused or broken. Both sides lose their pod at the same moment.
 */
export async function benchRecovery(world: BenchWorld): Promise<Row[]> {
  const { bed, deletions } = world
  const namespace = await bed.a.createNamespace('bench')
  for (const name of ['ours', 'loop']) {
    const web = { namespace, name, replicas: 2 }
    await bed.a.apply(deployment(web), service(web))
  }
  await Promise.all(['ours', 'loop'].map((name) => bed.a.waitForPods(namespace, `app=${name}`, 2)))
  await using host = await world.startHost()
  const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bench')
  const target = { kind: 'service' as const, name: 'ours' }
  const forward = await liveForward(host.client, {
    clusterId: cluster.id,
    namespace,
    target,
    ports: [{ remote: 8080 }],
  })
  const port = await freePort()
  const words = `-n ${namespace} port-forward --address 127.0.0.1 svc/loop ${port}:8080`
  const shell = startKubectlShell(bed, `while true; do "$KUBECTL" ${words}; done`)
  const ours = watchSide('ours', localAddress(forward).port)
  const loop = watchSide('loop', port)
  const sides = [ours, loop]
  await waitUntil('both to answer', 30, () => sides.every((side) => lastAnswer(side) !== undefined))
  const before = sides.map(({ attempts }) => attempts.length)

  for (let deletion = 0; deletion < deletions; deletion += 1) {
    await Promise.all(sides.map(({ name }) => bed.a.waitForPods(namespace, `app=${name}`, 2)))
    await Promise.all(
      sides.map(async (side) => {
        const pod = lastAnswer(side)?.pod ?? ''
        const at = Date.now()
        const began = performance.now()
        await deletePod(bed.a, namespace, pod)
        // Its first byte: the runtime tells the end of an answer a second late.
        const next = await waitUntil(`${side.name}: another pod to answer`, 60, () =>
          side.attempts.find((one) => one.endedAt > began && one.outcome === 'answered' && one.pod !== pod),
        )
        side.deletions.push({ at, took: next.beganAt + (next.waitMs ?? NaN) - began })
      }),
    )
  }
  await Promise.all(sides.map(({ stop }) => stop()))
  const { entries } = await expectOk(host.client.forwards.history({ id: forward.id, limit: 1000 }))
  const told = entries.filter(({ state }) => state === 'recovering').map(({ at }) => at)
  const parts = partRows(ours.deletions, told.reverse(), host.log())
  await shell.close()
  await bed.a.deleteNamespace(namespace)

  const count = (side: Side, outcome: SteadyAttempt['outcome']): number =>
    side.attempts.slice(before[sides.indexOf(side)]).filter((one) => one.outcome === outcome).length
  const seconds = (side: Side): number[] => side.deletions.map(({ took }) => took / 1000)
  const taken = `${deletions} deletions`
  const rows = [0.5, 0.95].map((share): Row => {
    const [one, other] = [quantile(seconds(ours), share), quantile(seconds(loop), share)]
    const isMedian = share === 0.5
    return {
      what: `another pod answers after the pod was deleted, ${isMedian ? 'median' : 'p95'}`,
      against,
      unit: 's',
      // The row of the median shows all of them, from the quickest to the slowest.
      ours: isMedian ? seconds(ours) : [one],
      theirs: isMedian ? seconds(loop) : [other],
      taken,
      figure: `${(one / other).toFixed(2)}x`,
      goal: 'at most 0.5x',
      met: one <= 0.5 * other,
    }
  })
  const broken = (side: Side): number => count(side, 'reset') + count(side, 'empty') + count(side, 'cut')
  const total = (side: Side): number => side.attempts.length - (before[sides.indexOf(side)] ?? 0)
  // No connection may fall out of the count: neither one that is no kind, nor one that was made and never told.
  for (const side of sides)
    if (
      count(side, 'answered') + count(side, 'refused') + broken(side) !== total(side) ||
      side.made() !== side.attempts.length
    )
      throw new Error(`${side.name}: ${side.made()} connections were made, and the kinds do not add up to them`)
  return [
    ...rows,
    ...parts,
    {
      taken,
      what: `connections refused meanwhile, of ${total(ours)}`,
      against: `${against}, of ${total(loop)}`,
      unit: 'connections',
      ours: [count(ours, 'refused')],
      theirs: [count(loop, 'refused')],
      figure: `${count(ours, 'refused')}`,
      goal: '0',
      met: count(ours, 'refused') === 0,
    },
    {
      taken,
      what: 'connections reset, cut off or empty meanwhile (the pods end at once when told to)',
      against,
      unit: 'connections',
      ours: [broken(ours)],
      theirs: [broken(loop)],
      figure: `${broken(ours)}`,
      goal: '-',
      met: null,
    },
  ]
}

/**
 * Where the time of our own recoveries goes: until the watch has told, until the next kubectl is started, until it
 * listens, until the first byte of an answer. A recovery in which one of them is missing or comes in another order (the
 * next pod's tunnel was open before) is left out, and counted.
 */
function partRows(deletions: Side['deletions'], told: readonly number[], log: string): Row[] {
  const { started, listening } = kubectlTimes(readLog(log))
  const whole = deletions.flatMap(({ at, took }) => {
    const next = (times: Iterable<number>, since: number): number => [...times].find((one) => one >= since) ?? NaN
    const watched = next(told, at)
    const start = next(started.values(), watched)
    const moments = [at, watched, start, next(listening.values(), start), at + took]
    const stages = moments.slice(1).map((moment, index) => moment - (moments[index] ?? NaN))
    return stages.every((ms) => ms >= 0) ? [stages] : []
  })
  const taken = `${whole.length} of ${deletions.length} deletions`
  return ['the watch tells it', 'kubectl is started', 'kubectl listens', 'the first byte of an answer'].map(
    (name, part) =>
      partRow({ what: `of which until ${name}`, unit: 'ms', ours: whole.map((stages) => stages[part] ?? NaN), taken }),
  )
}
