import { execFile } from 'node:child_process'

/** Runs a tool of the system by its full path and answers its stdout; empty when it fails or takes too long. */
export type RunTool = (path: string, args: readonly string[]) => Promise<string>

const timeLimitMs = 5000

/** Takes at most 5 s and 16 MiB. */
export const runTool: RunTool = (path, args) =>
  new Promise((resolve) => {
    // Dates and states are read from their words, so the language is fixed.
    const env = { ...process.env, LC_ALL: 'C' }
    execFile(path, args, { env, timeout: timeLimitMs, maxBuffer: 16 * 1024 * 1024, windowsHide: true }, (_, stdout) =>
      resolve(stdout),
    )
  })
