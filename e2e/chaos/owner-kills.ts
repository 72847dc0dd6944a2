import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Forward } from '../../contract/forwards.ts'
import type { Client } from '../../contract/client.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { HostOptions } from '../support/host.ts'
import { stillAlive } from '../support/leftovers.ts'
import { killOwnerAfter, killRunning } from '../support/chaos-owner.ts'
import { addCluster } from '../support/main-job.ts'
import { distribution } from '../support/statistics.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deployment, service } from '../testbed/workloads.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'

const passphrase = 'a passphrase for the chaos'
/** No more forwards than that, so that a start stays short. */
const most = 12

/** What the user was told is saved. */
type Intent = Pick<Forward, 'name' | 'desired'> & { ports: number[] }
const intentOf = ({ name, desired, ports }: Forward): Intent => ({
  name,
  desired,
  ports: ports.map(({ local }) => local),
})

/** The intents that were acknowledged, and those that were asked for when the owner died: either way is right for them. */
class Journal {
  readonly known = new Map<string, Intent>()
  readonly uncertain = new Set<string>()
  creating = 0

  async change(id: string, call: () => Promise<{ ok: boolean; value?: unknown }>): Promise<void> {
    this.uncertain.add(id)
    const answer = await call().catch(() => null)
    if (answer?.ok !== true) return
    this.uncertain.delete(id)
    const value = answer.value as Forward | { ports?: undefined }
    if (value.ports === undefined) this.known.delete(id)
    else this.known.set(id, intentOf(value))
  }

  async create(call: () => Promise<{ ok: boolean; value?: unknown }>): Promise<void> {
    this.creating += 1
    const answer = await call().catch(() => null)
    if (answer?.ok !== true) return
    this.creating -= 1
    const forward = answer.value as Forward
    this.known.set(forward.id, intentOf(forward))
  }

  /** Compares with what the next owner brought back, and goes on from there. */
  settle(forwards: readonly Forward[]): string[] {
    const found: string[] = []
    const now = new Map(forwards.map((forward) => [forward.id, intentOf(forward)]))
    for (const [id, intent] of this.known) {
      if (this.uncertain.has(id)) continue
      const seen = now.get(id)
      if (seen === undefined) found.push(`the intent of ${intent.name} is lost`)
      else if (JSON.stringify(seen) !== JSON.stringify(intent))
        found.push(`${intent.name} came back as ${JSON.stringify(seen)} in place of ${JSON.stringify(intent)}`)
    }
    const strange = [...now.keys()].filter((id) => !this.known.has(id) && !this.uncertain.has(id))
    if (strange.length > this.creating) found.push(`${strange.length} forwards that nobody made`)
    this.known.clear()
    for (const [id, intent] of now) this.known.set(id, intent)
    this.uncertain.clear()
    this.creating = 0
    return found
  }
}

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
  const text = await readFile(bed.a.kubeconfig, 'utf8')
  const journal = new Journal()
  const violations: string[] = []
  const boundAfter: number[] = []
  const kinds = { 'under changes': 0, 'in its start': 0, 'in its first migration': 0 }
  let clusterId = ''
  {
    await using host = await world.startHost(options)
    clusterId = (await addCluster(host.client, bed.a.kubeconfig, 'a')).id
  }

  const change = async ({ forwards, clusters, vault }: Client): Promise<void> => {
    const [id, intent] = [...journal.known].at(random.below(Math.max(1, journal.known.size))) ?? []
    const dice = random.below(10)
    if (id === undefined || intent === undefined || (dice < 3 && journal.known.size < most)) {
      const name = `forward ${random.below(1_000_000)}`
      const target = { kind: 'service' as const, name: 'web' }
      await journal.create(() => forwards.create({ clusterId, namespace, name, target, ports: [{ remote: 8080 }] }))
    } else if (dice < 5) await journal.change(id, () => forwards.stop({ id }))
    else if (dice < 7) await journal.change(id, () => forwards.start({ id }))
    else if (dice === 7) await journal.change(id, () => forwards.remove({ id }))
    else if (dice === 8) await clusters.rotate({ id: clusterId, text }).catch(() => null)
    else await vault.rotate().catch(() => null)
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
    const found = journal.settle(await expectOk(host.client.forwards.list()))
    violations.push(...found.map((words) => `kill ${kill}: ${words}`))
    const ports = [...journal.known.values()].flatMap(({ desired, ports }) => (desired === 'on' ? ports : []))
    const began = performance.now()
    for (const port of ports)
      await waitUntil(`port ${port} is bound`, 10, () => isAccepted(port)).then(
        () => boundAfter.push(performance.now() - began),
        () => violations.push(`kill ${kill}: port ${port} is not bound again`),
      )
    kinds['under changes'] += 1
    const over = new AbortController()
    const workers = Array.from({ length: 3 }, async () => {
      while (!over.signal.aborted) await change(host.client)
    })
    await pause(random.below(2500))
    const children = await killRunning(host)
    over.abort()
    await Promise.all(workers)
    await waitUntil('its children are gone', 10, async () => (await stillAlive(children)).length === 0).catch(() =>
      violations.push(`kill ${kill}: children outlived the owner`),
    )
    for (const port of ports)
      if (await isAccepted(port)) violations.push(`kill ${kill}: somebody still listens on ${port}`)
    if (kill % 10 === 9) world.say(`${kill + 1} of ${size.ownerKills} kills, ${journal.known.size} forwards`)
  }

  const last = await world.startHost(options)
  violations.push(...journal.settle(await expectOk(last.client.forwards.list())))
  await last.close()
  const left = await readdir(join(dataDir, 'run'))
  if (left.length > 0) violations.push(`files were left: ${left.join(', ')}`)
  const database = new Database(join(dataDir, 'mooring.db'), { readonly: true })
  const check = database.pragma('integrity_check', { simple: true })
  database.close()
  if (check !== 'ok') violations.push(`the database is damaged: ${String(check)}`)
  await rm(dataDir, { recursive: true, force: true })
  await bed.a.deleteNamespace(namespace)
  return {
    facts: {
      'kills under changes': String(kinds['under changes']),
      'kills in its start': String(kinds['in its start']),
      'kills in its first migration': String(kinds['in its first migration']),
      'same port bound again after the owner is ready': distribution(boundAfter),
      'integrity of the database at the end': String(check),
    },
    violations,
  }
}
