import { toldMs } from '../support/bounds.ts'
import { ask } from '../support/chaos-client.ts'
import { inspectable, openInspector, type Inspector } from '../support/inspector.ts'
import { addCluster } from '../support/main-job.ts'
import { RowWatch } from '../support/row-watch.ts'
import { distribution } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { fillDisk } from './full-disk.ts'
import {
  harms,
  liveVictim,
  loginCluster,
  makeTarget,
  sleepAnHour,
  toTarget,
  type Harm,
  type Victim,
} from './victims.ts'

const probeSeconds = 1
/** Nobody tells: the probe finds out, within its interval and 3 s. */
const foundMs = probeSeconds * 1000 + 3000 + toldMs
const liveAgainMs = 60_000

type Trouble = Harm & {
  name: string
  namedWithinMs: number
  /** Seconds it lasts once it was named; what is over with the strike has no time of its own. */
  lasts: (world: ChaosWorld) => number
}

const outage = ({ size }: ChaosWorld): number => size.outageSeconds
/** Long enough to see a row that says live again too early. */
const aMoment = (): number => 2

const troubles: Trouble[] = [
  { name: 'API server away', ...harms.apiServerAway, namedWithinMs: toldMs, lasts: outage },
  // That it was another process is seen by the strike; it may be too short for the row to name.
  { name: 'API server restarted', ...harms.apiServerRestarted, namedWithinMs: toldMs, lasts: () => 0 },
  { name: 'API server paused', ...harms.apiServerPaused, namedWithinMs: foundMs, lasts: outage },
  { name: 'link down', ...harms.linkDown, namedWithinMs: foundMs, lasts: outage },
  // A new kubectl waits for an answer in silence; after 20 s it is asked about.
  { name: 'etcd away, and kubectl killed', ...harms.etcdAway, namedWithinMs: 20_000 + foundMs, lasts: outage },
  { name: 'crash-looping target', ...harms.crashLoop, namedWithinMs: toldMs, lasts: aMoment },
  { name: 'container not listening', ...harms.notListening, namedWithinMs: foundMs, lasts: aMoment },
  { name: 'local port taken', ...harms.portTaken, namedWithinMs: toldMs, lasts: aMoment },
  { name: 'namespace deleted', ...harms.namespaceDeleted, namedWithinMs: toldMs, lasts: aMoment },
]
const loginEnds: Trouble = {
  name: 'login ended, then credentials rotated',
  ...harms.loginEnded,
  namedWithinMs: toldMs,
  lasts: aMoment,
}

