import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../contract/client.ts'
import { withoutHintMs } from '../support/bounds.ts'
import { kubectlsOf } from '../support/chaos-children.ts'
import { ask } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { Inspector } from '../support/inspector.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import { waitForState } from '../support/main-job.ts'
import type { RowWatch } from '../support/row-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod, resetConnections, restartRollout } from '../testbed/faults.ts'
import type { SmallDisk } from '../testbed/host-faults.ts'
import type { PodRow } from '../testbed/pods.ts'
import type { ChaosWorld } from './chaos-part.ts'
import type { Breaks } from './mixed-breaks.ts'
import {
  harms,
  liveVictim,
  loginCluster,
  sleepAnHour,
  startAgain,
  toTarget,
  type Harm,
  type Victim,
} from './victims.ts'

/** A forward as the traffic needs it. */
export type Line = {
  id: string
  port: number
  remote: number
  cluster: 'a' | 'b'
  /** The deployment it leads to; null: a pod that stays. */
  workload: string | null
  /** Whether a kubectl with this command line may lead there. */
  owns: (command: string) => boolean
}

export type MixedScene = {
  world: ChaosWorld
  client: Client
  rows: RowWatch
  inspector: Inspector
  ownerPid: number
  lines: readonly Line[]
  /** The deployments in A, and their namespace. */
  workloads: readonly string[]
  namespace: string
  /** Has a target of its own in A. */
  victim: Victim
  /** One of those in B. */
  fake: Victim
  disk: SmallDisk
  /** When lines were off because we said so, and which kubectls were stopped when: `performance.now()`. */
  off: { id: string; from: number; to: number }[]
  frozen: { command: string; at: number }[]
  /** Whatever else could end a connection. */
  breaks: Breaks
}

export type Action = {
  name: string
  /** False: what else goes on refused it; then it is not counted, and nothing is wrong. */
  act: () => Promise<unknown>
  /** What else goes on may make it throw, or its victim has ended by itself: the same. */
  mayFail?: true
  /** Takes longer than the short form lasts. */
  long?: true
}

/**
 * What is done, in lanes: one action after the other in each, and all lanes at once. What needs the API of a cluster is in
 * the lane that also takes it away.
 */
