import type { Client } from '../../contract/client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { fault, type Fault } from '../testbed/faults.ts'
import { takePort } from '../testbed/host-faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, service, workloadContainer, type ContainerSpec, type Manifest } from '../testbed/workloads.ts'
import type { ChaosWorld } from './chaos-part.ts'

/** A forward to a target that is there for nobody else (`makeTarget`): what is done to that, nobody else feels. */
export type Victim = {
  client: Client
  clusterId: string
  namespace: string
  forwardId: string
  port: number
  ownerPid: number
}

/** Makes it go wrong; the evidence exists when this resolves. `undo` takes the reason away. */
export type Strike = (victim: Victim, world: ChaosWorld) => Promise<Fault>

/** The way to a victim's target. */
export const toTarget = { target: { kind: 'deployment' as const, name: 'web' }, ports: [{ remote: 8080 }] }

const well = workloadContainer()

/** The bed's own deployment, with pods that go before new ones come: so that it can be broken. */
function replacing(namespace: string, container: ContainerSpec): Manifest {
  const whole = deployment({ namespace, name: 'web', container })
  return { ...whole, spec: { ...whole.spec, strategy: { type: 'Recreate', rollingUpdate: null } } }
}

/** Makes a victim's target, and waits until it is ready. */
export async function makeTarget({ a }: Testbed, namespace: string): Promise<void> {
  await a.apply(replacing(namespace, well), service({ namespace, name: 'web' }))
  await a.waitForPods(namespace, 'app=web', 1)
}

const rollTo =
  (broken: ContainerSpec): Strike =>
  async ({ namespace }, { bed }) => {
    await bed.a.apply(replacing(namespace, broken))
    // The evidence: no old pod is there any more, and the new one is what it is.
    await waitUntil('only the broken pod', 60, async () => {
      const pods = await bed.a.pods(namespace, 'app=web')
      return pods.length === 1 && pods[0]?.phase === 'Running' && pods[0].containerIds.length > 0
    })
    return fault(async () => {
      await bed.a.apply(replacing(namespace, well))
      await waitUntil('a good pod', 90, async () => {
        const pods = await bed.a.pods(namespace, 'app=web')
        return pods.length === 1 && pods.every(({ ready, deleting, restarts }) => ready && !deleting && restarts === 0)
      })
    })
  }

export const crashLoop = rollTo(workloadContainer({ CRASH_MS: 50, LISTEN_MS: 60_000 }, 'crash'))
export const stopListening = rollTo(workloadContainer({ CRASH_MS: 3_600_000, LISTEN_MS: 3_600_000 }, 'crash'))

export const takeItsPort: Strike = async ({ client, forwardId, port }) => {
  await expectOk(client.forwards.stop({ id: forwardId }))
  await waitForState(client, forwardId, 'off')
  const taken = await takePort(port)
  await expectOk(client.forwards.start({ id: forwardId }))
  return taken
}

export const deleteItsNamespace: Strike = async ({ namespace }, { bed }) => {
  await bed.a.deleteNamespace(namespace)
  await waitUntil('the namespace is gone', 90, async () => {
    const answer = await bed.a.api.request('GET', `/api/v1/namespaces/${namespace}`)
    return answer.status === 404
  })
  return fault(async () => {
    await bed.a.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    await waitUntil('its service account', 30, async () => {
      const account = await bed.a.api.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)
      return account.status === 200
    })
    await makeTarget(bed, namespace)
  })
}