/** Everything a forward can meet: how soon the row names it, and how soon it is live again when the reason is gone. */
export async function meetFaults(world: ChaosWorld): Promise<PartResult> {
  const { bed } = world
  const namespace = await bed.a.createNamespace('chaos')
  await makeTarget(bed, namespace)
  await using host = await world.startHost({ environment: inspectable })
  const { client } = host
  const probe = { mode: 'connect' as const, seconds: probeSeconds }
  const made = { namespace, ...toTarget, probe, parkSeconds: 120 }
  const clusterId = (await addCluster(client, bed.a.kubeconfig, 'a')).id
  const place = { client, cluster: bed.a, clusterId, namespace, ownerPid: host.pid }
  const victim = await liveVictim(place, made)
  using rows = await RowWatch.follow(client)
  const found: Found = { rows, facts: {}, violations: [], named: [], fromTheStrike: [], again: [] }

  for (const trouble of troubles) await meet(world, victim, trouble, found)
  {
    await using login = await loginCluster(client, bed)
    await meet(world, await liveVictim({ ...place, clusterId: login.id }, made), loginEnds, found)
  }
  await using inspector = await openInspector(host)
  // Last: the clock stays where it jumped to.
  await meetSleep(victim, inspector, found)
  const disk = await fillDisk(world, { ...made, probe: { ...probe, seconds: 5 } })
  const { facts, violations, named, fromTheStrike, again } = found
  facts['disk full under the database'] = disk.words
  noteNamed(found, disk.namedMs)
  again.push(disk.wellMs)
  violations.push(...disk.violations)
  facts['named, counted from what was done'] = distribution(fromTheStrike)
  facts['named, counted from the moment at which that was done; negative: before'] = distribution(named)
  facts['live again, counted from the end of the reason'] = distribution(again)
  await bed.a.deleteNamespace(namespace)
  return { facts, violations }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

/** What all of them bring to light; times in ms. */
type Found = PartResult & { rows: RowWatch; named: number[]; fromTheStrike: number[]; again: number[] }

/** After it was begun, and after it was done where that takes a while, ms. */
function noteNamed({ named, fromTheStrike }: Found, afterStrike: number, afterDone = afterStrike): void {
  fromTheStrike.push(afterStrike)
  named.push(afterDone)
}

async function meet(world: ChaosWorld, victim: Victim, trouble: Trouble, found: Found): Promise<void> {
  const { rows, facts, violations, again } = found
  const { name, causes, inTheEnd, namedWithinMs } = trouble
  world.say(name)
  await liveAndServing(rows, victim)
  const struckAt = performance.now()
  await using struck = await trouble.strike(victim, world)
  const evidenceAt = performance.now()
  // It may be named before the strike is over: then at once.
  const row =
    causes.length === 0
      ? null
      : await rows.first(
          victim.forwardId,
          struckAt,
          namedWithinMs,
          ({ code }) => code !== null && causes.includes(code),
        )
  if (row !== null) noteNamed(found, row.at - struckAt, row.at - evidenceAt)
  else if (causes.length > 0)
    violations.push(
      `${name}: not named in ${namedWithinMs} ms, the row says ${JSON.stringify(rows.now(victim.forwardId))}`,
    )
  if (inTheEnd !== undefined) {
    const last = await rows.first(victim.forwardId, evidenceAt, foundMs, ({ code }) => code === inTheEnd)
    if (last === null) violations.push(`${name}: never ${inTheEnd}`)
    else facts[`${name}, in the end`] = `${inTheEnd} after ${seconds(last.at - evidenceAt)}`
  }
  await noLieFor(trouble.lasts(world), rows, victim.forwardId, trouble, violations)
  const undoneAt = performance.now()
  await struck.undo()
  const goneAt = performance.now()
  const served = await liveAndServing(rows, victim).catch((error: unknown) => error as Error)
  if (served instanceof Error) violations.push(`${name}: ${served.message}`)
  else again.push(served - goneAt)
  const was = rows.history(victim.forwardId).find(({ at, state }) => at >= struckAt && state !== 'live')
  const words =
    row === null
      ? `${was === undefined ? 'over before the row said anything' : `its row said ${was.state} ${was.code ?? ''}`}, `
      : `named ${row.code ?? ''} ${seconds(row.at - struckAt)} after it began and ${seconds(row.at - evidenceAt)} after it was done, `
  facts[name] =
    `${words}live again ${served instanceof Error ? 'never' : seconds(served - goneAt)} after it was gone, which took ${seconds(goneAt - undoneAt)}`
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
  lasts: number,
  rows: RowWatch,
  id: string,
  { name, causes }: Trouble,
  violations: string[],
): Promise<void> {
  if (causes.length === 0) return
  const began = performance.now()
  const lie = await rows.first(id, began, lasts * 1000, ({ state }) => state === 'live')
  if (lie !== null)
    violations.push(`${name}: live ${Math.round(lie.at - began)} ms after it was named, and nothing can have served`)
}

async function meetSleep(victim: Victim, inspector: Inspector, found: Found): Promise<void> {
  const { rows, facts, violations, again } = found
  await liveAndServing(rows, victim)
  await sleepAnHour(victim.ownerPid, inspector)
  const wokeAt = performance.now()
  // The row says that the machine slept and that what it knew is checked, and is live again.
  const told = await rows.first(
    victim.forwardId,
    wokeAt,
    toldMs,
    ({ state, code, detail }) => state !== 'live' && code === 'connecting' && detail === 'wake',
  )
  const served = await liveAndServing(rows, victim).catch((error: unknown) => error as Error)
  if (served instanceof Error) violations.push(`after an hour's sleep: ${served.message}`)
  else again.push(served - wokeAt)
  facts["an hour's sleep"] =
    `${told === null ? 'not named' : `named connecting (wake) after ${seconds(told.at - wokeAt)}`}, ` +
    `live and serving ${served instanceof Error ? 'never' : seconds(served - wokeAt)} after waking`
  if (told === null) violations.push(`an hour's sleep was not named in ${toldMs} ms`)
  else noteNamed(found, told.at - wokeAt)
}
