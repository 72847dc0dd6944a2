import { execFile } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..', '..')

/** What the figures depend on; nothing that names the machine. */
export type Machine = {
  cores: number
  processor: string
  memoryGiB: number
  kernel: string
  node: string
  kubectl: string
  /** Runnable processes of everybody else when the run began: what disturbed it. */
  loadBefore: number
}

/** Which source figures are of. */
export type Source = {
  /** Of the checkout that ran; null: it is none of git's. */
  commit: string | null
  /** Files differed from that commit. */
  dirty: boolean
}

const run = promisify(execFile)

export async function describeSource(): Promise<Source> {
  try {
    const { stdout: commit } = await run('git', ['rev-parse', 'HEAD'], { cwd: root })
    const { stdout: changes } = await run('git', ['status', '--porcelain'], { cwd: root })
    return { commit: commit.trim(), dirty: changes !== '' }
  } catch {
    return { commit: null, dirty: false }
  }
}

export async function describeMachine(kubectl: string): Promise<Machine> {
  const { stdout } = await run(kubectl, ['version', '--client', '-o', 'json'])
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } }
  return { ...describeComputer(), kubectl: clientVersion.gitVersion }
}

/** The machine, where no kubectl is used. */
export function describeComputer(): Omit<Machine, 'kubectl'> {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0] ?? '',
    node: process.version,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}
