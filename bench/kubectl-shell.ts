import { spawn } from 'node:child_process'
import { descendantsOf, stillAlive } from '../e2e/support/leftovers.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'
import type { Testbed } from '../e2e/testbed/testbed.ts'

/**
 * Starts what users have today: a script of a shell in which `"$KUBECTL"` reaches cluster A. It has the same home as our
 * host, so that both find the same cache of kubectl's.
 */
export function startKubectlShell(bed: Testbed, script: string): { close: () => Promise<void> } {
  const { PATH, HOME } = process.env
  const shell = spawn('bash', ['-c', script], {
    env: { PATH, HOME, KUBECTL: bed.kubectl, KUBECONFIG: bed.a.kubeconfig, KUBERC: 'off' },
    stdio: 'ignore',
    detached: true,
  })
  const close = async (): Promise<void> => {
    const pid = shell.pid ?? 0
    const all = await descendantsOf(pid)
    process.kill(-pid, 'SIGKILL')
    await waitUntil('the end of the shell and its children', 10, async () => (await stillAlive(all)).length === 0)
  }
  return { close }
}
