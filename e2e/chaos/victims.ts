import { readFile } from 'node:fs/promises'
import type { CauseCode } from '../../contract/causes.ts'
import type { Client } from '../../contract/client.ts'
import { kubectlsOf, type SeenKubectl } from '../support/chaos-children.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { Inspector } from '../support/inspector.ts'
import { signalAll } from '../support/leftovers.ts'
import { addCluster, localAddress, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { componentPid } from '../testbed/cluster.ts'
import {
  deletePod,
  fault,
  linkDown,
  pauseComponent,
  restartComponent,
  stopComponent,
  type Fault,
} from '../testbed/faults.ts'
import { loginPlugin, loginRuns, takePort } from '../testbed/host-faults.ts'
import type { TestCluster, Testbed } from '../testbed/testbed.ts'
import {
  barePod,
  deployment,
  httpContainer,
  service,
  workloadContainer,
  type ContainerSpec,
  type Manifest,
} from '../testbed/workloads.ts'
import type { ChaosWorld } from './chaos-part.ts'

type ForwardInput = Parameters<Client['forwards']['create']>[0]

/** Where a victim lives. The namespace is nobody else's: what is done there, nobody else feels. */
export type VictimPlace = {
  client: Client
  cluster: TestCluster
  clusterId: string
  namespace: string
  ownerPid: number
}
/** A forward that something is done to. */
export type Victim = VictimPlace & { forwardId: string; port: number }

/** Makes it go wrong; the evidence exists when this resolves. `undo` takes the reason away. */
export type Strike = (victim: Victim, world: ChaosWorld) => Promise<Fault>

/**
 * Something that can be done to a victim. `causes` is what its row may name at first, none: it need not suffer at all;
 * `inTheEnd` what it must name while it lasts, where that is more than the first word.
 */
export type Harm = { strike: Strike; causes: readonly CauseCode[]; inTheEnd?: CauseCode }

/** The way to the target of `makeTarget`. */
export const toTarget = { target: { kind: 'deployment' as const, name: 'web' }, ports: [{ remote: 8080 }] }
/** The way to the pod of `makeFake`. */
export const toFake = { target: { kind: 'pod' as const, name: 'fake' }, ports: [{ remote: 8080 }] }

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

/** Makes a target in the cluster that has no real node. */
export async function makeFake({ b }: Testbed, namespace: string): Promise<void> {
  await b.apply(barePod({ namespace, name: 'fake', nodeName: 'fake-1', container: httpContainer() }))
  await b.waitForPods(namespace, 'app=fake', 1)
}

/** The same pod, ready: kwok makes one ready once, and whose node was not heard of meanwhile stays unready. */
export async function readyFake(bed: Testbed, namespace: string): Promise<void> {
  const [fake] = await bed.b.pods(namespace, 'app=fake')
  if (fake?.ready === true) return
  if (fake !== undefined) await deletePod(bed.b, namespace, fake.name, true)
  await waitUntil('the unready pod is gone', 30, async () => (await bed.b.pods(namespace, 'app=fake')).length === 0)
  await makeFake(bed, namespace)
}

/** A victim with a forward that is live. */
export async function liveVictim(place: VictimPlace, input: Omit<ForwardInput, 'clusterId'>): Promise<Victim> {
  const { client, clusterId } = place
  const made = await expectOk(client.forwards.create({ clusterId, ...input }))
  // An outage that has just ended may be tried again as late as 15 s after it.
  const forward = await waitForState(client, made.id, 'live', 90)
  return { ...place, forwardId: forward.id, port: localAddress(forward).port }
}

/** How long each token of a `loginCluster` is good for: what lives shorter is renewed late (reconciler-renewal.spec.ts). */
const tokenSeconds = 15

/** Adds a cluster with the exec plugin as its user. `aheadSeconds`: so much is the owner's clock ahead of the plugin's. */
export async function loginCluster(client: Client, bed: Testbed, aheadSeconds = 0): Promise<Fault & { id: string }> {
  const short = await loginPlugin(bed.description, { lifetimeSeconds: tokenSeconds + aheadSeconds })
  const { id } = await addCluster(client, bed.a.users['exec'] ?? '', 'login')
  const removed = fault(async () => {
    await expectOk(client.clusters.remove({ id, removeForwards: 'true' }))
    await short.undo()
  })
  return { ...removed, id }
}

/** The kubectls that lead to the victim's namespace. */
export async function kubectlsTo({ ownerPid, namespace }: VictimPlace): Promise<SeenKubectl[]> {
  return (await kubectlsOf(ownerPid)).filter(({ command }) => command.includes(` --namespace ${namespace} `))
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

const takeItsPort: Strike = async ({ client, forwardId, port }) => {
  await expectOk(client.forwards.stop({ id: forwardId }))
  await waitForState(client, forwardId, 'off')
  const taken = await takePort(port)
  await startAgain(client, forwardId)
  return taken
}

/** Starts a forward; where the disk is full just now, as soon as it is not. */
export async function startAgain(client: Client, id: string): Promise<void> {
  await waitUntil('the forward to be started', 60, async () => expectOk(client.forwards.start({ id })))
}

const deleteItsNamespace: Strike = async ({ namespace }, { bed }) => {
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

/** Of a victim in a `loginCluster`: the plugin gives no token any more, until the cluster has other credentials. */
const endItsLogin: Strike = async (victim, { bed }) => {
  const ended = await loginPlugin(bed.description, { mode: 'fail' })
  const before = await loginRuns(bed.description)
  // It is asked again before the last token ends.
  await waitUntil('a login that failed', 4 * tokenSeconds, async () => (await loginRuns(bed.description)) > before)
  // A tunnel that is open needs no login, each new one does: now it is missed.
  signalAll(await kubectlsTo(victim), 'SIGKILL')
  return fault(async () => {
    const text = await readFile(bed.a.kubeconfig, 'utf8')
    await expectOk(victim.client.clusters.rotate({ id: victim.clusterId, text }))
    await ended.undo()
  })
}

const away: CauseCode[] = ['cluster-unreachable', 'api-unavailable']

/** What can be done to one victim: to its cluster as a whole, or to its own target, port and login. */
export const harms = {
  apiServerAway: { strike: ({ cluster }) => stopComponent(cluster, 'apiserver'), causes: away },
  apiServerRestarted: {
    strike: async ({ cluster }) => {
      const before = componentPid(cluster.layout, 'apiserver')
      await restartComponent(cluster, 'apiserver')
      const after = componentPid(cluster.layout, 'apiserver')
      if (after === null || after === before) throw new Error('the API server is the same as before')
      return fault(() => Promise.resolve())
    },
    causes: [],
  },
  apiServerPaused: {
    strike: ({ cluster }) => pauseComponent(cluster, 'apiserver'),
    causes: [...away, 'tunnel-stalled'],
  },
  linkDown: { strike: ({ cluster }) => linkDown(cluster), causes: [...away, 'tunnel-stalled'] },
  etcdAway: {
    strike: async (victim) => {
      const stopped = await stopComponent(victim.cluster, 'etcd')
      // Tunnels that are open do not need it; new ones do.
      signalAll(await kubectlsTo(victim), 'SIGKILL')
      return stopped
    },
    causes: away,
  },
  crashLoop: {
    strike: rollTo(workloadContainer({ CRASH_MS: 50, LISTEN_MS: 60_000 }, 'crash')),
    causes: ['no-ready-pod', 'container-not-listening'],
  },
  notListening: {
    strike: rollTo(workloadContainer({ CRASH_MS: 3_600_000, LISTEN_MS: 3_600_000 }, 'crash')),
    causes: ['container-not-listening'],
  },
  portTaken: { strike: takeItsPort, causes: ['local-port-taken'] },
  namespaceDeleted: {
    strike: deleteItsNamespace,
    causes: ['namespace-missing', 'target-missing', 'no-ready-pod'],
    inTheEnd: 'namespace-missing',
  },
  loginEnded: {
    strike: endItsLogin,
    causes: ['credentials-expired', 'credentials-rejected', 'credentials-command-failed'],
  },
} satisfies Record<string, Harm>

/** The machine sleeps for an hour: everything stands still for a moment, and the owner's clock is an hour further. */
export async function sleepAnHour(ownerPid: number, inspector: Inspector): Promise<void> {
  const pids = [...(await kubectlsOf(ownerPid)).map(({ pid }) => ({ pid })), { pid: ownerPid }]
  await inspector.evaluate('{ const now = Date.now; Date.now = () => now() + 3600000 } 0')
  signalAll(pids, 'SIGSTOP')
  signalAll(pids, 'SIGCONT')
}
