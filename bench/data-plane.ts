import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TunnelLane } from '../e2e/support/tunnel-lane.ts'
import { startKubectlForward } from '../e2e/testbed/kubectl-forward.ts'
import type { Testbed } from '../e2e/testbed/testbed.ts'
import { barePod, WORKLOAD_PORTS } from '../e2e/testbed/workloads.ts'

/** One measure through kubectl alone and through a forward of ours; ratio = ours / kubectl, median of the rounds. */
export type SideBySide = { what: string; unit: 'MiB/s' | 'ms'; kubectl: number; ours: number; ratio: number }

type Measure = { what: string; unit: SideBySide['unit']; remote: number; mode: string; words: string[] }

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

async function client(mode: string, port: number, words: readonly string[]): Promise<number> {
  const program = join(import.meta.dirname, 'client.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, mode, String(port), ...words])
  return Number(stdout)
}

/** Times forwards of a pod side by side with kubectl alone, in turns, so that other load falls on both. */
export async function benchDataPlane(bed: Testbed, { rounds = 5, mebibytes = 256 } = {}): Promise<SideBySide[]> {
  const { source, countedSink, echo } = WORKLOAD_PORTS
  const bytes = [String(mebibytes << 20)]
  const measures: Measure[] = [
    { what: 'download', unit: 'MiB/s', remote: source, mode: 'down', words: bytes },
    { what: 'upload', unit: 'MiB/s', remote: countedSink, mode: 'up', words: bytes },
    { what: 'new connection, one by one', unit: 'ms', remote: echo, mode: 'connections', words: ['300', '1'] },
    { what: 'new connection, 20 at a time', unit: 'ms', remote: echo, mode: 'connections', words: ['500', '20'] },
    { what: 'round trip', unit: 'ms', remote: echo, mode: 'round-trips', words: ['1000'] },
  ]
  const namespace = await bed.a.createNamespace('bench')
  await bed.a.apply(barePod({ namespace, name: 'bench' }))
  const [pod] = await bed.a.waitForPods(namespace, 'app=bench', 1)
  if (pod === undefined) throw new Error('no pod')

  const results: SideBySide[] = []
  for (const { what, unit, remote, mode, words } of measures) {
    await using lane = await new TunnelLane(bed.a, bed.kubectl, namespace).listen()
    await lane.serve(pod, remote)
    const target = { namespace, target: `pod/${pod.name}`, ports: [remote] }
    await using forward = await startKubectlForward(bed.a, bed.kubectl, target)
    const kubectl: number[] = []
    const ours: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      kubectl.push(await client(mode, forward.localPort(remote), words))
      ours.push(await client(mode, lane.port, words))
    }
    const ratios = ours.map((value, round) => value / (kubectl[round] ?? NaN))
    results.push({ what, unit, kubectl: median(kubectl), ours: median(ours), ratio: median(ratios) })
  }
  await bed.a.deleteNamespace(namespace)
  return results
}
