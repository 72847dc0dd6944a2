import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { CauseCode } from '../../contract/causes.ts'
import type { Client } from '../../contract/client.ts'
import { keepEchoing } from './echo.ts'
import { expectOk } from '../support/expect-ok.ts'
import { signalAll } from '../support/leftovers.ts'
import { addCluster, liveForward } from '../support/main-job.ts'
import { RowWatch } from '../support/row-watch.ts'
import { quantile } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { fault, restartComponent, restartRollout, type Fault } from '../testbed/faults.ts'
import { startKubectlForward } from '../testbed/kubectl-forward.ts'
import { deployment, service, WORKLOAD_PORTS } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import {
  harms,
  kubectlsTo,
  liveVictim,
  loginCluster,
  makeFake,
  makeTarget,
  readyFake,
  toFake,
  toTarget,
  type Harm,
  type Victim,
  type VictimPlace,
} from './victims.ts'

/**
 * At p99, a neighbour may take so many times as long as plain kubectls to the same pods do in the same seconds: what the
 * trouble costs the machine, and whatever else it does, falls on both.
 */
const mostRatio = 5
/** Plain kubectls for that comparison. */
const controls = 5
/** Below that nobody calls it late, ms. */
const lateMs = 250
/** No neighbour stands still for longer, ms, unless plain kubectls do (see `mostRatio`). */
const stillMs = 2000
/** Rounds of which the last hundredth is more than one moment of the machine. */
const enoughRounds = 1000
/** As long as a trouble may take to show; etcd away is told after 21 s, a login when its last token has ended. */
const showsWithinSeconds = 60

type Scene = {
  world: ChaosWorld
  client: Client
  rows: RowWatch
  /** Where targets are that only troubles use: with a real node, and in the other cluster. */
  target: VictimPlace
  fake: VictimPlace
}
/** A trouble that has begun. `shown` resolves when it is seen to have happened, with what was seen; else it throws. */
type Standing = Fault & { shown: () => Promise<string> }
type Trouble = { name: string; begin: (scene: Scene) => Promise<Standing> }

/** Shown by a row of the bad forward that says what it should, or at least no more that it is live. */
async function shownByRow({ rows }: Scene, id: string, since: number, causes: readonly CauseCode[]): Promise<string> {
  const what = causes.length === 0 ? 'anything but live' : causes.join(' or ')
  const { state, code } = await rows.until(
    id,
    what,
    showsWithinSeconds,
    (row) => row.state !== 'live' && (causes.length === 0 || (row.code !== null && causes.includes(row.code))),
    since,
  )
  return `its row: ${state} ${code ?? ''}`
}

/** A forward that never can be live. */
const misled =
  (input: Partial<Parameters<Client['forwards']['create']>[0]>, ...causes: CauseCode[]): Trouble['begin'] =>
  async (scene) => {
    const { client, target } = scene
    const { clusterId, namespace } = target
    const forward = await expectOk(client.forwards.create({ clusterId, namespace, ...toTarget, ...input }))
    return {
      ...fault(async () => {
        await expectOk(client.forwards.remove({ id: forward.id }))
      }),
      shown: () => shownByRow(scene, forward.id, 0, causes),
    }
  }

/** Strikes a forward that is live and serves. */
async function strikeIn(
  scene: Scene,
  place: VictimPlace,
  way: Pick<Parameters<Client['forwards']['create']>[0], 'target' | 'ports'>,
  { strike, causes }: Harm,
): Promise<Standing> {
  const { client } = scene
  const probe = { mode: 'connect' as const, seconds: 1 }
  const victim = await liveVictim(place, { namespace: place.namespace, probe, ...way })
  await scene.rows.until(victim.forwardId, 'live', 10, ({ state }) => state === 'live')
  const since = performance.now()
  const struck = await strike(victim, scene.world)
  return {
    ...fault(async () => {
      await struck.undo()
      await expectOk(client.forwards.remove({ id: victim.forwardId }))
    }),
    shown: () => shownByRow(scene, victim.forwardId, since, causes),
  }
}
const inA =
  (harm: Harm): Trouble['begin'] =>
  (scene) =>
    strikeIn(scene, scene.target, toTarget, harm)
