import { spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { exists } from './build.ts'
import { mustRun } from './run-command.ts'
import { isAlive, listBedFolders, type BedFolder, type ProcessIdentity } from './state-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

/** The ids of all containers and sandboxes of a bed; to be noted before its end, as proof needs them. */
export async function containerIds(bed: BedFolder): Promise<string[]> {
  const found: string[] = []
  for (const cluster of ['a', 'b']) {
    for (const place of [
      'containerd/io.containerd.grpc.v1.cri/sandboxes',
      'containerd/io.containerd.grpc.v1.cri/containers',
      'state/io.containerd.runtime.v2.task/k8s.io',
    ]) {
      found.push(...(await fs.readdir(path.join(bed.folder, cluster, place)).catch(() => [])))
    }
  }
  return [...new Set(found)]
}

async function leftProcesses(bed: BedFolder): Promise<string[]> {
  const left: string[] = []
  for (const pid of (await fs.readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue
    const words = (await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    // Clients that use a kubeconfig of the bed belong to whoever started them.
    const ours = words.filter((word) => !/\/[ab]\/users\/[^/]*$/.test(word)).join(' ')
    if (ours.includes(`${bed.folder}/`)) left.push(`process ${pid}: ${words.join(' ').slice(0, 200)}`)
  }
  return left
}

/**
 * What a bed that has ended left behind: processes, mounts, links, control groups, its folder. Empty when it is clean.
 * @param ids its containers, from `containerIds` before the end
 */
export async function leftovers(bed: BedFolder, ids: readonly string[]): Promise<string[]> {
  const left = await leftProcesses(bed)
  const mounts = (await fs.readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  left.push(...mounts.filter((line) => line.includes(`${bed.folder}/`)).map((line) => `mount: ${line}`))
  const links = await fs.readdir('/sys/class/net')
  const ours = new RegExp(`^mb${String(bed.number)}[a-z][hc]$`)
  left.push(...links.filter((name) => ours.test(name)).map((name) => `link ${name}`))
  for (const name of Object.keys(os.networkInterfaces())) if (ours.test(name)) left.push(`address on ${name}`)
  if (ids.length > 0) {
    const names = ids.flatMap((id) => ['-o', '-name', id]).slice(1)
    const groups = await mustRun('find', ['/sys/fs/cgroup', '-type', 'd', '(', ...names, ')'])
    left.push(
      ...groups
        .split('\n')
        .filter(Boolean)
        .map((group) => `control group ${group}`),
    )
  }
  // Network namespaces have no name here; the processes and mounts above are all that could hold one.
  if (await exists(bed.folder)) left.push(`folder ${bed.folder}`)
  return left
}

async function endBed(bed: BedFolder): Promise<void> {
  const owner = await fs
    .readFile(path.join(bed.folder, 'owner.json'), 'utf8')
    .then((text) => JSON.parse(text) as ProcessIdentity)
    .catch(() => null)
  const alive = owner !== null && isAlive(owner)
  if (alive) process.kill(owner.pid, 'SIGTERM')
  try {
    // Without its owner, its sweeper is at work already, or both have gone (a machine that was switched off).
    await waitUntil('the end of the bed', alive ? 20 : 3, async () => !(await exists(bed.folder)))
    return
  } catch {
    // Nobody ends it: we do.
  }
  const sweeper = spawn('bash', [path.join(import.meta.dirname, 'sweep.sh'), bed.folder, String(bed.number)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await new Promise((resolve) => sweeper.once('exit', resolve))
}

/**
 * Ends beds of this user: those with the given numbers, or all. Returns what is left of them, which should be nothing.
 */
export async function endBeds(numbers: readonly number[] = []): Promise<string[]> {
  const beds = await listBedFolders()
  const wanted = beds.filter((bed) => numbers.length === 0 || numbers.includes(bed.number))
  const left = await Promise.all(
    wanted.map(async (bed) => {
      const ids = await containerIds(bed)
      console.error(`test bed ${bed.number}: ending`)
      await endBed(bed)
      return leftovers(bed, ids)
    }),
  )
  return left.flat()
}
