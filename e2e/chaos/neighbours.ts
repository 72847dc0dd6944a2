import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../contract/client.ts'
import { kubectlsOf } from '../support/chaos-children.ts'
import { keepEchoing } from '../support/chaos-echo.ts'
import { expectOk } from '../support/expect-ok.ts'
import { signalAll } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, waitForState } from '../support/main-job.ts'
import { quantile } from '../support/statistics.ts'
import { fault, linkDown, pauseComponent, restartComponent, restartRollout, stopComponent, type Fault } from '../testbed/faults.ts' // prettier-ignore
import { loginPlugin } from '../testbed/host-faults.ts'
import { startKubectlForward } from '../testbed/kubectl-forward.ts'
import { deployment, service, workloadContainer, WORKLOAD_PORTS } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { crashLoop, deleteItsNamespace, makeTarget, stopListening, takeItsPort, toTarget, type Strike } from './victims.ts' // prettier-ignore

/**
 * At p99, a neighbour may take so many times as long as plain kubectls to the same pods do in the same seconds: what the
 * trouble costs the machine, and whatever else it does, falls on both.
 */
const mostRatio = 5
/** Plain kubectls for that comparison. */
const controls = 5
/** Below that nobody calls it late, ms. */
const lateMs = 250
/** Rounds of which the last hundredth is more than one moment of the machine. */
const enoughRounds = 1000

type Scene = {
  world: ChaosWorld
  client: Client
  clusterA: string
  clusterB: string
  namespace: string
  /** Where a target is that only troubles use. */
  victims: string
  ownerPid: number
}
type Trouble = { name: string; begin: (scene: Scene) => Promise<Fault> }

/** Adds a forward that goes with the trouble. */
async function withForward(
  { client, namespace, clusterA }: Scene,
  input: Partial<Parameters<Client['forwards']['create']>[0]>,
  begin: (forward: { id: string; port: number }) => Promise<Fault> = () =>
    Promise.resolve(fault(() => Promise.resolve())),
): Promise<Fault> {
  const target = { kind: 'deployment' as const, name: 'bad' }
  const ports = [{ remote: 8080 }]
  const forward = await expectOk(client.forwards.create({ clusterId: clusterA, namespace, target, ports, ...input }))
  const begun = await begin({ id: forward.id, port: forward.ports[0]?.local ?? 0 })
  return fault(async () => {
    await begun.undo()
    await expectOk(client.forwards.remove({ id: forward.id }))
  })
}

/** Does something again and again until it is undone. */
function repeatedly(everyMs: number, act: () => unknown): Fault {
  const over = new AbortController()
  const acting = (async () => {
    while (!over.signal.aborted) {
      await act()
      await pause(everyMs)
    }
  })()
  return fault(async () => {
    over.abort()
    await acting
  })
}

/** Strikes a forward that is live and goes with the trouble. */
async function withVictim(scene: Scene, strike: Strike): Promise<Fault> {
  const { world, client, clusterA: clusterId, victims: namespace, ownerPid } = scene
  const probe = { mode: 'connect' as const, seconds: 1 }
  const forward = await liveForward(client, { clusterId, namespace, ...toTarget, probe })
  const { port } = localAddress(forward)
  const struck = await strike({ client, clusterId, namespace, forwardId: forward.id, port, ownerPid }, world)
  return fault(async () => {
    await struck.undo()
    await expectOk(client.forwards.remove({ id: forward.id }))
  })
}

/** Sends a signal to every kubectl of the forward that misbehaves, again and again. */
const signalling = ({ ownerPid }: Scene, signal: NodeJS.Signals, everyMs: number): Fault =>
  repeatedly(everyMs, async () => {
    const all = await kubectlsOf(ownerPid)
    signalAll(
      all.filter(({ command }) => /pod\/bad-\S+ /.test(command)),
      signal,
    )
  })

const source = [{ remote: WORKLOAD_PORTS.source }]
const inB = ({ clusterB }: Scene) => ({ clusterId: clusterB, namespace: 'default', target: { kind: 'pod' as const, name: 'nobody' } }) // prettier-ignore

const roll = ({ world: { bed }, namespace }: Scene): Promise<Fault> =>
  Promise.resolve(repeatedly(2000, () => restartRollout(bed.a, namespace, 'deployment/bad')))

