import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Starts a display without a screen (Xvfb) on a free number; `name` is for DISPLAY. */
export async function startDisplay(): Promise<{ name: string; close(): Promise<void> }> {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const failed = once(server, 'error').then(([error]: unknown[]) => {
    throw new Error(`Xvfb cannot be started: ${String(error)}`)
  })
  const line = await Promise.race([once(createInterface({ input: server.stdout }), 'line'), failed])
  return {
    name: `:${String(line[0])}`,
    close: async () => {
      const exited = once(server, 'exit')
      server.kill()
      await exited
    },
  }
}