const inB =
  (harm: Harm): Trouble['begin'] =>
  async (scene) => {
    await readyFake(scene.world.bed, scene.fake.namespace)
    return await strikeIn(scene, scene.fake, toFake, harm)
  }

/** Ends the login of a cluster that is there for that alone. */
const endLogin: Trouble['begin'] = async (scene) => {
  const login = await loginCluster(scene.client, scene.world.bed)
  const struck = await strikeIn(scene, { ...scene.target, clusterId: login.id }, toTarget, harms.loginEnded)
  return {
    ...fault(async () => {
      await struck.undo()
      await login.undo()
    }),
    shown: struck.shown,
  }
}

/** Something that is done again and again until it is undone; whatever it does, the row must not stay live. */
const again = (everyMs: number, act: (victim: Victim, world: ChaosWorld) => Promise<unknown>): Harm => ({
  strike: (victim, world) => Promise.resolve(repeatedly(everyMs, () => act(victim, world))),
  causes: [],
})

function repeatedly(everyMs: number, act: () => unknown): Fault {
  const over = new AbortController()
  const acting = (async () => {
    while (!over.signal.aborted) {
      await act()
      await pause(everyMs)
    }
  })()
  // Told when it is undone, and not before.
  acting.catch(() => undefined)
  return fault(async () => {
    over.abort()
    await acting
  })
}

const signal = (name: NodeJS.Signals) => async (victim: Victim) => signalAll(await kubectlsTo(victim), name)

const rolledAgain: Harm = {
  causes: [],
  strike: ({ namespace }, { bed }) => {
    const rolling = repeatedly(2000, () => restartRollout(bed.a, namespace, 'deployment/web'))
    return Promise.resolve(
      fault(async () => {
        await rolling.undo()
        await waitUntil('a pod that stays', 60, async () => {
          const pods = await bed.a.pods(namespace, 'app=web')
          return pods.length === 1 && pods.every(({ ready, deleting }) => ready && !deleting)
        })
      }),
    )
  },
}

/** A client that asks for 64 MiB and does not read them; in the end it does, and must get all of them. */
const slowReader: Trouble['begin'] = async ({ client, target }) => {
  const { port, forwardId } = await liveVictim(target, {
    namespace: target.namespace,
    target: toTarget.target,
    ports: [{ remote: WORKLOAD_PORTS.source }],
  })
  const wanted = 64 << 20
  let read = 0
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.on('data', (chunk: Buffer) => (read += chunk.length))
  socket.pause()
  socket.write(`${wanted}\n`)
  return {
    ...fault(async () => {
      socket.destroy()
      await expectOk(client.forwards.remove({ id: forwardId }))
    }),
    shown: async () => {
      if (read > 0) throw new Error(`${read} bytes were read already`)
      socket.resume()
      await waitUntil('all that was asked for', showsWithinSeconds, () => read >= wanted || socket.closed)
      if (read !== wanted) throw new Error(`it read ${read} bytes of ${wanted} at last`)
      return 'it read 64 MiB at last'
    },
  }
}

/** 20 clients every 100 ms that connect and leave. */
const crowd: Trouble['begin'] = async ({ client, target }) => {
  const { port, forwardId } = await liveVictim(target, { namespace: target.namespace, ...toTarget })
  const began = performance.now()
  let [connected, failed] = [0, 0]
  const coming = repeatedly(100, () => {
    for (let index = 0; index < 20; index += 1) {
      const socket = connect(port, '127.0.0.1', () => {
        connected += 1
        socket.destroy()
      })
      socket.on('error', () => (failed += 1))
    }
  })
  return {
    ...fault(async () => {
      await coming.undo()
      await expectOk(client.forwards.remove({ id: forwardId }))
    }),
    shown: () => {
      const each = connected / ((performance.now() - began) / 1000)
      const words = `${connected} connected, ${each.toFixed(0)} a second, ${failed} failed`
      return each < 100 || failed > 0 ? Promise.reject(new Error(words)) : Promise.resolve(words)
    },
  }
}