async function endLogin(scene: Scene): Promise<Fault> {
  const { client, namespace, world } = scene
  const { bed } = world
  const short = await loginPlugin(bed.description, { lifetimeSeconds: 10 })
  const { id } = await addCluster(client, bed.a.users['exec'] ?? '', 'login')
  const target = { kind: 'deployment' as const, name: 'bad' }
  const forward = await liveForward(client, { clusterId: id, namespace, target, ports: [{ remote: 8080 }] })
  const ended = await loginPlugin(bed.description, { mode: 'fail' })
  // A tunnel that is open needs no login; each new one does.
  const killing = signalling(scene, 'SIGKILL', 1000)
  return fault(async () => {
    await killing.undo()
    await expectOk(client.clusters.rotate({ id, text: await readFile(bed.a.kubeconfig, 'utf8') }))
    await waitForState(client, forward.id, 'live', 60)
    await ended.undo()
    await short.undo()
    await expectOk(client.clusters.remove({ id, removeForwards: 'true' }))
  })
}

const troubles: Trouble[] = [
  {
    name: 'its kubectl is killed every 300 ms',
    begin: (scene) => withForward(scene, {}, () => Promise.resolve(signalling(scene, 'SIGKILL', 300))),
  },
  {
    name: 'its kubectl is stopped again and again',
    begin: (scene) =>
      withForward(scene, { probe: { mode: 'connect', seconds: 1 } }, () =>
        Promise.resolve(signalling(scene, 'SIGSTOP', 500)),
      ),
  },
  { name: 'nothing listens on its port', begin: (scene) => withForward(scene, { ports: [{ remote: 9 }] }) },
  {
    name: 'its target is not there',
    begin: (scene) => withForward(scene, { target: { kind: 'service', name: 'gone' } }),
  },
  { name: 'its namespace is not there', begin: (scene) => withForward(scene, { namespace: 'nowhere' }) },
  { name: 'its target is rolled again and again', begin: (scene) => withForward(scene, {}, () => roll(scene)) },
  { name: 'its target crashes again and again', begin: (scene) => withVictim(scene, crashLoop) },
  { name: 'its container listens no more', begin: (scene) => withVictim(scene, stopListening) },
  { name: 'its namespace is deleted, and made again', begin: (scene) => withVictim(scene, deleteItsNamespace) },
  { name: 'its local port is taken', begin: (scene) => withVictim(scene, takeItsPort) },
  { name: 'its login has ended, until it has other credentials', begin: endLogin },
  {
    name: 'a client takes 64 MiB and reads nothing',
    begin: (scene) =>
      withForward(scene, { ports: source }, async ({ port }) => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => undefined)
        await once(socket, 'connect')
        socket.pause()
        socket.write(`${64 << 20}\n`)
        return fault(() => {
          socket.destroy()
          return Promise.resolve()
        })
      }),
  },
  {
    name: '200 clients connect and leave every second',
    begin: (scene) =>
      withForward(scene, {}, ({ port }) =>
        Promise.resolve(
          repeatedly(100, () => {
            for (let index = 0; index < 20; index += 1) {
              const socket = connect(port, '127.0.0.1', () => socket.destroy())
              socket.on('error', () => undefined)
            }
          }),
        ),
      ),
  },
  {
    name: 'the API server of its cluster is away',
    begin: (scene) => withForward(scene, inB(scene), () => stopComponent(scene.world.bed.b, 'apiserver')),
  },
  {
    name: 'the API server of its cluster is restarted again and again',
    begin: (scene) =>
      withForward(scene, inB(scene), () =>
        Promise.resolve(repeatedly(1000, () => restartComponent(scene.world.bed.b, 'apiserver'))),
      ),
  },
  {
    name: 'the etcd of its cluster is away',
    begin: (scene) => withForward(scene, inB(scene), () => stopComponent(scene.world.bed.b, 'etcd')),
  },
  {
    name: 'the API server of its cluster is paused',
    begin: (scene) =>
      withForward(scene, inB(scene), () => Promise.resolve(pauseComponent(scene.world.bed.b, 'apiserver'))),
  },
  {
    name: 'the link to its cluster is down',
    begin: (scene) => withForward(scene, inB(scene), () => linkDown(scene.world.bed.b)),
  },
]

