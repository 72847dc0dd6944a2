import { statSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as aTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Client } from '../../contract/client.ts'
import { killOwnerAt } from '../support/chaos-owner.ts'
import { expectOk } from '../support/expect-ok.ts'
import type { HostOptions, RunningHost } from '../support/host.ts'
import { notTakenOver, secretsLeftIn, type ProcessRef } from '../support/leftovers.ts'
import { copyDatabase, makeNewerHost, migrationsOf } from './newer-host.ts'
import type { SeededRandom } from '../support/seeded-random.ts'

export type MigrationKill = {
  /** Some migrations were done and some were not, or the one that was under way left no trace: it fell into them. */
  fellIn: boolean
  children: ProcessRef[]
  wrong: string[]
}

type Start = (options: HostOptions) => Promise<RunningHost>

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Much finer than `waitUntil`: the first migrations take some ms. What does not come in 20 s is not waited for: the kill then
 * counts as one that fell elsewhere.
 */
async function untilIs(isSo: () => boolean): Promise<void> {
  for (const began = performance.now(); !isSo() && performance.now() - began < 20_000;) await aTurn()
}

/** What the journal has when all but the last of the first migrations are done, bytes. */
const firstJournal = 100_000

/** What is wrong in a data folder after the orderly end of its owner. */
export async function brokenIn(dataDir: string): Promise<string[]> {
  const left = await readdir(join(dataDir, 'run'))
  const database = new Database(join(dataDir, 'mooring.db'), { readonly: true })
  const integrity = String(database.pragma('integrity_check', { simple: true }))
  database.close()
  return [
    ...(left.length > 0 ? [`files were left: ${left.join(', ')}`] : []),
    ...(integrity === 'ok' ? [] : [`the database is damaged: ${integrity}`]),
  ]
}

/** kill -9 in the very first start: the database is being made. */
export async function killInFirstMigrations(
  options: HostOptions,
  start: Start,
  random: SeededRandom,
): Promise<MigrationKill> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-chaos-'))
  const mine = { ...options, dataDir }
  const bytes = random.below(firstJournal)
  const children = await killOwnerAt(mine, () => untilIs(() => sizeOf(join(dataDir, 'mooring.db-wal')) > bytes), start)
  const wrong = await secretsLeftIn(dataDir)
  const done = await migrationsOf(dataDir)
  const host = await start(mine)
  wrong.push(...(await notTakenOver(host)))
  const rows = await expectOk(host.client.forwards.list())
  if (rows.length > 0) wrong.push(`a new database has ${rows.length} forwards`)
  await host.close()
  wrong.push(...(await brokenIn(dataDir)))
  const all = await migrationsOf(dataDir)
  await rm(dataDir, { recursive: true, force: true })
  return { fellIn: done < all, children, wrong }
}

/**
 * A later release takes over a copy of a data folder, and is killed while its migration rebuilds what is wanted. The next
 * one must have all of it: `check` compares.
 */
export async function killInUpdate(
  options: HostOptions & { dataDir: string },
  start: Start,
  random: SeededRandom,
  check: (client: Client) => Promise<string[]>,
): Promise<MigrationKill> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-chaos-'))
  await copyDatabase(options.dataDir, dataDir)
  await using newer = await makeNewerHost(options.dataDir)
  const mine = { ...options, dataDir, through: newer.through }
  const journal = join(dataDir, 'mooring.db-wal')
  // What the journal had is written over at first; the migration writes 40 MB, and its commit is the last of them.
  const bytes = sizeOf(journal) + (1 + random.below(30)) * 1_000_000
  const children = await killOwnerAt(mine, () => untilIs(() => sizeOf(journal) > bytes), start)
  const wrong = await secretsLeftIn(dataDir)
  const fellIn = (await migrationsOf(dataDir)) < newer.migrations
  const host = await start(mine)
  wrong.push(...(await notTakenOver(host)), ...(await check(host.client)))
  await host.close()
  wrong.push(...(await brokenIn(dataDir)))
  if ((await migrationsOf(dataDir)) < newer.migrations) wrong.push('the next start did not migrate')
  await rm(dataDir, { recursive: true, force: true })
  return { fellIn, children, wrong }
}
