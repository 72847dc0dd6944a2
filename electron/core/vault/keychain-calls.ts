/**
 * Calls to the system's keychain: one at a time, each with a limit. A call cannot be taken back: while the keychain shows
 * its dialogue, it holds one of the few threads that files and names need too, and Node would wait for it at its end.
 */
export class KeychainCalls {
  readonly #limitMs: number
  readonly #leave: (exitCode: number) => void
  #pending = 0

  constructor(limitMs: number, leave: (exitCode: number) => void = leaveWithoutWaiting) {
    this.#limitMs = limitMs
    this.#leave = leave
  }

  /** Rejects in words when the keychain says nothing for the limit, or still shows the dialogue of an earlier call. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.#pending > 0) throw new Error('The keychain still waits for an answer to its dialogue.')
    const work = this.#counted(call)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('The keychain did not answer in time.')), this.#limitMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#pending += 1
    if (this.#pending === 1) process.on('exit', this.#leave)
    try {
      return await call()
    } finally {
      this.#pending -= 1
      if (this.#pending === 0) process.off('exit', this.#leave)
    }
  }
}

/** Ends the process at once. When its exit is announced, everything of ours is closed already. */
function leaveWithoutWaiting(exitCode: number): void {
  // Every exit of Node waits for its threads. A new Node in our place has none, and can keep the exit code.
  if (process.platform !== 'win32' && !('electron' in process.versions))
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${exitCode})`], {})
  process.kill(process.pid, 'SIGKILL')
}
