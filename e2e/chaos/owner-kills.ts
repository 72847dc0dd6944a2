import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Client } from '../../contract/client.ts'
import { BusyOwner } from '../support/busy-owner.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { HostOptions } from '../support/host.ts'
import { stillAlive } from '../support/leftovers.ts'
import { killOwnerAfter, killRunning } from '../support/chaos-owner.ts'
import { addCluster, waitForState } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deployment, service } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'

const passphrase = 'a passphrase for the chaos'
/** Those who change things at the same time. */
const workers = ['one', 'two', 'three']

const isAccepted = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
  })

/** kill -9 of the owner, wherever it is by then: in its start, in its first migration, or under changes of all kinds. */
export async function killOwners(world: ChaosWorld): Promise<PartResult> {
  const { bed, random, size } = world
  const namespace = await bed.a.createNamespace('chaos')
  await bed.a.apply(deployment({ namespace, name: 'web' }), service({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-chaos-'))
  const options: HostOptions = { dataDir, vault: 'passphrase', passphrase }
  const violations: string[] = []
  const boundAfter: number[] = []
  const kinds = {
    'under changes': 0,
    'of those, while forwards were live': 0,
    'in its start': 0,
    'in its first migration': 0,
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
    (name, index) =>
      new BusyOwner({ random, clusterId, namespace, name, ...(index === 0 ? { kubeconfigs, passphrase } : {}) }),
  )
  const check = async (client: Client): Promise<string[]> => {
    const found = await Promise.all(busy.map((one) => one.check(client)))
    const { state } = await expectOk(client.vault.status())
    return [...found.flat(), ...(state === 'unlocked' ? [] : [`the vault is ${state}`])]
  }

  for (let kill = 0; kill < size.ownerKills; kill += 1) {
    const kind = random.below(10)
    if (kind === 0) {
      kinds['in its first migration'] += 1
      const empty = await mkdtemp(join(tmpdir(), 'mooring-chaos-'))
      await killOwnerAfter({ ...options, dataDir: empty }, random.below(900))
      await using host = await world.startHost({ ...options, dataDir: empty })
      await expectOk(host.client.forwards.list())
      await host.close()
      await rm(empty, { recursive: true, force: true })
      continue
    }
    if (kind < 3) {
      kinds['in its start'] += 1
      const children = await killOwnerAfter(options, random.below(1500), world.startHost)
      await waitUntil('its children are gone', 10, async () => (await stillAlive(children)).length === 0).catch(() =>
        violations.push(`kill ${kill}: children outlived the owner that was starting`),
      )
    }
    const host = await world.startHost(options)
    violations.push(...(await check(host.client)).map((words) => `kill ${kill}: ${words}`))
    const ports = busy.flatMap((one) => one.ports)
    const began = performance.now()
    for (const port of ports)
      await waitUntil(`port ${port} is bound`, 10, () => isAccepted(port)).then(
        () => boundAfter.push(performance.now() - began),
        () => violations.push(`kill ${kill}: port ${port} is not bound again`),
      )
    kinds['under changes'] += 1
    const isAnyLive = async (): Promise<boolean> =>
      (await expectOk(host.client.forwards.list())).some(({ state }) => state === 'live')
    // Every second time it has come to live forwards; else it is killed wherever it is by then.
    if (kill % 2 === 0 && ports.length > 0)
      await waitUntil('a forward is live', 60, isAnyLive).catch((error: unknown) =>
        violations.push(`kill ${kill}: ${String(error)}`),
      )
    const working = busy.map((one) => one.work(host.client))
    await pause(random.below(2500))
    if (await isAnyLive()) kinds['of those, while forwards were live'] += 1
    const children = await killRunning(host)
    await Promise.all(working)
    await waitUntil('its children are gone', 10, async () => (await stillAlive(children)).length === 0).catch(() =>
      violations.push(`kill ${kill}: children outlived the owner`),
    )
    for (const port of ports)
      if (await isAccepted(port)) violations.push(`kill ${kill}: somebody still listens on ${port}`)
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
  await last.close()
  const left = await readdir(join(dataDir, 'run'))
  if (left.length > 0) violations.push(`files were left: ${left.join(', ')}`)
  const database = new Database(join(dataDir, 'mooring.db'), { readonly: true })
  const integrity = database.pragma('integrity_check', { simple: true })
  database.close()
  if (integrity !== 'ok') violations.push(`the database is damaged: ${String(integrity)}`)
  await rm(dataDir, { recursive: true, force: true })
  await bed.a.deleteNamespace(namespace)
  return {
    facts: {
      kills: Object.entries(kinds).map(([what, count]) => `${count} ${what}`).join(', '), // prettier-ignore
      'said yes to': busy.map(({ done }) => JSON.stringify(done)).join(' '),
      'same port bound again after the owner is ready': distribution(boundAfter),
      'integrity of the database at the end': String(integrity),
    },
    violations,
  }
}
