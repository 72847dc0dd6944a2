import { readFile } from 'node:fs/promises'
import { statFields } from '../electron/core/platform/linux-proc.ts'

/** Clock ticks per second in /proc; fixed on Linux. */
const ticksPerSecond = 100

/** Processor time a process has used since it started, seconds. Linux only. */
export async function processorSeconds(pid: number): Promise<number> {
  const fields = statFields(await readFile(`/proc/${pid}/stat`, 'utf8'))
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Memory that goes when the process goes, bytes. Linux only. */
export async function privateMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