const troubles: Trouble[] = [
  { name: 'its kubectl is killed every 300 ms', begin: inA(again(300, signal('SIGKILL'))) },
  { name: 'its kubectl is stopped again and again', begin: inA(again(500, signal('SIGSTOP'))) },
  { name: 'nothing listens on its port', begin: misled({ ports: [{ remote: 9 }] }, 'container-not-listening') },
  { name: 'its target is not there', begin: misled({ target: { kind: 'service', name: 'gone' } }, 'target-missing') },
  { name: 'its namespace is not there', begin: misled({ namespace: 'nowhere' }, 'namespace-missing') },
  { name: 'its target is rolled again and again', begin: inA(rolledAgain) },
  { name: 'its target crashes again and again', begin: inA(harms.crashLoop) },
  { name: 'its container listens no more', begin: inA(harms.notListening) },
  { name: 'its namespace is deleted, and made again', begin: inA(harms.namespaceDeleted) },
  { name: 'its local port is taken', begin: inA(harms.portTaken) },
  { name: 'its login has ended, until it has other credentials', begin: endLogin },
  { name: 'a client takes 64 MiB and reads nothing', begin: slowReader },
  { name: '200 clients connect and leave every second', begin: crowd },
  { name: 'the API server of its cluster is away', begin: inB(harms.apiServerAway) },
  {
    name: 'the API server of its cluster is restarted again and again',
    begin: inB(again(1000, ({ cluster }) => restartComponent(cluster, 'apiserver'))),
  },
  { name: 'the etcd of its cluster is away', begin: inB(harms.etcdAway) },
  { name: 'the API server of its cluster is paused', begin: inB(harms.apiServerPaused) },
  { name: 'the link to its cluster is down', begin: inB(harms.linkDown) },
]

