import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { addCluster, liveForward } from '../e2e/support/main-job.ts'
import { startKubectlForward } from '../e2e/testbed/kubectl-forward.ts'
import { barePod, WORKLOAD_PORTS } from '../e2e/testbed/workloads.ts'
import type { RunningHost } from '../e2e/support/host.ts'
import { inspectable } from '../e2e/support/inspector.ts'
import { quantile } from '../e2e/support/statistics.ts'
import { differenceOf, digits, ratioRow, type Row } from './figures.ts'
import { printOwnerProfile } from './owner-profile.ts'
import type { BenchWorld } from './world.ts'

const against = 'the same kubectl without us'

/** Local ports that lead to the same port of the same pod. */
type Ways = { ours: number; kubectl: number }

/** Runs the client once; see client.ts for the words and what it answers. */
async function client(mode: string, port: number, ...words: readonly number[]): Promise<number[]> {
  const program = join(import.meta.dirname, 'client.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, mode, `${port}`, ...words.map(String)])
  return JSON.parse(stdout) as number[]
}

/** Both ways in turns, and the other one first in every second round. */
async function inTurns<T>(rounds: number, ways: Ways, measure: (port: number) => Promise<T>): Promise<[T[], T[]]> {
  const ours: T[] = []
  const theirs: T[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) theirs.push(await measure(ways.kubectl))
    ours.push(await measure(ways.ours))
    if (round % 2 === 1) theirs.push(await measure(ways.kubectl))
  }
  return [ours, theirs]
}

async function withWays<T>(
  world: BenchWorld,
  run: (way: Record<'down' | 'up' | 'echo', Ways>, host: RunningHost) => Promise<T>,
) {
  const { bed } = world
  const { source, countedSink, echo } = WORKLOAD_PORTS
  const namespace = await bed.a.createNamespace('bench')
  await bed.a.apply(barePod({ namespace, name: 'bench' }))
  await bed.a.waitForPods(namespace, 'app=bench', 1)
  await using host = await world.startHost(world.profile ? { environment: inspectable } : {})
  const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bench')
  const remotes = [source, countedSink, echo]
  const forward = await liveForward(host.client, {
    clusterId: cluster.id,
    namespace,
    target: { kind: 'pod', name: 'bench' },
    ports: remotes.map((remote) => ({ remote })),
  })
  await using stack = new AsyncDisposableStack()
  const waysTo = async (remote: number): Promise<Ways> => {
    // One kubectl for each port, as ours has: its streams share one connection.
    const target = { namespace, target: 'pod/bench', ports: [remote] }
    const kubectl = stack.use(await startKubectlForward(bed.a, bed.kubectl, target))
    const ours = forward.ports.find((port) => port.remote === remote)?.local ?? 0
    return { ours, kubectl: kubectl.localPort(remote) }
  }
  const ways = { down: await waysTo(source), up: await waysTo(countedSink), echo: await waysTo(echo) }
  const result = await run(ways, host)
  await bed.a.deleteNamespace(namespace)
  return result
}

/** MiB/s down and up, one stream and 32 at once. */
export function benchThroughput(world: BenchWorld): Promise<Row[]> {
  const { rounds } = world
  return withWays(world, async (ways) => {
    const rows: Row[] = []
    for (const streams of [1, 32]) {
      for (const mode of ['down', 'up'] as const) {
        const measure = async (port: number) => (await client(mode, port, world.mebibytes << 20, streams))[0] ?? NaN
        const [ours, theirs] = await inTurns(rounds, ways[mode], measure)
        const what = `throughput ${mode}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`
        rows.push(ratioRow({ what, against, unit: 'MiB/s', ours, theirs, least: 0.95 }))
      }
    }
    return rows
  })
}

/** A connection from its start to the first byte of the answer, one after the other; and a round trip on an open one. */
export function benchConnections(world: BenchWorld): Promise<Row[]> {
  return withWays(world, async (ways, host) => {
    const rows: Row[] = []
    const measures = [
      { mode: 'connections', name: 'short connection', count: 400 },
      { mode: 'round-trips', name: 'round trip on an open connection', count: 1000 },
    ]
    for (const { mode, name, count } of measures) {
      const measure = () => inTurns(world.rounds, ways.echo, (port) => client(mode, port, count))
      const isProfiled = world.profile && mode === 'connections'
      const [ours, theirs] = await (isProfiled ? printOwnerProfile(host, world.rounds * count, measure) : measure())
      for (const [words, share, most] of [
        ['p50', 0.5, 0.2],
        ['p99', 0.99, 1],
      ] as const) {
        const one = ours.map((times) => quantile(times, share))
        const other = theirs.map((times) => quantile(times, share))
        const difference = differenceOf(one, other)
        const sign = difference < 0 ? '' : '+'
        rows.push({
          what: `${name}, ${words}`,
          against,
          unit: 'ms',
          ours: one,
          theirs: other,
          figure: `${sign}${digits(difference)} ms`,
          goal: mode === 'connections' ? `at most +${most} ms` : '-',
          met: mode === 'connections' ? difference <= most : null,
          taken: `${world.rounds} x ${count}`,
          ...(share === 0.5 ? { samples: { ours, theirs } } : {}),
        })
      }
    }
    return rows
  })
}
