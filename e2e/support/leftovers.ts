import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A process, told apart from a later one with the same pid by its start time. Linux only. */
export type ProcessRef = { pid: number; startTime: string; command: string }

async function look(pid: string): Promise<(ProcessRef & { parent: number; state: string }) | null> {
  try {
    const stat = await readFile(join('/proc', pid, 'stat'), 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
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
