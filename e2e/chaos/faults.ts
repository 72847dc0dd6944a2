import { readFile } from 'node:fs/promises'
import type { CauseCode } from '../../contract/causes.ts'
import type { Client } from '../../contract/client.ts'
import { ask } from '../support/chaos-client.ts'
import { kubectlsOf } from '../support/chaos-children.ts'
import { expectOk } from '../support/expect-ok.ts'
import { inspectable, openInspector, type Inspector } from '../support/inspector.ts'
import { signalAll } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { RowWatch, type SeenRow } from '../support/row-watch.ts'
import { waitUntil } from '../support/wait-until.ts'
import { fault, linkDown, pauseComponent, restartComponent, stopComponent } from '../testbed/faults.ts'
import { loginPlugin } from '../testbed/host-faults.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { fillDisk } from './full-disk.ts'
import { crashLoop, deleteItsNamespace, makeTarget, stopListening, takeItsPort, toTarget, type Strike, type Victim } from './victims.ts' // prettier-ignore

const probeSeconds = 1
/** A second after the evidence, and five times that on a busy machine. */
const toldMs = 5000
/** Nobody tells: the probe finds out, within its interval and 3 s. */
const foundMs = probeSeconds * 1000 + 3000 + toldMs
const liveAgainMs = 60_000

type Trouble = {
  name: string
  strike: Strike
  /** What the row may name; empty: the forward need not suffer. */
  causes: readonly CauseCode[]
  namedWithinMs: number
  /** Seconds it lasts once it was named. */
  lasts: (world: ChaosWorld) => number
}

const outage = ({ size }: ChaosWorld): number => size.outageSeconds
const atOnce = (): number => 0
const away: CauseCode[] = ['cluster-unreachable', 'api-unavailable']

const troubles: Trouble[] = [
  {
    name: 'API server away',
    strike: (_victim, { bed }) => stopComponent(bed.a, 'apiserver'),
    causes: away,
    namedWithinMs: toldMs,
    lasts: outage,
  },
  {
    name: 'API server restarted',
    strike: async (_victim, { bed }) => {
      await restartComponent(bed.a, 'apiserver')
      return fault(() => Promise.resolve())
    },
    causes: [],
    namedWithinMs: toldMs,
    lasts: atOnce,
  },
  {
    name: 'API server paused',
    strike: (_victim, { bed }) => Promise.resolve(pauseComponent(bed.a, 'apiserver')),
    causes: [...away, 'tunnel-stalled'],
    namedWithinMs: foundMs,
    lasts: outage,
  },
  {
    name: 'link down',
    strike: (_victim, { bed }) => linkDown(bed.a),
    causes: [...away, 'tunnel-stalled'],
    namedWithinMs: foundMs,
    lasts: outage,
  },
  {
    name: 'etcd away, and kubectl killed',
    strike: async ({ ownerPid }, { bed }) => {
      const stopped = await stopComponent(bed.a, 'etcd')
      // Tunnels that are open do not need it; new ones do.
      signalAll(await kubectlsOf(ownerPid), 'SIGKILL')
      return stopped
    },
    causes: away,
    // A new kubectl waits for an answer in silence; after 20 s it is asked about.
    namedWithinMs: 20_000 + foundMs,
    lasts: outage,
  },
  {
    name: 'crash-looping target',
    strike: crashLoop,
    causes: ['no-ready-pod', 'container-not-listening', 'pod-replaced', 'tunnel-lost'],
    namedWithinMs: toldMs,
    lasts: atOnce,
  },
  {
    name: 'container not listening',
    strike: stopListening,
    causes: ['container-not-listening'],
    namedWithinMs: foundMs,
    lasts: atOnce,
  },
  {
    name: 'local port taken',
    strike: takeItsPort,
    causes: ['local-port-taken'],
    namedWithinMs: toldMs,
    lasts: atOnce,
  },
  {
    name: 'namespace deleted',
    strike: deleteItsNamespace,
    causes: ['namespace-missing', 'target-missing', 'no-ready-pod'],
    namedWithinMs: toldMs,
    lasts: atOnce,
  },
]

