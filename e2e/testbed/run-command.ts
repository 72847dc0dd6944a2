import { spawn, type SpawnOptions } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What a finished program left behind. `code` is 128 + signal number when a signal ended it. */
export type CommandResult = { code: number; stdout: string; stderr: string }

export type CommandOptions = {
  /** Written to stdin, which is then closed. */
  input?: string
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Milliseconds after which the program is killed; default 120,000. */
  timeoutMs?: number
  /** `inherit` sends both outputs to our stderr instead of collecting them. */
  output?: 'collect' | 'inherit'
}

const SIGNAL_NUMBERS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** Runs a program to its end. A code other than 0 is an answer, not an error; a program that cannot be started throws. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const inherit = options.output === 'inherit'
  const spawnOptions: SpawnOptions = {
    stdio: ['pipe', inherit ? process.stderr : 'pipe', inherit ? process.stderr : 'pipe'],
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  }
  const child = spawn(command, [...args], spawnOptions)
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0))
    })
  })
  // A program that ends before it has read its input is judged by its code.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const [code, stdout, stderr] = await Promise.all([
    ended,
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ])
  return { code, stdout, stderr }
}

/** As `runCommand`, and throws with the program's last words when its code is not 0. Returns stdout. */
export async function mustRun(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(command, args, options)
  if (result.code !== 0) {
    const words = (result.stderr || result.stdout).trim().slice(-2000)
    throw new Error(`${command} ${args.join(' ').slice(0, 300)}: exit ${String(result.code)}: ${words}`)
  }
  return result.stdout
}
