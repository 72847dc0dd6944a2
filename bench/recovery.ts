import { addCluster, liveForward, localAddress } from '../e2e/support/main-job.ts'
import { startSteadyClient, type SteadyAttempt } from '../e2e/support/steady-client.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import { deletePod } from '../e2e/testbed/faults.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { freePort } from './free-port.ts'
import { quantile } from '../e2e/support/statistics.ts'
import { type Row } from './figures.ts'
import { startKubectlShell } from './kubectl-shell.ts'
import type { BenchWorld } from './world.ts'

const against = 'kubectl in `while true`'

type Side = {
  name: string
  attempts: SteadyAttempt[]
  stop: () => Promise<unknown>
  /** Milliseconds from each deletion to the first answer of another pod. */
  times: number[]
}

function watchSide(name: string, port: number): Side {
  const attempts: SteadyAttempt[] = []
  const client = startSteadyClient({ host: '127.0.0.1', port, path: '/', onAttempt: (one) => attempts.push(one) })
  return { name, attempts, stop: () => client.stop(), times: [] }
}

const lastAnswer = ({ attempts }: Side): SteadyAttempt | undefined =>
  attempts.findLast(({ outcome }) => outcome === 'answered')

/**
 * Deletes the pod that serves, again and again, under a client that connects every 50 ms: how long until another pod
 * answers, and how many connections were refused or broken. Both sides lose their pod at the same moment.
 */
export async function benchRecovery(world: BenchWorld, deletions = 20): Promise<Row[]> {
  const { bed } = world
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
        const began = performance.now()
        await deletePod(bed.a, namespace, pod)
        // Its first byte: the runtime tells the end of an answer a second late.
        const next = await waitUntil(`${side.name}: another pod to answer`, 60, () =>
          side.attempts.find((one) => one.endedAt > began && one.outcome === 'answered' && one.pod !== pod),
        )
        side.times.push(next.beganAt + (next.waitMs ?? NaN) - began)
      }),
    )
  }
  await Promise.all(sides.map(({ stop }) => stop()))
  await shell.close()
  await bed.a.deleteNamespace(namespace)

  const count = (side: Side, outcome: SteadyAttempt['outcome']): number =>
    side.attempts.slice(before[sides.indexOf(side)]).filter((one) => one.outcome === outcome).length
  const rows = (
    [
      ['median', 0.5],
      ['p95', 0.95],
    ] as const
  ).map(([name, share]): Row => {
    const [one, other] = [quantile(ours.times, share) / 1000, quantile(loop.times, share) / 1000]
    const what = `another pod answers after the pod was deleted, ${name} of ${deletions}`
    const met = one <= 0.5 * other
    return { what, against, unit: 's', ours: [one], theirs: [other], figure: `${(one / other).toFixed(2)}x`, goal: 'at most 0.5x', met } // prettier-ignore
  })
  const broken = (side: Side): number => count(side, 'reset') + count(side, 'empty')
  const total = (side: Side): number => side.attempts.length - (before[sides.indexOf(side)] ?? 0)
  return [
    ...rows,
    {
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
      what: 'connections broken or empty meanwhile (the pods end at once when told to)',
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