/** Everything a forward can meet: how soon the row names it, and how soon it is live again when the reason is gone. */
export async function meetFaults(world: ChaosWorld): Promise<PartResult> {
  const { bed } = world
  const namespace = await bed.a.createNamespace('chaos')
  await makeTarget(bed, namespace)
  await using host = await world.startHost({ environment: inspectable })
  const { client } = host
  const cluster = await addCluster(client, bed.a.kubeconfig, 'a')
  const probe = { mode: 'connect' as const, seconds: probeSeconds }
  const made = { namespace, ...toTarget, probe, parkSeconds: 120 }
  const forward = await liveForward(client, { ...made, clusterId: cluster.id })
  const { port } = localAddress(forward)
  const victim = { client, clusterId: cluster.id, namespace, forwardId: forward.id, port, ownerPid: host.pid }
  using rows = await RowWatch.follow(client)
  const facts: PartResult['facts'] = {}
  const violations: string[] = []
  const named: number[] = []
  const again: number[] = []

  for (const trouble of troubles) {
    world.say(trouble.name)
    await liveAndServing(rows, victim)
    const struckAt = performance.now()
    await using struck = await trouble.strike(victim, world)
    const evidenceAt = performance.now()
    // It may be named before the strike is over: then at once.
    const row =
      trouble.causes.length === 0
        ? null
        : await rows.first(forward.id, struckAt, trouble.namedWithinMs + (evidenceAt - struckAt), ({ code }) => code !== null && trouble.causes.includes(code)) // prettier-ignore
    if (row !== null) named.push(Math.max(0, row.at - evidenceAt))
    else if (trouble.causes.length > 0)
      violations.push(`${trouble.name}: not named in ${trouble.namedWithinMs} ms, the row says ${JSON.stringify(rows.now(forward.id))}`) // prettier-ignore
    await noLieFor(trouble.lasts(world), rows, forward.id, trouble, violations)
    await struck.undo()
    const goneAt = performance.now()
    const served = await liveAndServing(rows, victim).catch((error: unknown) => error as Error)
    if (served instanceof Error) violations.push(`${trouble.name}: ${served.message}`)
    else again.push(served - goneAt)
    const words = row === null ? '' : `named ${row.code ?? ''} after ${((row.at - evidenceAt) / 1000).toFixed(2)} s, `
    facts[trouble.name] =
      `${words}live again ${served instanceof Error ? 'never' : `${((served - goneAt) / 1000).toFixed(2)} s`} after it was gone` // prettier-ignore
  }

  await using inspector = await openInspector(host)
  await loseLogin({ world, rows, client, ownerPid: host.pid, made, facts, violations, again })
  // Last: the clock stays where it jumped to.
  await oneHourAsleep({ victim, rows, inspector, facts, violations, again })
  const disk = await fillDisk(world, { ...made, probe: { ...probe, seconds: 5 } })
  facts['disk full under the database'] = disk.words
  violations.push(...disk.violations)
  facts['named, counted from the evidence'] = distribution(named)
  facts['live again, counted from the end of the reason'] = distribution(again)
  await bed.a.deleteNamespace(namespace)
  return { facts, violations }
}

/** Resolves when the row is live and a client got its answer; with the time of that. */
async function liveAndServing(rows: RowWatch, { forwardId, port }: Victim): Promise<number> {
  await waitUntil('the forward to be live and to serve', liveAgainMs / 1000, async () => {
    const row = rows.now(forwardId)
    if (row?.state !== 'live') throw new Error(`${row?.state ?? ''} ${row?.code ?? ''}`)
    return (await ask(port, 8080, 3000)).outcome === 'right'
  })
  return performance.now()
}

/** While it lasts the row must not become live again for longer than evidence may be old. */
async function noLieFor(
  seconds: number,
  rows: RowWatch,
  id: string,
  { name, causes }: Trouble,
  violations: string[],
): Promise<void> {
  // prettier-ignore
  if (seconds === 0 || causes.length === 0) return
  const began = performance.now()
  const lie = await rows.first(id, began, seconds * 1000, ({ state }) => state === 'live')
  if (lie !== null) violations.push(`${name}: live ${Math.round(lie.at - began)} ms after it was named, and nothing can have served`) // prettier-ignore
}

