import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { statFields } from '../../electron/core/platform/linux-proc.ts'
import { exists } from './build.ts'

const userId = process.getuid?.() ?? 0

/** All beds of this user lie here, one folder per bed, named by its number. Short, because sockets live inside. */
export const STATE_FOLDER = process.env['MOORING_TESTBED_STATE'] ?? `/tmp/mooring-testbed-${String(userId)}`

/** Beds of one user at most: the number is part of addresses and interface names. */
const BED_LIMIT = 60

/** Whether clusters with real containers can run here: that takes root and Linux. */
export function canRunContainers(): boolean {
  return process.platform === 'linux' && userId === 0 && process.env['MOORING_TESTBED_REDUCED'] === undefined
}

/** A process, told apart from a later one with the same number by its start time (clock ticks since boot). */
export type ProcessIdentity = { pid: number; startTicks: number }

/** null when there is no such process, or it has ended and nobody has reaped it yet. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  try {
    const fields = statFields(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return { pid, startTicks: Number(fields[19]) }
  } catch {
    return null
  }
}

/** True while that very process runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTicks === identity.startTicks
}

/** The two addresses the host and the cluster have on their link, one more for the cluster, and one nobody has. */
export type ClusterAddresses = { host: string; main: string; alias: string; nobody: string }

export type BedFolder = { number: number; folder: string }

/** First two octets of every bed's addresses; the third is the bed's number. */
const NETWORK = process.env['MOORING_TESTBED_NETWORK'] ?? '10.253'

/** Each cluster has a /29 of its own: a bed's first cluster .0, its second .8. */
export function clusterAddresses(bed: number, index: number): ClusterAddresses {
  const at = (offset: number): string => `${NETWORK}.${String(bed)}.${String(index * 8 + offset)}`
  return { host: at(1), main: at(2), alias: at(3), nobody: at(6) }
}

/** Name of the host's end of a cluster's link; the inner end is named with `c` in place of `h`. At most 15 characters. */
export function linkName(bed: number, cluster: string, end: 'h' | 'c'): string {
  return `mb${String(bed)}${cluster}${end}`
}

async function numberIsFree(number: number): Promise<boolean> {
  if (await exists(`/sys/class/net/${linkName(number, 'a', 'h')}`)) return false
  const taken = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return !taken.some((address) => address.address.startsWith(`${NETWORK}.${String(number)}.`))
}

/** Takes the lowest number that no bed has. Making the folder is the lock. */
export async function claimBedFolder(): Promise<BedFolder> {
  await fs.mkdir(STATE_FOLDER, { recursive: true, mode: 0o700 })
  for (let number = 0; number < BED_LIMIT; number += 1) {
    if (!(await numberIsFree(number))) continue
    const folder = path.join(STATE_FOLDER, String(number))
    try {
      await fs.mkdir(folder, { mode: 0o700 })
      return { number, folder }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new Error(`${String(BED_LIMIT)} test beds are up already (${STATE_FOLDER}); end some: npm run testbed -- down`)
}

/** Every bed of this user that has a folder, running or not. */
export async function listBedFolders(): Promise<BedFolder[]> {
  const names = await fs.readdir(STATE_FOLDER).catch(() => [])
  return names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ number: Number(name), folder: path.join(STATE_FOLDER, name) }))
}