/** One forward misbehaves beside many healthy ones: no byte lost, none late. */
export async function troubleNeighbours(world: ChaosWorld): Promise<PartResult> {
  const { bed, size, random } = world
  const namespace = await bed.a.createNamespace('chaos')
  const [ofTarget, ofFake] = [await bed.a.createNamespace('chaos'), await bed.b.createNamespace('chaos')]
  await bed.a.apply(deployment({ namespace, name: 'well', replicas: 2 }), service({ namespace, name: 'well' }))
  await Promise.all([makeTarget(bed, ofTarget), makeFake(bed, ofFake), bed.a.waitForPods(namespace, 'app=well', 2)])
  await using host = await world.startHost()
  const { client, pid: ownerPid } = host
  const clusterId = (await addCluster(client, bed.a.kubeconfig, 'a')).id
  const other = (await addCluster(client, bed.b.kubeconfig, 'b')).id
  using rows = await RowWatch.follow(client)
  const scene: Scene = {
    world,
    client,
    rows,
    target: { client, cluster: bed.a, clusterId, namespace: ofTarget, ownerPid },
    fake: { client, cluster: bed.b, clusterId: other, namespace: ofFake, ownerPid },
  }
  const healthy = await Promise.all(
    Array.from({ length: size.healthyForwards }, () =>
      liveForward(client, {
        clusterId,
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
  /** The longest that any of them waited, who still waits included. */
  const longestWait = (of: typeof echoes, from: number, to: number): number =>
    Math.max(
      ...of.map(({ soFar: { waitsSince } }) => (waitsSince === null ? 0 : to - Math.max(waitsSince, from))),
      ...of.flatMap(({ soFar }) => soFar.rounds.filter(({ at, ms }) => at + ms >= from && at < to).map(({ ms }) => ms)),
    )
  const lost = (): number => echoes.reduce((sum, { soFar }) => sum + soFar.lost, 0)
  const facts: PartResult['facts'] = {}
  const violations: string[] = []
  // Connections, spares and compiled code settle first.
  await pause(Math.min(10, size.troubleSeconds) * 1000)
  const ratios: { ours: number; plain: number; name: string }[] = []
  for (const { name, begin } of random.some(troubles, size.neighbourTroubles)) {
    world.say(name)
    // Calm before each: what else this machine does changes from minute to minute.
    const calmAt = performance.now()
    await pause(size.troubleSeconds * 500)
    const beganAt = performance.now()
    const [calm, calmControl] = [echoes, plain].map((of) => quantile(between(of, calmAt, beganAt), 0.99)) as [
      number,
      number,
    ]
    const before = lost()
    await using trouble = await begin(scene)
    await pause(size.troubleSeconds * 1000)
    const shown = await trouble.shown().catch((error: unknown) => error as Error)
    if (shown instanceof Error) violations.push(`${name}: nothing shows that it happened: ${shown.message}`)
    const endedAt = performance.now()
    const rounds = between(echoes, beganAt, endedAt)
    const beside = between(plain, beganAt, endedAt)
    const during = quantile(rounds, 0.99)
    const control = quantile(beside, 0.99)
    const [still, usuallyStill] = [longestWait(echoes, beganAt, endedAt), longestWait(plain, beganAt, endedAt)]
    await trouble.undo()
    ratios.push({ name, ours: during / calm, plain: control / calmControl })
    facts[name] =
      `p99 ${during.toFixed(1)} ms, calm ${calm.toFixed(1)} ms, longest ${still.toFixed(0)} ms; plain kubectl in the same seconds ${control.toFixed(1)} ms, ` +
      `calm ${calmControl.toFixed(1)} ms, longest ${usuallyStill.toFixed(0)} ms; ${shown instanceof Error ? 'NOT SHOWN' : shown}`
    if (still > stillMs && still > mostRatio * usuallyStill)
      violations.push(
        `${name}: a neighbour stood still for ${still.toFixed(0)} ms, plain kubectls for ${usuallyStill.toFixed(0)} ms at most`,
      )
    if (lost() > before) violations.push(`${name}: ${lost() - before} connections of neighbours were lost`)
    const share = rounds.length < enoughRounds ? 0.9 : 0.99
    const [late, usual] = [quantile(rounds, share), quantile(beside, share)]
    if (late > mostRatio * usual && late > lateMs)
      violations.push(
        `${name}: neighbours late, p${share * 100} ${late.toFixed(0)} ms, plain kubectl ${usual.toFixed(0)} ms`,
      )
  }
  const results = await Promise.all(echoes.map((echo) => echo.stop()))
  await Promise.all(plain.map((echo) => echo.stop()))
  const wrong = results.reduce((sum, one) => sum + one.wrongBytes, 0)
  const rounds = results.reduce((sum, one) => sum + one.rounds.length, 0)
  if (wrong > 0) violations.push(`${wrong} wrong bytes at neighbours`)
  if (results.some((one) => one.rounds.length === 0)) violations.push('a neighbour carried nothing')
  for (const whose of ['ours', 'plain'] as const) {
    const worst = ratios.reduce((most, one) => (one[whose] > most[whose] ? one : most))
    const half = quantile(
      ratios.map((one) => one[whose]),
      0.5,
    )
    facts[`p99 in trouble against calm, ${whose === 'ours' ? 'neighbours' : 'plain kubectl'}`] =
      `${ratios.length} troubles: median ${half.toFixed(2)}, worst ${worst[whose].toFixed(2)} (${worst.name})`
  }
  facts['checked at neighbours'] =
    `${(rounds / 1024).toFixed(1)} MiB each way, ${wrong} wrong bytes, ${lost()} connections lost`
  await Promise.all([
    ...[namespace, ofTarget].map((name) => bed.a.deleteNamespace(name)),
    bed.b.deleteNamespace(ofFake),
  ])
  return { facts, violations }
}
