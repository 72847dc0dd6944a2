import type { Forward } from '../../contract/forwards.ts'
import type { Client } from '../../contract/client.ts'
import { probeSeconds } from '../support/bounds.ts'
import { expectOk } from '../support/expect-ok.ts'
import { waitForState } from '../support/main-job.ts'
import type { RowWatch } from '../support/row-watch.ts'
import type { TestCluster } from '../testbed/testbed.ts'
import { deployment, service, WORKLOAD_PORTS } from '../testbed/workloads.ts'

/** The ports whose every answer can be checked. */
const remotes = [
  WORKLOAD_PORTS.http,
  WORKLOAD_PORTS.echo,
  WORKLOAD_PORTS.source,
  WORKLOAD_PORTS.countedSink,
  WORKLOAD_PORTS.banner,
]

/** A forward of the run, with what its kubectls have in their command line and no other forward's has. */
export type Lane = { forward: Forward; port: number; remote: number; workload: string }

/** One deployment for each five forwards, each forward to another of its ports. */
export async function makeLanes(
  client: Client,
  cluster: TestCluster,
  to: { clusterId: string; namespace: string; count: number; parkSeconds?: number },
): Promise<Lane[]> {
  const { namespace, count, clusterId } = to
  const workloads = Array.from({ length: Math.ceil(count / remotes.length) }, (_, index) => `web-${index}`)
  for (const name of workloads) await cluster.apply(deployment({ namespace, name }), service({ namespace, name }))
  await Promise.all(workloads.map((name) => cluster.waitForPods(namespace, `app=${name}`, 1)))
  return Promise.all(
    Array.from({ length: count }, async (_, index): Promise<Lane> => {
      const workload = workloads[Math.floor(index / remotes.length)] ?? ''
      const remote = remotes[index % remotes.length] ?? 0
      const created = await expectOk(
        client.forwards.create({
          clusterId,
          namespace,
          name: `${workload} ${remote}`,
          target: { kind: 'deployment', name: workload },
          ports: [{ remote }],
          parkSeconds: to.parkSeconds ?? 120,
          probe: { mode: 'connect', seconds: probeSeconds },
        }),
      )
      const forward = await waitForState(client, created.id, 'live', 120)
      return { forward, port: forward.ports[0]?.local ?? 0, remote, workload }
    }),
  )
}

/** Whether a kubectl's command line is that of a lane's: to a pod, or to what it belongs to where nobody watches the pods. */
export const belongsTo = ({ workload, remote }: Lane, command: string): boolean =>
  new RegExp(` (?:pod/${workload}-\\S+|deploy/${workload}) :${remote} `).test(command)

/** While a row says so long that it is live, everybody who waits there must be answered: also on a machine that is busy. */
export const servedWithinMs = 10_000

/**
 * Whether somebody who came at `at` may have been waiting at a kubectl when it was stopped: just before, or until the row
 * was live for so long that the answer must have come through.
 */
export function mayMeetStop(rows: RowWatch, id: string, at: number, stoppedAt: number): boolean {
  return stoppedAt > at - 200 && longestLive(rows, id, at, stoppedAt) < servedWithinMs
}

/** The longest time without a break, ms, for which a row said live between two moments. */
export function longestLive(rows: RowWatch, id: string, from: number, to: number): number {
  const told = rows.history(id)
  const spells = told.map(({ at, state }, index) =>
    state === 'live' ? Math.min(told[index + 1]?.at ?? Infinity, to) - Math.max(at, from) : 0,
  )
  return Math.max(0, ...spells)
}
