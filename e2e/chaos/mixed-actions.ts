import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../contract/client.ts'
import { kubectlsOf } from '../support/chaos-children.ts'
import { ask } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { Inspector } from '../support/inspector.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import { waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod, resetConnections, restartRollout } from '../testbed/faults.ts'
import type { SmallDisk } from '../testbed/host-faults.ts'
import type { ChaosWorld } from './chaos-part.ts'
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
  /** Whether a kubectl with this command line may lead there. */
  owns: (command: string) => boolean
}

export type MixedScene = {
  world: ChaosWorld
  client: Client
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
}

export type Action = {
  name: string
  act: () => Promise<unknown>
  /** What else goes on may refuse it, or its victim has ended by itself: then it is not counted, and nothing is wrong. */
  mayFail?: true
  /** Takes longer than the short form lasts. */
  long?: true
}

/**
 * What is done, in lanes: one action after the other in each, and all lanes at once. What needs the API of a cluster is in
 * the lane that also takes it away.
 */
export function actionLanes(scene: MixedScene, random: SeededRandom): Record<'a' | 'b' | 'owner', Action[]> {
  const { world, client, lines, namespace, workloads, victim, fake, disk, ownerPid } = scene
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
  const outages = (by: SeededRandom, on: Victim): Action[] => [
    { ...harm('API server away', harms.apiServerAway, by, on), long: true },
    { ...harm('API server restarted', harms.apiServerRestarted, by, on), long: true },
    harm('API server paused', harms.apiServerPaused, by, on),
    harm('link down', harms.linkDown, by, on),
    { ...harm('etcd away', harms.etcdAway, by, on), long: true },
    { name: 'connections reset', act: () => resetConnections(on.cluster) },
  ]

  let slept = 0
  const asleep = async (): Promise<void> => {
    await sleepAnHour(ownerPid, scene.inspector)
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
    process.kill(pid, name)
    if (name === 'SIGSTOP') scene.frozen.push({ command, at: performance.now() })
  }
  const stopAndStart = async (): Promise<void> => {
    const { id } = owner.one(lines)
    const window = { id, from: performance.now(), to: Infinity }
    scene.off.push(window)
    try {
      await expectOk(client.forwards.stop({ id }))
    } finally {
      await startAgain(client, id)
      window.to = performance.now()
    }
  }
  return {
    a: [
      ...outages(a, victim),
      {
        name: 'rollout',
        act: () => restartRollout(bed.a, namespace, `deployment/${a.one(workloads)}`),
        mayFail: true,
      },
      {
        name: 'pod deleted',
        act: async () => deletePod(bed.a, namespace, a.one(await bed.a.pods(namespace)).name, a.below(2) === 0),
        mayFail: true,
      },
      { ...harm('crash loop', harms.crashLoop, a, victim), long: true },
      { ...harm('container not listening', harms.notListening, a, victim), long: true },
      { ...harm('namespace deleted', harms.namespaceDeleted, a, victim), long: true },
      harm('local port taken', harms.portTaken, a, victim),
      { name: 'login ended, then rotated', act: endLogin, long: true },
      { name: 'an hour asleep', act: asleep },
      { name: 'disk full', act: fillDisk },
    ],
    b: outages(random.child('b'), fake),
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
      { name: 'stopped and started', act: stopAndStart, mayFail: true },
      {
        name: 'restarted',
        act: async () => expectOk(client.forwards.restart({ id: owner.one(lines).id })),
        mayFail: true,
      },
    ],
  }
}
