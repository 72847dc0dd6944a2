import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../contract/client.ts'
import { BusyOwner } from '../support/busy-owner.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { HostOptions } from '../support/host.ts'
import { notTakenOver, secretsLeftIn, stillAlive, type ProcessRef } from '../support/leftovers.ts'
import { killOwnerAfter, killRunning } from '../support/chaos-owner.ts'
import { addCluster, waitForState } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deployment, service } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'
import { brokenIn, killInFirstMigrations, killInUpdate, type MigrationKill } from './migration-kills.ts'

type BusyKind = keyof BusyOwner['done']

const passphrase = 'a passphrase for the chaos'
/** Those who change things at the same time. */
const workers = ['one', 'two', 'three']

/**
 * Every tenth kill falls into an update, and another tenth into the very first start; two tenths into a start, after which
 * comes one under changes as all others are. The first one is under changes, so that there is something to lose.
 */
const kindOf = (kill: number): 'changes' | 'start' | 'update' | 'first migrations' =>
  kill % 10 === 1 ? 'update' : kill % 10 === 5 ? 'first migrations' : kill % 5 === 3 ? 'start' : 'changes'

const isAccepted = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
  })

/** kill -9 of the owner, wherever it is by then: in its start, in a migration, or under changes of all kinds. */
export async function killOwners(world: ChaosWorld): Promise<PartResult> {
  const { bed, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  await bed.a.apply(deployment({ namespace, name: 'web' }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-chaos-'))
  const options = { dataDir, vault: 'passphrase', passphrase } satisfies HostOptions
  const violations: string[] = []
  const boundAfter: number[] = []
  const kinds = {
    'under changes': 0,
    'of those, while forwards were live': 0,
    'in its start': 0,
    'when it updated the database': 0,
    'of those, in the migration': 0,
    'when it made the database': 0,
    'of those, between the migrations': 0,
  }
  let clusterId = ''
  {
    await using host = await world.startHost(options)
    clusterId = (await addCluster(host.client, bed.a.kubeconfig, 'a')).id
  }

  const kubeconfigs = await Promise.all(
    ['admin', 'token', 'service-account'].map(async (context) => ({
      context,
      text: await readFile(bed.a.users[context] ?? '', 'utf8'),
    })),
  )
  // One of them rotates, so that it knows which credentials were said yes to.
  const busy = workers.map(
    (name, index) => new BusyOwner({ clusterId, namespace, name, ...(index === 0 ? { kubeconfigs, passphrase } : {}) }),
  )
  const check = async (client: Client): Promise<string[]> => {
    const found = await Promise.all(busy.map((one) => one.check(client)))
    const { state } = await expectOk(client.vault.status())
    return [...found.flat(), ...(state === 'unlocked' ? [] : [`the vault is ${state}`])]
  }

  const note = (kill: number, words: readonly string[]): void => {
    violations.push(...words.map((one) => `kill ${kill}: ${one}`))
  }
  const childrenAreGone = async (kill: number, children: readonly ProcessRef[]): Promise<void> => {
    await waitUntil('its children are gone', 10, async () => (await stillAlive(children)).length === 0).catch(() =>
      note(kill, ['children outlived the owner']),
    )
  }

  for (let kill = 0; kill < size.ownerKills; kill += 1) {
    // Of its own, so that how far the owners before came changes nothing.
    const random = world.random.child(`kill ${kill}`)
    const kind = kindOf(kill)
    if (kind === 'update' || kind === 'first migrations') {
      const isUpdate = kind === 'update'
      const { fellIn, children, wrong }: MigrationKill = isUpdate
        ? await killInUpdate(options, world.startHost, random, check)
        : await killInFirstMigrations(options, world.startHost, random)
      kinds[isUpdate ? 'when it updated the database' : 'when it made the database'] += 1
      if (fellIn) kinds[isUpdate ? 'of those, in the migration' : 'of those, between the migrations'] += 1
      note(kill, wrong)
      await childrenAreGone(kill, children)
      continue
    }
    if (kind === 'start') {
      kinds['in its start'] += 1
      const children = await killOwnerAfter(options, random.below(1500), world.startHost)
      note(kill, await secretsLeftIn(dataDir))
      await childrenAreGone(kill, children)
    }
    const host = await world.startHost(options)
    note(kill, [...(await notTakenOver(host)), ...(await check(host.client))])
    const ports = busy.flatMap((one) => one.ports)
    const began = performance.now()
    for (const port of ports)
      await waitUntil(`port ${port} is bound`, 10, () => isAccepted(port)).then(
        () => boundAfter.push(performance.now() - began),
        () => note(kill, [`port ${port} is not bound again`]),
      )
    kinds['under changes'] += 1
    const isAnyLive = async (): Promise<boolean> =>
      (await expectOk(host.client.forwards.list())).some(({ state }) => state === 'live')
    // Every second time it has come to live forwards; else it is killed wherever it is by then.
    if (kill % 2 === 0 && ports.length > 0)
      await waitUntil('a forward is live', 60, isAnyLive).catch((error: unknown) => note(kill, [String(error)]))
    const working = busy.map((one, index) =>
      one
        .work(host.client, random.child(workers[index] ?? ''))
        .catch((error: unknown) => note(kill, [`${workers[index] ?? ''}: ${String(error)}`])),
    )
    await pause(random.below(2500))
    if (await isAnyLive()) kinds['of those, while forwards were live'] += 1
    const children = await killRunning(host)
    note(kill, await secretsLeftIn(dataDir))
    await Promise.all(working)
    await childrenAreGone(kill, children)
    // Those of before the changes as well: they may have been turned off or removed.
    for (const port of new Set([...ports, ...busy.flatMap((one) => one.ports)]))
      if (await isAccepted(port)) note(kill, [`somebody still listens on ${port}`])
    if (kill % 10 === 9) world.say(`${kill + 1} of ${size.ownerKills} kills, ${ports.length} forwards on`)
  }

  const last = await world.startHost(options)
  violations.push(...(await check(last.client)))
  // What was sealed can be read with the last of all keys.
  await Promise.all(
    (await expectOk(last.client.forwards.list()))
      .filter(({ desired }) => desired === 'on')
      .map(({ id }) => waitForState(last.client, id, 'live', 120)),
  ).catch((error: unknown) => violations.push(`after the last kill: ${String(error)}`))
  // A proof of kills that met nothing alive would prove little.
  if (size.ownerKills >= 20 && kinds['of those, while forwards were live'] * 10 < kinds['under changes'])
    violations.push('hardly a kill met live forwards')
  const saidYes = (kind: BusyKind): number => busy.reduce((sum, { done }) => sum + done[kind], 0)
  const never = Object.keys(busy[0]?.done ?? {}).filter((kind) => saidYes(kind as BusyKind) === 0)
  if (size.ownerKills >= 20 && never.length > 0)
    violations.push(`no change of these kinds was made: ${never.join(', ')}`)
  if (size.ownerKills >= 20 && kinds['of those, in the migration'] === 0) violations.push('no kill met a migration')
  if (size.ownerKills >= 100 && kinds['of those, between the migrations'] * 2 < kinds['when it made the database'])
    violations.push('hardly a kill met the first migrations')
  await last.close()
  violations.push(...(await brokenIn(dataDir)))
  await rm(dataDir, { recursive: true, force: true })
  await bed.a.deleteNamespace(namespace)
  return {
    facts: {
      kills: Object.entries(kinds)
        .map(([what, count]) => `${count} ${what}`)
        .join(', '),
      'said yes to': busy.map(({ done }) => JSON.stringify(done)).join(' '),
      'same port bound again after the owner is ready': distribution(boundAfter),
    },
    violations,
  }
}
