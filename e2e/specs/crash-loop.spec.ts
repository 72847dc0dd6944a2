import { expect, it } from 'vitest'
import { expectOk } from '../support/expect-ok.ts'
import { useForwardWorld } from '../support/forward-world.ts'
import { localAddress, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deployment, workloadContainer, type ContainerSpec } from '../testbed/workloads.ts'

const world = useForwardWorld('crash-loop')

/** Ready whenever its container runs: nobody asks the program. */
function withoutReadinessProbe(container: ContainerSpec): ContainerSpec {
  const { readinessProbe: _, ...rest } = container
  return rest
}

async function restartsOf(name: string): Promise<number> {
  const told = await world.bed.a.kubectl([
    ...['get', 'pods', '-n', world.namespace, '-l', `app=${name}`],
    ...['-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}'],
  ])
  return Number(told.stdout.trim().split(' ')[0] ?? 0)
}

it('a pod that crashes again and again is held up for one reason all the while, and serves while it is up (1, 7)', async () => {
  const container = withoutReadinessProbe(workloadContainer({ CRASH_MS: 3_000 }, 'crash'))
  await world.bed.a.apply(deployment({ namespace: world.namespace, name: 'web', container, graceSeconds: 1 }))
  const { id } = await expectOk(
    world.host.client.forwards.create({
      clusterId: world.cluster.id,
      namespace: world.namespace,
      target: { kind: 'deployment', name: 'web' },
      ports: [{ remote: 8080 }],
    }),
  )
  const isHeldUp = async (): Promise<true> => {
    const { state, cause } = await expectOk(world.host.client.forwards.get({ id }))
    if (state !== 'holding' || cause?.detail !== 'CrashLoopBackOff') throw new Error(`${state} ${cause?.detail ?? ''}`)
    return true
  }
  await waitUntil('the crash loop to be said', 60, isHeldUp)
  const entries = async (): Promise<number> =>
    (await expectOk(world.host.client.forwards.history({ id, limit: 500 }))).entries.length
  const [before, restarts] = [await entries(), await restartsOf('web')]
  let answers = 0
  await waitUntil('two more restarts, and an answer in between', 120, async () => {
    await isHeldUp()
    const { host: address, port } = localAddress(await expectOk(world.host.client.forwards.get({ id })))
    await fetch(`http://${address}:${port}/`, { headers: { connection: 'close' } }).then(
      () => (answers += 1),
      () => undefined,
    )
    const more = (await restartsOf('web')) - restarts
    if (more < 2 || answers === 0) throw new Error(`${more} restarts, ${answers} answers`)
    return true
  })
  expect(await entries()).toBe(before)
  await world.bed.a.apply(
    deployment({ namespace: world.namespace, name: 'web', container: workloadContainer({}), graceSeconds: 1 }),
  )
  await waitForState(world.host.client, id, 'live', 60)
  await expectOk(world.host.client.forwards.remove({ id }))
})