export function actionLanes(scene: MixedScene, random: SeededRandom): Record<'a' | 'b' | 'owner', Action[]> {
  const { world, client, lines, namespace, workloads, victim, fake, disk, ownerPid, breaks } = scene
  const { bed, size } = world
  const a = random.child('a')
  const owner = random.child('owner')
  const aWhile = (by: SeededRandom): Promise<void> => pause(1000 + by.below(size.outageSeconds * 250))

  const harm = (name: string, { strike }: Harm, by: SeededRandom, on: Victim): Action => ({
    name,
    act: async () => {
      await using struck = await strike(on, world)
      await aWhile(by)
      await struck.undo()
    },
  })
  const outages = (by: SeededRandom, on: Victim, cluster: Line['cluster']): Action[] => {
    const actions: Action[] = [
      { ...harm('API server away', harms.apiServerAway, by, on), long: true },
      { ...harm('API server restarted', harms.apiServerRestarted, by, on), long: true },
      harm('API server paused', harms.apiServerPaused, by, on),
      harm('link down', harms.linkDown, by, on),
      { ...harm('etcd away', harms.etcdAway, by, on), long: true },
      { name: 'connections reset', act: () => resetConnections(on.cluster) },
    ]
    const touches = (line: Line): boolean => line.cluster === cluster
    return actions.map(({ act, ...rest }) => ({ ...rest, act: () => breaks.during(rest.name, touches, act) }))
  }
  /** So long that what broke before excuses nobody any more. */
  const leftAlone = { name: 'left alone', act: () => pause(3 * withoutHintMs), long: true } as const
  let slept = 0
  const asleep = async (): Promise<void> => {
    await breaks.during(
      'an hour asleep',
      () => true,
      () => sleepAnHour(ownerPid, scene.inspector),
    )
    slept += 1
  }
  /** A forward that is there for that alone; its cluster goes with it. */
  const endLogin = async (): Promise<void> => {
    await using login = await loginCluster(client, bed, slept * 3600)
    const guest = await liveVictim({ ...victim, clusterId: login.id }, { namespace: victim.namespace, ...toTarget })
    await using struck = await harms.loginEnded.strike(guest, world)
    await aWhile(a)
    await struck.undo()
    await waitForState(client, guest.forwardId, 'live', 90)
    await waitUntil(
      'an answer with other credentials',
      30,
      async () => (await ask(guest.port, 8080, 5000)).outcome === 'right',
    )
  }
  const fillDisk = async (): Promise<void> => {
    await disk.fill()
    try {
      await aWhile(a)
    } finally {
      await disk.free()
    }
  }

  const signal = (name: 'SIGKILL' | 'SIGSTOP') => async (): Promise<void> => {
    const { pid, command } = owner.one(await kubectlsOf(ownerPid))
    const at = performance.now()
    const end = breaks.begin(`kubectl ${name}`, (line) => line.owns(command))
    try {
      process.kill(pid, name)
    } finally {
      end()
    }
    if (name === 'SIGSTOP') scene.frozen.push({ command, at })
  }
  const stopAndStart = async (): Promise<boolean> => {
    const { id } = owner.one(lines)
    const window = { id, from: performance.now(), to: Infinity }
    scene.off.push(window)
    const on = breaks.begin('stopped and started', (line) => line.id === id)
    // Where the disk is full it cannot be stopped; and then it must be on again in any case.
    const stopped = await client.forwards.stop({ id })
    try {
      await startAgain(client, id)
    } finally {
      window.to = performance.now()
      on()
    }
    return stopped.ok
  }
  /** Pods go by themselves, later, and whatever else happens meanwhile: the break lasts until they are gone. */
  const losing = async (
    what: string,
    workload: string,
    pods: readonly PodRow[],
    act: () => Promise<void>,
  ): Promise<void> => {
    const end = breaks.begin(what, (line) => line.workload === workload)
    const gone = async (): Promise<boolean> => {
      const left = await bed.a.pods(namespace, `app=${workload}`)
      return left.some(({ ready }) => ready) && !left.some(({ uid }) => pods.some((pod) => pod.uid === uid))
    }
    try {
      await act()
      void waitUntil('the pods to be gone', 180, gone).then(end, end)
    } catch (error) {
      end()
      throw error
    }
  }
  const rollOut = async (): Promise<void> => {
    const workload = a.one(workloads)
    const pods = await bed.a.pods(namespace, `app=${workload}`)
    await losing('rollout', workload, pods, () => restartRollout(bed.a, namespace, `deployment/${workload}`))
  }
  const takePod = async (): Promise<void> => {
    const workload = a.one(workloads)
    const pod = a.one(await bed.a.pods(namespace, `app=${workload}`))
    await losing('pod deleted', workload, [pod], () => deletePod(bed.a, namespace, pod.name, a.below(2) === 0))
  }
  const restart = async (): Promise<void> => {
    const { id } = owner.one(lines)
    const act = (): Promise<unknown> => expectOk(client.forwards.restart({ id }))
    await breaks.during('restarted', (line) => line.id === id, act)
  }
  return {
    a: [
      ...outages(a, victim, 'a'),
      { name: 'rollout', act: rollOut, mayFail: true },
      { name: 'pod deleted', act: takePod, mayFail: true },
      { ...harm('crash loop', harms.crashLoop, a, victim), long: true },
      { ...harm('container not listening', harms.notListening, a, victim), long: true },
      { ...harm('namespace deleted', harms.namespaceDeleted, a, victim), long: true },
      harm('local port taken', harms.portTaken, a, victim),
      { name: 'login ended, then rotated', act: endLogin, long: true },
      { name: 'an hour asleep', act: asleep },
      { name: 'disk full', act: fillDisk },
      leftAlone,
    ],
    b: [...outages(random.child('b'), fake, 'b'), leftAlone],
    owner: [
      { name: 'kubectl killed', act: signal('SIGKILL'), mayFail: true },
      { name: 'kubectl stopped', act: signal('SIGSTOP'), mayFail: true },
      {
        name: 'sidecar killed',
        act: async () => {
          const { sidecar } = await expectOk(client.app.status())
          if (sidecar.pid === null) throw new Error('it is down already')
          process.kill(sidecar.pid, 'SIGKILL')
        },
        mayFail: true,
      },
      {
        // After five crashes in five minutes it waits for a person.
        name: 'sidecar started again',
        act: async () => {
          const { sidecar } = await expectOk(client.app.status())
          if (sidecar.state !== 'failed') return false
          return expectOk(client.sidecar.restart())
        },
      },
      { name: 'stopped and started', act: stopAndStart },
      { name: 'restarted', act: restart, mayFail: true },
    ],
  }
}