type Last = { rows: RowWatch; facts: PartResult['facts']; violations: string[]; again: number[] }

/** The machine sleeps for an hour: everything stands still for a moment, and the wall clock is an hour further. */
async function oneHourAsleep({
  victim,
  rows,
  inspector,
  facts,
  violations,
  again,
}: Last & { victim: Victim; inspector: Inspector }): Promise<void> {
  // prettier-ignore
  await liveAndServing(rows, victim)
  const pids = (await kubectlsOf(victim.ownerPid)).map(({ pid }) => pid)
  await inspector.evaluate('{ const now = Date.now; Date.now = () => now() + 3600000 } 0')
  for (const pid of [...pids, victim.ownerPid]) process.kill(pid, 'SIGSTOP')
  for (const pid of [...pids, victim.ownerPid]) process.kill(pid, 'SIGCONT')
  const wokeAt = performance.now()
  // The row doubts what it knew, asks, and says live again.
  const doubted = await rows.first(victim.forwardId, wokeAt, 10_000, ({ state }) => state !== 'live')
  const served = await liveAndServing(rows, victim).catch((error: unknown) => error as Error)
  if (served instanceof Error) violations.push(`after an hour's sleep: ${served.message}`)
  else again.push(served - wokeAt)
  facts["an hour's sleep"] =
    `${doubted === null ? 'nothing doubted' : `doubted after ${((doubted.at - wokeAt) / 1000).toFixed(2)} s`}, ` +
    `live and serving ${served instanceof Error ? 'never' : `${((served - wokeAt) / 1000).toFixed(2)} s`} after waking`
  if (doubted === null) violations.push("an hour's sleep was not noticed")
}

/** A login that ends, and other credentials in its place. */
async function loseLogin({
  world,
  rows,
  client,
  ownerPid,
  made,
  facts,
  violations,
  again,
}: Last & {
  world: ChaosWorld
  client: Client
  ownerPid: number
  made: Omit<Parameters<Client['forwards']['create']>[0], 'clusterId'>
}): Promise<void> {
  // prettier-ignore
  const { bed } = world
  await using short = await loginPlugin(bed.description, { lifetimeSeconds: 10 })
  const cluster = await addCluster(client, bed.a.users['exec'] ?? '', 'login')
  const forward = await liveForward(client, { ...made, clusterId: cluster.id })
  await using ended = await loginPlugin(bed.description, { mode: 'fail' })
  const endedAt = performance.now()
  // A tunnel that is open needs no login; each new one does, once the last token has ended.
  let row: SeenRow | null = null
  for (let attempt = 0; row === null && attempt < 6; attempt += 1) {
    signalAll(await kubectlsOf(ownerPid), 'SIGKILL')
    row = await rows.first(forward.id, performance.now(), 5000, ({ code }) => code?.startsWith('credentials-') === true) // prettier-ignore
  }
  if (row === null) violations.push('login ended: never named')
  const text = await readFile(bed.a.kubeconfig, 'utf8')
  const rotatedAt = performance.now()
  await expectOk(client.clusters.rotate({ id: cluster.id, text }))
  const live = await rows.first(forward.id, rotatedAt, liveAgainMs, ({ state }) => state === 'live')
  if (live === null) violations.push('credentials rotated: not live again')
  else again.push(live.at - rotatedAt)
  facts['login ended, then credentials rotated'] =
    `${row === null ? 'never named' : `named ${row.code ?? ''} ${((row.at - endedAt) / 1000).toFixed(1)} s later`}, ` + // prettier-ignore
    `live ${live === null ? 'never' : `${((live.at - rotatedAt) / 1000).toFixed(2)} s`} after the rotation was asked for`
  await client.forwards.remove({ id: forward.id })
  await short.undo()
  await ended.undo()
}
