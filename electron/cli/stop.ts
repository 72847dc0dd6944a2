/** Exit codes that scripts rely on; 2 (wrong usage) is commander's. */
export const exitCode = { ok: 0, failed: 1, usage: 2, notRunning: 3, notConnected: 4 } as const

/** Ends the command with what is wrong, what to do next, and an exit code. */
export class Stop extends Error {
  readonly code: number

  constructor(what: string, next: string, code: number) {
    super([what, next].filter(Boolean).join('\n'))
    this.code = code
  }
}
