import { spawn } from 'node:child_process'
import { waitUntil } from '../support/wait-until.ts'
import type { TestCluster } from './testbed.ts'

/** A bare `kubectl port-forward`, with nothing of the product around it. */
export type KubectlForward = AsyncDisposable & {
  pid: number
  /** Local port of a remote one. */
  localPort: (remote: number) => number
  /** Everything it has said so far, both outputs. */
  said: () => string
  /** Exit code, once it has ended; null before. */
  exitCode: () => number | null
  close: () => Promise<void>
}

/**
 * Starts `kubectl port-forward` on free local ports and waits until it listens.
 * @param target as kubectl takes it: `svc/web`, `pod/db-0`
 * @throws with kubectl's words when it ends before it listens
 */
export async function startKubectlForward(
  cluster: TestCluster,
  kubectl: string,
  forward: { namespace: string; target: string; ports: readonly number[]; user?: string },
): Promise<KubectlForward> {
  const file = forward.user === undefined ? cluster.kubeconfig : await cluster.copyKubeconfig(forward.user)
  const ports = forward.ports.map((port) => `:${port}`)
  const child = spawn(
    kubectl,
    ['--kubeconfig', file, '-n', forward.namespace, 'port-forward', '--address', '127.0.0.1', forward.target, ...ports],
    {
      env: { PATH: process.env['PATH'], HOME: `${cluster.folder}/home`, KUBERC: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (data) => (said += String(data)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  const localPort = (remote: number): number =>
    Number(new RegExp(`Forwarding from 127\\.0\\.0\\.1:(\\d+) -> ${remote}\n`).exec(said)?.[1])
  try {
    await waitUntil('kubectl to listen', 20, () => child.exitCode !== null || forward.ports.every(localPort))
  } catch (error) {
    await close()
    throw error
  }
  if (child.exitCode !== null) throw new Error(`kubectl ended: ${said.trim()}`)
  return {
    pid: child.pid ?? 0,
    localPort,
    said: () => said,
    exitCode: () => child.exitCode,
    close,
    [Symbol.asyncDispose]: close,
  }
}
