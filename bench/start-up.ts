import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectOk } from '../e2e/support/expect-ok.ts'
import { addCluster, liveForward, localAddress } from '../e2e/support/main-job.ts'
import type { HostOptions } from '../e2e/support/host.ts'
import { DesktopSession, missingPrograms } from '../e2e/support/secret-service.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import { deployment, service } from '../e2e/testbed/workloads.ts'
import { median } from '../e2e/support/statistics.ts'
import { partRow, ratioRow, type Row } from './figures.ts'
import { startKubectlShell } from './kubectl-shell.ts'
import { stagesOf, type Stages } from './start-stages.ts'
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

/** What opens the vault, in words for the table; and how many kubectl start at once, where not as many as usual. */
type Case = { readonly vault: HostOptions; readonly words: string; readonly starting?: number }

/** A data folder with forwards that were on when the app ended, and how it is started. */
type Ended = {
  readonly options: HostOptions
  readonly ports: number[]
  readonly words: string
  readonly judged: boolean
}

async function persist(
  world: BenchWorld,
  { vault, words, namespace, count, starting }: Case & { namespace: string; count: number },
): Promise<Ended> {
  const options = { ...vault, dataDir: await mkdtemp(join(tmpdir(), 'mooring-bench-')) }
  await using host = await world.startHost(options)
  if (starting !== undefined) await expectOk(host.client.settings.update({ maxStartingChildren: starting }))
  const cluster = await addCluster(host.client, world.bed.a.kubeconfig, 'bench')
  const target = { kind: 'service' as const, name: 'web' }
  const input = { clusterId: cluster.id, namespace, target, ports: [{ remote: 8080 }] }
  const forwards = await Promise.all(Array.from({ length: count }, () => liveForward(host.client, input)))
  return {
    options,
    words,
    judged: starting === undefined,
    ports: forwards.map((forward) => localAddress(forward).port),
  }
}

/** From nothing to the first byte through each of 20 forwards that were on when the app ended. */
export async function benchStartUp(world: BenchWorld, count = 20): Promise<Row[]> {
  const { bed } = world
  const namespace = await bed.a.createNamespace('bench')
  const web = { namespace, name: 'web', replicas: 2 }
  await bed.a.apply(deployment(web), service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  await using stack = new AsyncDisposableStack()
  const passphrase = { vault: 'passphrase', passphrase: 'a passphrase for the bench' } as const
  const cases: Case[] = [
    { vault: passphrase, words: 'vault opened by a passphrase' },
    { vault: passphrase, words: `the same, all ${count} started at once (Settings)`, starting: count },
  ]
  const missing = missingPrograms()
  if (missing.length > 0)
    console.error(`did not run: the start with a keychain, because ${missing.join(', ')} is missing`)
  else {
    const session = new DesktopSession()
    stack.defer(() => session.close())
    await session.startBus()
    await session.startKeyring('bench')
    const vault = { vault: 'keychain', environment: session.environment } as const
    cases.unshift({ vault, words: 'vault opened by the keychain' })
  }
  const rows: Row[] = []
  for (const one of cases) {
    rows.push(...(await compare(world, await persist(world, { ...one, namespace, count }), namespace)))
  }
  await bed.a.deleteNamespace(namespace)
  return rows
}

async function compare(world: BenchWorld, { options, ports, words, judged }: Ended, namespace: string): Promise<Row[]> {
  const { bed, rounds } = world
  const stages: Stages[] = []
  const ours = async (): Promise<number[]> => {
    const startedAt = Date.now()
    const began = performance.now()
    const [times, host] = await Promise.all([firstBytes(ports, began), world.startHost(options)])
    stages.push(await stagesOf(host, startedAt))
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
    if (round % 2 === 0) all.theirs.push(await theirs())
    all.ours.push(await ours())
    if (round % 2 === 1) all.theirs.push(await theirs())
  }
  await rm(options.dataDir ?? '', { recursive: true, force: true })
  const what = `start to first byte, ${ports.length} persisted forwards, ${words}`
  const row = (name: string, of: (times: readonly number[]) => number) => ({
    what: `${what}: ${name}`,
    against,
    unit: 's' as const,
    ours: all.ours.map((times) => of(times) / 1000),
    theirs: all.theirs.map((times) => of(times) / 1000),
  })
  const last = row('the last of them', (times) => Math.max(...times))
  // What nobody has by default is stated and not judged.
  const goal = judged ? { most: 1.2 } : {}
  return [
    { ...ratioRow({ ...last, ...goal }), samples: all },
    ratioRow({ ...row('half of them', median), ...goal }),
    ratioRow(row('the first of them', (times) => Math.min(...times))),
    ...stageRows(stages),
  ]
}

/** The moments of our own starts, each in seconds since the program was started. */
function stageRows(stages: readonly Stages[]): Row[] {
  return Object.keys(stages[0] ?? {}).map((name) =>
    partRow({ what: `of which, since the start: ${name}`, unit: 's', ours: stages.map((one) => one[name] ?? NaN) }),
  )
}
