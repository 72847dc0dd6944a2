import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { createClient, type Client, type Transport } from '../../contract/client.ts'
import { createHttpTransport } from '../../contract/http-transport.ts'

export type HostOptions = {
  /** Kept after close() when given; else a temporary folder that goes with the host. */
  dataDir?: string
  port?: number
  vault?: 'keychain' | 'passphrase' | 'memory' | 'none'
  passphrase?: string
  environment?: Record<string, string>
  /** More options of `serve`. */
  args?: readonly string[]
  /** Words before the host's own command; what they run must end in `exec`, so that the pid stays the host's. */
  through?: readonly string[]
}

export type RunningHost = {
  readonly url: string
  readonly token: string
  readonly pid: number
  readonly dataDir: string
  readonly client: Client
  /** Everything the host wrote to stderr. */
  readonly log: () => string
  readonly process: ChildProcess
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** SIGTERM, and wait for the orderly end. */
  close(): Promise<void>
  /** SIGKILL, and wait; the data folder stays. */
  kill(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const root = join(import.meta.dirname, '..', '..')

/** Starts the built host as a user would (`npm run -s serve`), and waits for its line on stdout. */
export async function startHost(options: HostOptions = {}): Promise<RunningHost> {
  const temporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'mooring-host-')))
  const vault = options.vault ?? 'memory'
  const program = [process.execPath, join(root, 'dist', 'serve.mjs')]
  const args = ['--data-dir', dataDir, '--port', String(options.port ?? 0)]
  if (vault !== 'none') args.push('--vault', vault)
  args.push(...(options.args ?? []))
  const [command = '', ...words] = [...(options.through ?? []), ...program, ...args]
  const child = spawn(command, words, {
    env: {
      ...process.env,
      ...(options.passphrase === undefined ? {} : { MOORING_PASSPHRASE: options.passphrase }),
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('close', () => reject(new Error(`the host ended before it was ready:\n${log}`)))
  })
  const ready = JSON.parse(line) as { url: string; token: string; pid: number }
  const host: RunningHost = {
    ...ready,
    dataDir,
    client: connectTo(ready),
    log: () => log,
    process: child,
    exited,
    close: async () => {
      child.kill('SIGTERM')
      await exited
      if (temporary) await rm(dataDir, { recursive: true, force: true })
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    [Symbol.asyncDispose]: () => host.close(),
  }
  return host
}

/** A typed client of a running host. */
export const connectTo = (host: { url: string; token: string }): Client => createClient(transportTo(host))

/** The way to a running host, for who wants to stand between it and the client. */
export function transportTo(host: { url: string; token: string }): Transport {
  return createHttpTransport({
    baseUrl: host.url,
    token: host.token,
    fetch: (url, init) => fetch(url, init),
    openSocket: (path) =>
      new WebSocket(host.url.replace('http', 'ws') + path, {
        headers: { authorization: `Bearer ${host.token}`, origin: host.url },
      }),
  })
}
