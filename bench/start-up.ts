import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addCluster, liveForward, localAddress } from '../e2e/support/main-job.ts'
import type { HostOptions } from '../e2e/support/host.ts'
import { DesktopSession, missingPrograms } from '../e2e/support/secret-service.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { median } from '../e2e/support/statistics.ts'
import { ratioRow, type Row } from './figures.ts'
import { startKubectlShell } from './kubectl-shell.ts'
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

/** A data folder with forwards that were on when the app ended, and how it is started. */
type Ended = { readonly options: HostOptions; readonly ports: number[] }

async function persist(world: BenchWorld, vault: HostOptions, namespace: string, count: number): Promise<Ended> {
  const options = { ...vault, dataDir: await mkdtemp(join(tmpdir(), 'mooring-bench-')) }
  await using host = await world.startHost(options)
  const cluster = await addCluster(host.client, world.bed.a.kubeconfig, 'bench')
  const target = { kind: 'service' as const, name: 'web' }
  const input = { clusterId: cluster.id, namespace, target, ports: [{ remote: 8080 }] }
  const forwards = await Promise.all(Array.from({ length: count }, () => liveForward(host.client, input)))
  return { options, ports: forwards.map((forward) => localAddress(forward).port) }
}

/** From nothing to the first byte through each of 20 forwards that were on when the app ended. */
export async function benchStartUp(world: BenchWorld, count = 20): Promise<Row[]> {
  const { bed } = world
  const namespace = await bed.a.createNamespace('bench')
  const web = { namespace, name: 'web', replicas: 2 }
  await bed.a.apply(deployment(web), service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  const rows: Row[] = []
  const missing = missingPrograms()
  if (missing.length > 0)
    console.error(`did not run: the start with a keychain, because ${missing.join(', ')} is missing`)
  else {
    const session = new DesktopSession()
    await session.startBus()
    await session.startKeyring('bench')
    const vault = { vault: 'keychain', environment: session.environment } as const
    rows.push(
      ...(await compare(world, await persist(world, vault, namespace, count), namespace, 'opened by the keychain')),
    )
    await session.close()
  }
  const vault = { vault: 'passphrase', passphrase: 'a passphrase for the bench' } as const
  rows.push(
    ...(await compare(world, await persist(world, vault, namespace, count), namespace, 'opened by a passphrase')),
  )
  await bed.a.deleteNamespace(namespace)
  return rows
}

async function compare(
  world: BenchWorld,
  { options, ports }: Ended,
  namespace: string,
  opened: string,
): Promise<Row[]> {
  const { bed, rounds } = world
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
    const shell = startKubectlShell(bed, `${script}\nwait`)
    const times = await firstBytes(ports, began)
    await shell.close()
    return times
  }

  const all: { ours: number[][]; theirs: number[][] } = { ours: [], theirs: [] }
  for (let round = 0; round < rounds; round += 1) {
    all.theirs.push(await theirs())
    all.ours.push(await ours())
  }
  await rm(options.dataDir ?? '', { recursive: true, force: true })
  const seconds = (times: number[][], of: (times: readonly number[]) => number): number[] =>
    times.map((one) => of(one) / 1000)
  const last = (times: readonly number[]): number => Math.max(...times)
  const row = { against, unit: 's' as const, most: 1.2 }
  const what = `start to first byte, ${ports.length} persisted forwards, vault ${opened}`
  return [
    ratioRow({ ...row, what: `${what}: the last of them`, ours: seconds(all.ours, last), theirs: seconds(all.theirs, last) }), // prettier-ignore
    ratioRow({ ...row, what: `${what}: half of them`, ours: seconds(all.ours, median), theirs: seconds(all.theirs, median) }), // prettier-ignore
  ]
}
