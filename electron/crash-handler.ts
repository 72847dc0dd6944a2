import type { Log } from './core/log.ts'

/** EX_SOFTWARE of sysexits.h: an error of the program itself. */
export const crashExitCode = 70

export type CrashHandlerOptions = {
  /** Masks what might be a secret in what is told. */
  readonly log: () => Log
  /** Ends what this process owns, in order: children, ports, database. */
  readonly end: () => Promise<void>
  readonly exit?: (code: number) => void
  /** How long the orderly end may take, ms. */
  readonly deadlineMs?: number
}

/**
 * The one handler for bugs, of every entry: what was thrown and caught by nobody is told, and the process ends in order
 * with {@link crashExitCode}, because nobody knows any more what is true in it. Desired states stay; the next start goes on.
 */
export function handleCrashes({ log, end, exit = leave, deadlineMs = 10_000 }: CrashHandlerOptions): void {
  let crashed = false
  const tell = (words: string, error: unknown): void =>
    log().error(`${words}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  const crash = (error: unknown): void => {
    tell('a bug in Mooring', error)
    if (crashed) return
    crashed = true
    setTimeout(() => exit(crashExitCode), deadlineMs)
    end().then(
      () => exit(crashExitCode),
      (problem: unknown) => {
        tell('ending failed', problem)
        exit(crashExitCode)
      },
    )
  }
  process.on('uncaughtException', crash)
  // Electron would only print a warning.
  process.on('unhandledRejection', crash)
  // Whoever read our output went away: that is no bug, and telling it there would be one more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
}

const leave = (code: number): void => process.exit(code)
