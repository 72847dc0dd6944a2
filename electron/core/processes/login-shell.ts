import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { drop } from '../../../contract/drop.ts'
import type { Clock } from '../clock.ts'
import type { Platform } from '../platform/platform.ts'
import { signalGroup } from '../platform/signal-group.ts'
import type { RegisteredChild } from './child-registry.ts'

export type LoginShellResult =
  | { readonly kind: 'read'; readonly environment: Record<string, string> }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'failed'; readonly reason: string }

export type LoginShellOptions = {
  readonly clock: Clock
  readonly platform: Pick<Platform, 'childWrapper'>
  /** Puts the shell on record before it starts; null: that was not possible. */
  readonly register: (command: string) => RegisteredChild | null
}

/** More than any sensible environment; a profile that prints for ever is cut off. */
const maxOutputBytes = 4 * 1024 * 1024

const outputGraceMs = 300

/** What a login, interactive shell is asked: profiles for both kinds set PATH, and both kinds are in use. */
const flagsOf = (shell: string): string[] => (/^(t?csh)$/.test(basename(shell)) ? ['-ic'] : ['-ilc'])

/**
 * Asks a shell for the environment a user has in a terminal. Its profile may print, ask, start tmux or hang: the answer
 * is taken from between two random marks, it has no terminal and no input, and after `timeoutMs` its whole group is ended.
 * It is a child like the others: when we are killed it dies with us, and the next start stops what its profile left.
 */
export async function askLoginShell(
  shell: string,
  environment: NodeJS.ProcessEnv,
  { timeoutMs, ...options }: LoginShellOptions & { timeoutMs: number },
): Promise<LoginShellResult> {
  const { clock } = options
  const deadline = clock.monotonic() + timeoutMs
  // Older env programs (macOS 12) have no -0; then lines must do.
  for (const print of ['env -0', 'env']) {
    const left = deadline - clock.monotonic()
    const mark = `mark-${randomUUID()}`
    const script = `echo ${mark}; ${print}; echo ${mark}`
    const answer = await run(shell, [...flagsOf(shell), script], environment, { ...options, timeoutMs: left })
    if (answer.kind !== 'output') return answer
    const between = answer.text.split(`${mark}\n`)[1] ?? answer.text.split(mark)[1]
    const found = between === undefined ? {} : parseEnvironment(between)
    if (found.PATH !== undefined) return { kind: 'read', environment: found }
  }
  return { kind: 'failed', reason: `${shell} did not print its environment` }
}

/** Reads `env -0`, or `env`, where a line that is no assignment belongs to the value before it. */
export function parseEnvironment(text: string): Record<string, string> {
  const withZeros = text.includes('\0')
  const found: Record<string, string> = {}
  let last: string | null = null
  for (const part of withZeros ? text.split('\0') : text.trimEnd().split('\n')) {
    const match = /^([A-Za-z_][\w.()-]*)=([\s\S]*)$/.exec(part)
    const [, name, value] = match ?? []
    if (name !== undefined && value !== undefined) {
      found[name] = value
      last = name
    } else if (!withZeros && last !== null) {
      found[last] = `${found[last] ?? ''}\n${part}`
    }
  }
  return found
}

type Output = { kind: 'output'; text: string } | Exclude<LoginShellResult, { kind: 'read' }>

function run(
  shell: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  { clock, platform, register, timeoutMs }: LoginShellOptions & { timeoutMs: number },
): Promise<Output> {
  return new Promise((resolve) => {
    const entry = register(shell)
    const wrapped = platform.childWrapper(shell, args)
    const child = spawn(wrapped.command, wrapped.args, {
      env: { ...env, ...entry?.environment },
      // Its own session: an interactive shell would otherwise stop us to take over our terminal.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child.once('spawn', () => {
      if (entry !== null) drop(entry.started(child.pid ?? 0), 'its token is on record, so the next start finds it')
    })
    let text = ''
    const settle = (output: Output): void => {
      timer.cancel()
      child.stdout.destroy()
      signalGroup(child.pid ?? 0, 'SIGKILL')
      entry?.forget()
      resolve(output)
    }
    const timer = clock.after(timeoutMs, () => settle({ kind: 'timed-out' }))
    child.once('error', (error) => settle({ kind: 'failed', reason: error.message }))
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.length > maxOutputBytes) settle({ kind: 'failed', reason: `${shell} printed too much` })
    })
    child.once('close', () => settle({ kind: 'output', text }))
    // What a profile left running may hold the output open: its end is not waited for long.
    child.once('exit', () => clock.after(outputGraceMs, () => settle({ kind: 'output', text })))
  })
}