/** One forward misbehaves beside many healthy ones: no byte lost, none late. */
export async function troubleNeighbours(world: ChaosWorld): Promise<PartResult> {
  const { bed, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  await bed.a.apply(deployment({ namespace, name: 'well', replicas: 2 }), service({ namespace, name: 'well' }))
  await bed.a.apply(deployment({ namespace, name: 'bad', container: workloadContainer() }))
  const victims = await bed.a.createNamespace('chaos')
  await Promise.all([
    makeTarget(bed, victims),
    bed.a.waitForPods(namespace, 'app=well', 2),
    bed.a.waitForPods(namespace, 'app=bad', 1),
  ])
  await using host = await world.startHost()
  const { client } = host
  const clusterA = (await addCluster(client, bed.a.kubeconfig, 'a')).id
  const clusterB = (await addCluster(client, bed.b.kubeconfig, 'b')).id
  const healthy = await Promise.all(
    Array.from({ length: size.healthyForwards }, () =>
      liveForward(client, {
        clusterId: clusterA,
        namespace,
        target: { kind: 'service', name: 'well' },
        ports: [{ remote: WORKLOAD_PORTS.echo }],
      }),
    ),
  )
  const echoes = healthy.map((forward) => keepEchoing(forward.ports[0]?.local ?? 0, 100))
  await using stack = new AsyncDisposableStack()
  const plain = await Promise.all(
    Array.from({ length: controls }, async () => {
      const forward = { namespace, target: 'svc/well', ports: [WORKLOAD_PORTS.echo] }
      const kubectl = stack.use(await startKubectlForward(bed.a, bed.kubectl, forward))
      return keepEchoing(kubectl.localPort(WORKLOAD_PORTS.echo), 100)
    }),
  )
  const between = (of: typeof echoes, from: number, to: number): number[] =>
    of.flatMap(({ soFar }) => soFar.rounds.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms))
  const lost = (): number => echoes.reduce((sum, { soFar }) => sum + soFar.lost, 0)
  const facts: PartResult['facts'] = {}
  const violations: string[] = []
  // Connections, spares and compiled code settle first.
  await pause(Math.min(10, size.troubleSeconds) * 1000)
  const ratios: number[] = []
  for (const { name, begin } of troubles) {
    world.say(name)
    // Calm before each: what else this machine does changes from minute to minute.
    const calmAt = performance.now()
    await pause(size.troubleSeconds * 500)
    const beganAt = performance.now()
    const calm = quantile(between(echoes, calmAt, beganAt), 0.99)
    const before = lost()
    await using trouble = await begin({ world, client, clusterA, clusterB, namespace, victims, ownerPid: host.pid })
    await pause(size.troubleSeconds * 1000)
    const endedAt = performance.now()
    const rounds = between(echoes, beganAt, endedAt)
    const beside = between(plain, beganAt, endedAt)
    const during = quantile(rounds, 0.99)
    const control = quantile(beside, 0.99)
    await trouble.undo()
    ratios.push(during / calm)
    facts[name] =
      `p99 ${during.toFixed(1)} ms, calm ${calm.toFixed(1)} ms, plain kubectl in the same seconds ${control.toFixed(1)} ms`
    if (lost() > before) violations.push(`${name}: ${lost() - before} connections of neighbours were lost`)
    const share = rounds.length < enoughRounds ? 0.9 : 0.99
    const [late, usual] = [quantile(rounds, share), quantile(beside, share)]
    if (late > mostRatio * usual && late > lateMs)
      violations.push(`${name}: neighbours late, p${share * 100} ${late.toFixed(0)} ms, plain kubectl ${usual.toFixed(0)} ms`) // prettier-ignore
  }
  const results = await Promise.all(echoes.map((echo) => echo.stop()))
  await Promise.all(plain.map((echo) => echo.stop()))
  const wrong = results.reduce((sum, one) => sum + one.wrongBytes, 0)
  const rounds = results.reduce((sum, one) => sum + one.rounds.length, 0)
  if (wrong > 0) violations.push(`${wrong} wrong bytes at neighbours`)
  if (results.some((one) => one.rounds.length === 0)) violations.push('a neighbour carried nothing')
  facts['p99 against calm, all troubles'] =
    `median ${quantile(ratios, 0.5).toFixed(2)}, worst ${Math.max(...ratios).toFixed(2)}`
  facts['checked at neighbours'] = `${(rounds / 1024).toFixed(1)} MiB each way, ${wrong} wrong bytes, ${lost()} connections lost` // prettier-ignore
  await Promise.all([namespace, victims].map((name) => bed.a.deleteNamespace(name)))
  return { facts, violations }
}
