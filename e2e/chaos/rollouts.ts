import { ask } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster, liveForward, localAddress, waitForState } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { startSteadyClient, takenByPods, type SteadyAttempt } from '../support/steady-client.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod, restartRollout } from '../testbed/faults.ts'
import {
  deployment,
  gracefulDeployment,
  workloadContainer,
  WORKLOAD_PORTS,
  type Manifest,
} from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'

type Rollout = {
  name: string
  manifest: (namespace: string, name: string) => Manifest
  replicas: number
  /** Its process ends at once and takes what it has not answered with it: nobody can answer that. */
  dropsRequests: boolean
}

const rollouts: Rollout[] = [
  { name: 'graceful', manifest: gracefulDeployment, replicas: 2, dropsRequests: false },
  {
    name: 'abrupt',
    manifest: (namespace, name) => deployment({ namespace, name, replicas: 2 }),
    replicas: 2,
    dropsRequests: true,
  },
]

/** The only pod of a target is away for longer than `parkSeconds` of those who do not wait for it, and shorter than others'. */
const impatientSeconds = 2
const readyMs = 5000
const everyMs = 50

/** Rolling restarts under a client that connects every 50 ms; and a target of one pod that goes away for a while. */
export async function rollOut(world: ChaosWorld): Promise<PartResult> {
  const { bed, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  await using host = await world.startHost()
  const cluster = await addCluster(host.client, bed.a.kubeconfig, 'a')
  const facts: PartResult['facts'] = {}
  const violations: string[] = []
  const forwardTo = (name: string, parkSeconds = 60) =>
    liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'deployment', name },
      ports: [{ remote: 8080 }],
      parkSeconds,
    })
  /**
   * `made`: how many connections the client says it made. `excused`: how many may have been reset, cut off or left without a
   * byte.
   */
  const judge = (
    what: string,
    { attempts, made }: { attempts: readonly SteadyAttempt[]; made: number },
    longestMs: number,
    excused = 0,
  ): void => {
    const count = { answered: 0, refused: 0, reset: 0, cut: 0, empty: 0 }
    for (const { outcome } of attempts) count[outcome] += 1
    const waits = attempts.flatMap(({ waitMs }) => waitMs ?? [])
    const longest = Math.max(0, ...waits)
    facts[what] =
      `${made} connections: ${count.answered} answered, ${count.refused} refused, ${count.reset} reset, ` +
      `${count.cut} cut off or wrong, ${count.empty} empty; first byte ${distribution(waits)}`
    if (attempts.length !== made || made === 0) violations.push(`${what}: ${made} were made, ${attempts.length} told`)
    if (count.refused > 0) violations.push(`${what}: ${count.refused} refused`)
    const broken = count.reset + count.cut + count.empty
    if (broken > excused) violations.push(`${what}: ${broken} reset, cut off or empty, ${excused} may be`)
    if (longest > longestMs) violations.push(`${what}: one waited ${Math.round(longest)} ms for its first byte`)
  }

  // Now, because it takes its time.
  await bed.a.apply(deployment({ namespace, name: 'single', container: workloadContainer({ READY_MS: readyMs }) }))
  for (const { name, manifest, replicas, dropsRequests } of rollouts) {
    await bed.a.apply(manifest(namespace, name))
    await bed.a.waitForPods(namespace, `app=${name}`, replicas)
    const forward = await forwardTo(name)
    const attempts: SteadyAttempt[] = []
    const client = startSteadyClient({
      ...localAddress(forward),
      path: '/',
      everyMs,
      onAttempt: (one) => attempts.push(one),
    })
    for (let restart = 0; restart < size.rollouts; restart += 1) {
      const before = new Set((await bed.a.pods(namespace, `app=${name}`)).map(({ uid }) => uid))
      await restartRollout(bed.a, namespace, `deployment/${name}`)
      await waitUntil('all pods are new ones', 120, async () => {
        const pods = await bed.a.pods(namespace, `app=${name}`)
        return pods.length === replicas && pods.every(({ uid, ready }) => ready && !before.has(uid))
      })
      world.say(`${name}: rollout ${restart + 1} of ${size.rollouts}`)
    }
    const { attempts: made } = await client.stop()
    await waitForState(host.client, forward.id, 'live', 30)
    // Promised are 2 s; five times that on a machine that also runs the cluster.
    const { entries } = await expectOk(host.client.forwards.history({ id: forward.id, limit: 500 }))
    const counted = entries.reduce((sum, { connectionsLost }) => sum + connectionsLost, 0)
    const waits = attempts.flatMap(({ waitMs }) => waitMs ?? [])
    judge(
      `${size.rollouts} rolling restarts, 2 replicas, ${name} end`,
      { attempts, made },
      10_000,
      dropsRequests ? counted + takenByPods(waits, replicas, everyMs) : 0,
    )
    await host.client.forwards.stop({ id: forward.id })
  }

  await bed.a.waitForPods(namespace, 'app=single', 1)
  const [forward, impatient] = await Promise.all([forwardTo('single'), forwardTo('single', impatientSeconds)])
  const attempts: SteadyAttempt[] = []
  let made = 0
  const closedAfter: number[] = []
  const waitInVain = async (): Promise<void> => {
    const { outcome, ms } = await ask(localAddress(impatient).port, WORKLOAD_PORTS.http)
    // On a busy machine the next pod may be ready before anybody has waited for so long.
    const pods = await bed.a.pods(namespace, 'app=single')
    if (outcome === 'right' && pods.some(({ ready }) => ready)) return
    closedAfter.push(ms)
    // Five times as long is for a busy machine; the pod is not there before.
    const isInTime = ms >= impatientSeconds * 1000 - 50 && ms < impatientSeconds * 5000
    if ((outcome !== 'reset' && outcome !== 'empty') || !isInTime)
      violations.push(
        `who may wait for ${impatientSeconds} s: ${outcome} after ${Math.round(ms)} ms; the pods then: ${JSON.stringify(pods)}; its row: ${JSON.stringify(await expectOk(host.client.forwards.get({ id: impatient.id })))}`,
      )
  }
  for (let restart = 0; restart < size.rollouts; restart += 1) {
    const [pod] = await bed.a.waitForPods(namespace, 'app=single', 1)
    await waitForState(host.client, impatient.id, 'live', 60)
    await deletePod(bed.a, namespace, pod?.name ?? '')
    // From the moment on at which the pod is really gone: those before it are its own last answers.
    await waitUntil('the pod is gone', 60, async () =>
      (await bed.a.pods(namespace, 'app=single')).every(({ uid }) => uid !== pod?.uid),
    )
    const waiting = waitInVain().catch((error: unknown) => void violations.push(String(error)))
    const client = startSteadyClient({
      ...localAddress(forward),
      path: '/',
      everyMs,
      onAttempt: (one) => attempts.push(one),
    })
    await bed.a.waitForPods(namespace, 'app=single', 1)
    await waitForState(host.client, forward.id, 'live', 60)
    made += (await client.stop()).attempts
    await waiting
  }
  if (size.rollouts > 1 && closedAfter.length === 0) violations.push('nobody waited in vain')
  judge(`${size.rollouts} times the only pod was away`, { attempts, made }, 60_000)
  facts[`closed, not refused, who may wait for ${impatientSeconds} s while it comes back in ${readyMs / 1000} s`] =
    distribution(closedAfter)
  await bed.a.deleteNamespace(namespace)
  return { facts, violations }
}
