import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createPlatform, type Platform } from '../platform/platform.ts'
import type { SidecarLauncher } from './sidecar-launcher.ts'

export type ForkLauncherOptions = {
  /** What the sidecar gets from our environment; default: {@link sidecarEnvironment}. */
  readonly environment?: Record<string, string>
  /** The Node that runs it; default: ours. */
  readonly node?: string
  readonly platform?: Platform
}

const passed = [
  'PATH',
  'HOME',
  'TZ',
  'LANG',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'SystemRoot',
  'windir',
  'TEMP',
]

/** The few variables the sidecar needs: names and trust, no proxies (each cluster has its own) and nothing of ours. */
export function sidecarEnvironment(from: NodeJS.ProcessEnv): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of passed) {
    const value = from[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

/**
 * Starts the sidecar (`entry`: `sidecar/main.ts` or its bundle) as a child of plain Node with a message channel. It ends
 * by itself when the channel closes, and by the kernel where the platform can arrange that.
 */
export function createForkLauncher(entry: string, options: ForkLauncherOptions = {}): SidecarLauncher {
  const platform = options.platform ?? createPlatform()
  return (events, more = {}) => {
    const { command, args } = platform.childWrapper(options.node ?? process.execPath, [entry])
    let over = false
    const end = (how: Parameters<typeof events.exited>[0]): void => {
      if (over) return
      over = true
      events.exited(how)
    }
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...(options.environment ?? sidecarEnvironment(process.env)), ...more },
      // Its own group, as all children of ours. Windows: not detached, else our job object lets it go.
      detached: platform.name !== 'win32',
      windowsHide: true,
    })
    child.once('spawn', () => events.started?.(child.pid ?? 0))
    readLines(child.stdout, (text) => events.line('stdout', text))
    readLines(child.stderr, (text) => events.line('stderr', text))
    child.on('message', (message) => {
      if (!over) events.message(message)
    })
    child.on('error', (error) => {
      // Also reported for a message that could not be sent; then the exit follows by itself.
      if (child.pid === undefined) end({ code: null, signal: null, error: error.message })
    })
    // `close` comes after the last line was read.
    child.on('close', (code, signal) => end({ code, signal, error: null }))
    return {
      pid: child.pid ?? null,
      send: (message) => {
        if (child.connected) child.send(message, undefined, undefined, () => undefined)
      },
      kill: () => void child.kill('SIGKILL'),
    }
  }
}

function readLines(stream: Readable | null, onLine: (text: string) => void): void {
  if (stream === null) return
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine)
}
