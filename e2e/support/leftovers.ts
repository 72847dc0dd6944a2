import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { statFields } from '../../electron/core/platform/linux-proc.ts'
import { createClient } from '../../contract/client.ts'
import { acquireOwnership } from '../../electron/core/store/ownership.ts'
import { readOwner } from '../../electron/core/store/owner-file.ts'
import { createLocalTransport } from '../../electron/http/local-client.ts'

/** A process, told apart from a later one with the same pid by its start time. Linux only. */
export type ProcessRef = { pid: number; startTime: string; command: string }

async function look(pid: string): Promise<(ProcessRef & { parent: number; state: string }) | null> {
  try {
    const fields = statFields(await readFile(join('/proc', pid, 'stat'), 'utf8'))
    const command = (await readFile(join('/proc', pid, 'cmdline'), 'utf8')).replaceAll('\0', ' ').trim()
    return { pid: Number(pid), state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '', command }
  } catch {
    return null
  }
}

/** All living processes below `pid`, at any depth. */
export async function descendantsOf(pid: number): Promise<ProcessRef[]> {
  const all = (await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(look))).filter(
    (one) => one !== null,
  )
  const below = new Set([pid])
  // Parents may stand after their children in the list: repeat until nothing is added.
  for (let size = 0; size !== below.size;) {
    size = below.size
    for (const one of all) if (below.has(one.parent)) below.add(one.pid)
  }
  return all.filter((one) => one.pid !== pid && below.has(one.pid) && one.state !== 'Z')
}

/** Sends a signal to each that is still there: any may have ended since it was seen. */
export function signalAll(processes: Iterable<Pick<ProcessRef, 'pid'>>, signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Those that still live; a zombie counts as dead. */
export async function stillAlive(processes: readonly ProcessRef[]): Promise<ProcessRef[]> {
  const now = await Promise.all(processes.map((one) => look(String(one.pid))))
  return processes.filter(
    (one, index) => now[index] !== null && now[index]?.startTime === one.startTime && now[index].state !== 'Z',
  )
}

/** Kubeconfigs of children that have a name in the data folder, with their bytes. */
export async function secretFilesOf(dataDir: string): Promise<{ name: string; bytes: number }[]> {
  const run = join(dataDir, 'run')
  // An owner that was killed at once has made nothing yet.
  const names = await readdir(run).catch(() => [])
  const secret = names.filter((name) => name.startsWith('child-secret-'))
  const found = await Promise.all(
    secret.map((name) =>
      stat(join(run, name)).then(
        ({ size }) => ({ name, bytes: size }),
        () => null,
      ),
    ),
  )
  return found.filter((one) => one !== null)
}

/**
 * What a killed owner left in its data folder that must not be there, in words. A kubeconfig loses its name before its first
 * byte is written (docs/child-processes.md), so that no moment of a kill leaves one. Linux only.
 */
export async function secretsLeftIn(dataDir: string): Promise<string[]> {
  return (await secretFilesOf(dataDir)).flatMap(({ name, bytes }) =>
    bytes > 0 ? [`${name} was left with ${bytes} bytes`] : [],
  )
}

/** Whether a new owner has all that the killed one had: the lock, the address of the owner, its socket. Answers what is wrong. */
export async function notTakenOver({ pid, dataDir }: { pid: number; dataDir: string }): Promise<string[]> {
  const wrong: string[] = []
  const lock = acquireOwnership(dataDir)
  if (lock.ok) {
    lock.value.release()
    wrong.push('nobody holds the lock')
  } else if (lock.error.code !== 'data-folder-owned' || lock.error.details?.['pid'] !== pid)
    wrong.push(`the lock says ${lock.error.code}: ${lock.error.message}`)
  const socketPath = readOwner(dataDir)?.socketPath ?? ''
  const transport = createLocalTransport(socketPath)
  const status = await createClient(transport).app.status({}, AbortSignal.timeout(5000))
  await transport.close()
  if (!status.ok) wrong.push(`the socket ${socketPath} says ${status.error.message} ${status.error.cause ?? ''}`)
  else if (status.value.dataDir !== dataDir) wrong.push(`the socket ${socketPath} leads to ${status.value.dataDir}`)
  const left = await secretsThatStay(dataDir)
  if (left.length > 0) wrong.push(`${left.join(', ')} of an earlier run is there`)
  return wrong
}

/** Names of kubeconfigs in the folder of an owner that runs: each of its own has one for a moment. */
async function secretsThatStay(dataDir: string): Promise<string[]> {
  let left: string[] = []
  for (let look = 0; look < 40; look += 1) {
    const names = (await secretFilesOf(dataDir)).map(({ name }) => name)
    left = look === 0 ? names : left.filter((name) => names.includes(name))
    if (left.length === 0) break
    await pause(50)
  }
  return left
}
