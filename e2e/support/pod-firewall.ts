import { readdirSync, readFileSync } from 'node:fs'
import { mustRun } from '../testbed/run-command.ts'
import type { PodRow } from '../testbed/pods.ts'

function processIn(containerId: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (readFileSync(`/proc/${name}/cgroup`, 'utf8').includes(containerId)) return Number(name)
    } catch {
      // ended meanwhile
    }
  }
  throw new Error(`no process of container ${containerId}`)
}

/**
 * From now on the pod refuses new connections to the port, as a program does that closed its listening socket and goes
 * on with the connections it has. Goes away with the pod.
 */
export async function refuseNewConnections(pod: PodRow, port: number): Promise<void> {
  const pid = processIn(pod.containerIds[0] ?? '')
  const rule = [
    '-I',
    'INPUT',
    '-p',
    'tcp',
    '--dport',
    String(port),
    '--syn',
    '-j',
    'REJECT',
    '--reject-with',
    'tcp-reset',
  ]
  await mustRun('nsenter', ['-t', String(pid), '-n', '--', 'iptables', '-w', ...rule])
}
