import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addCluster, liveForward, localAddress } from '../e2e/support/main-job.ts'
import { descendantsOf, stillAlive } from '../e2e/support/leftovers.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { median } from '../e2e/support/statistics.ts'
import { ratioRow, type Row } from './figures.ts'
import type { BenchWorld } from './world.ts'

const against = 'a shell script that starts 20 kubectl at once'

/** Time until each port gave the first byte of an answer, ms since `began`; asks again until it does. */
function firstBytes(ports: readonly number[], began: number): Promise<number[]> {
  const attempt = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'))
      socket.once('data', () => {
        resolve(true)
        socket.destroy()
      })
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
  return Promise.all(
    ports.map(async (port) => {
      await waitUntil(`an answer on port ${port}`, 120, () => attempt(port))
      return performance.now() - began
    }),
  )
}

/** From nothing to the first byte through each of 20 forwards that were on when the app ended. */
export async function benchStartUp(world: BenchWorld, count = 20): Promise<Row[]> {
  const { bed, rounds } = world
  const namespace = await bed.a.createNamespace('bench')
  const web = { namespace, name: 'web', replicas: 2 }
  await bed.a.apply(deployment(web), service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-bench-'))
  const options = { dataDir, vault: 'passphrase' as const, passphrase: 'a passphrase for the bench' }
  const ports: number[] = []
  {
    await using host = await world.startHost(options)
    const cluster = await addCluster(host.client, bed.a.kubeconfig, 'bench')
    const target = { kind: 'service' as const, name: 'web' }
    const input = { clusterId: cluster.id, namespace, target, ports: [{ remote: 8080 }] }
    const forwards = await Promise.all(Array.from({ length: count }, () => liveForward(host.client, input)))
    ports.push(...forwards.map((forward) => localAddress(forward).port))
  }

  const ours = async (): Promise<number[]> => {
    const began = performance.now()
    const [times, host] = await Promise.all([firstBytes(ports, began), world.startHost(options)])
    await host.close()
    return times
  }
  const script = ports
    .map((port) => `"$KUBECTL" -n ${namespace} port-forward --address 127.0.0.1 svc/web ${port}:8080 &`)
    .join('\n')
  const theirs = async (): Promise<number[]> => {
    const began = performance.now()
    const shell = spawn('bash', ['-c', `${script}\nwait`], {
      env: { PATH: process.env['PATH'], KUBECTL: bed.kubectl, KUBECONFIG: bed.a.kubeconfig, KUBERC: 'off' },
      stdio: 'ignore',
      detached: true,
    })
    const times = await firstBytes(ports, began)
    await endGroup(shell.pid ?? 0)
    return times
  }

  const all: { ours: number[][]; theirs: number[][] } = { ours: [], theirs: [] }
  for (let round = 0; round < rounds; round += 1) {
    all.theirs.push(await theirs())
    all.ours.push(await ours())
  }
  await rm(dataDir, { recursive: true, force: true })
  await bed.a.deleteNamespace(namespace)
  const seconds = (times: number[][], of: (times: readonly number[]) => number): number[] =>
    times.map((one) => of(one) / 1000)
  const last = (times: readonly number[]): number => Math.max(...times)
  const row = { against, unit: 's' as const }
  return [
    ratioRow({
      ...row,
      what: `start to first byte through the last of ${count} persisted forwards (vault opened by passphrase)`,
      ours: seconds(all.ours, last),
      theirs: seconds(all.theirs, last),
      most: 1.2,
    }),
    ratioRow({
      ...row,
      what: `the same, through half of them`,
      ours: seconds(all.ours, median),
      theirs: seconds(all.theirs, median),
      most: 1.2,
    }),
  ]
}

/** Ends a shell and everything it started, and waits until it is gone. */
export async function endGroup(pid: number): Promise<void> {
  const all = await descendantsOf(pid)
  process.kill(-pid, 'SIGKILL')
  await waitUntil('the end of the shell and its children', 10, async () => (await stillAlive(all)).length === 0)
}
