import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { drop } from '../../../contract/drop.ts'
import type { Clock } from '../clock.ts'
import type { Platform } from '../platform/platform.ts'
import { redact } from '../redact.ts'
import type { ChildExit, ChildSpec, OwnedChild } from './child-spec.ts'
import { LineSplitter } from './line-splitter.ts'
import type { SecretFile } from './secret-file.ts'

const keptLines = 50
const defaultMaxOutputBytes = 1024 * 1024
/** A grandchild may hold our pipe open after the child is gone; its words are not waited for. */
const outputGraceMs = 1000
/** Between asking and ending. */
export const stopGraceMs = 5000

export type Launch = {
  readonly spec: ChildSpec
  readonly command: string
  readonly environment: Record<string, string>
  readonly secret: SecretFile | null
  readonly platform: Platform
  readonly clock: Clock
}

/** Starts one process and follows it to its end; `ChildProcesses` keeps the books. */
export class OwnedProcess implements OwnedChild {
  readonly pid: number
  readonly startedAt: number
  readonly exited: Promise<ChildExit>
  /** Settles when it does its work, ends, or was given up on; never rejects. */
  readonly settled: Promise<void>
  readonly #child: ChildProcess
  readonly #spec: ChildSpec
  readonly #platform: Platform
  readonly #clock: Clock
  readonly #secret: SecretFile | null
  readonly #lines: string[] = []
  /** Hand over what came without a line break, once no more can come. */
  readonly #lastLine: (() => void)[] = []
  readonly #collected: Buffer[] = []
  #collectedBytes = 0
  #outputTooLarge = false
  #timedOut = false
  #gone = false
  #stopping = false
  #settle: () => void = () => undefined

  /** Resolves when the process exists; rejects with the system's error when it could not be made. */
  static async launch(launch: Launch): Promise<OwnedProcess> {
    const { spec, platform, secret } = launch
    const wrapped = platform.childWrapper(launch.command, spec.args(secret?.pathForChild ?? null))
    const child = spawn(wrapped.command, wrapped.args, {
      env: launch.environment,
      ...(spec.workingDirectory === undefined ? {} : { cwd: spec.workingDirectory }),
      // Its own group, so that what it starts can be ended with it. Windows: not detached, else our job object lets it go.
      detached: platform.name !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', secret?.descriptor ?? 'ignore'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    // Later errors (a signal that could not be sent) show as its exit.
    child.on('error', () => undefined)
    secret?.closeOurs()
    // In the same turn of the event loop as `spawn`, so no output and no exit is missed.
    return new OwnedProcess(child, launch)
  }

  private constructor(child: ChildProcess, launch: Launch) {
    this.#child = child
    this.#spec = launch.spec
    this.#platform = launch.platform
    this.#clock = launch.clock
    this.#secret = launch.secret
    this.pid = child.pid ?? 0
    this.startedAt = launch.clock.now()
    this.settled = new Promise((resolve) => (this.#settle = resolve))
    this.#follow('stdout', child.stdout)
    this.#follow('stderr', child.stderr)
    this.exited = this.#watchExit()
    this.#applyLimits()
  }

  started(): void {
    this.#settle()
  }

  releaseSecret(): void {
    this.#secret?.release()
  }

  async stop(): Promise<ChildExit> {
    if (!this.#gone && !this.#stopping) {
      this.#stopping = true
      this.#platform.signalTree(this.pid, false)
      const timer = this.#clock.after(stopGraceMs, () => this.killNow())
      drop(
        this.exited.then(() => timer.cancel()),
        'the exit is awaited by the caller',
      )
    }
    return this.exited
  }

  /** Ends the group at once, without waiting: the last resort, and when our own process ends. */
  killNow(): void {
    if (this.#gone) return
    this.#stopping = true
    this.#platform.signalTree(this.pid, true)
  }

  #follow(stream: 'stdout' | 'stderr', from: Readable | null): void {
    if (from === null) return
    if (stream === 'stdout' && this.#spec.collect === true) {
      from.on('data', (chunk: Buffer) => this.#collect(chunk))
      return
    }
    const splitter = new LineSplitter()
    from.on('data', (chunk: Buffer) => splitter.push(chunk).forEach((line) => this.#line(stream, line)))
    this.#lastLine.push(() => splitter.end().forEach((line) => this.#line(stream, line)))
  }

  #line(stream: 'stdout' | 'stderr', text: string): void {
    const line = redact(text)
    this.#lines.push(line)
    if (this.#lines.length > keptLines) this.#lines.shift()
    this.#spec.onLine(stream, line, this.pid)
  }

  #collect(chunk: Buffer): void {
    this.#collectedBytes += chunk.length
    if (this.#collectedBytes <= (this.#spec.maxOutputBytes ?? defaultMaxOutputBytes)) {
      this.#collected.push(chunk)
    } else if (!this.#outputTooLarge) {
      this.#outputTooLarge = true
      this.killNow()
    }
  }

  #takeCollected(): Buffer {
    const all = Buffer.concat(this.#collected)
    for (const chunk of this.#collected.splice(0)) chunk.fill(0)
    return all
  }

  #watchExit(): Promise<ChildExit> {
    const child = this.#child
    return new Promise((resolve) => {
      let end: { code: number | null; signal: NodeJS.Signals | null } = { code: null, signal: null }
      child.once('exit', (code, signal) => {
        end = { code, signal }
        // What the child started and we asked to end with it ends now. The leader was collected this very moment, so
        // its number cannot belong to anybody else yet.
        if (this.#stopping && this.#platform.name !== 'win32') this.#platform.signalTree(this.pid, true)
        this.#gone = true
        this.#settle()
        const grace = this.#clock.after(outputGraceMs, () => {
          child.stdout?.destroy()
          child.stderr?.destroy()
        })
        child.once('close', () => grace.cancel())
      })
      child.once('close', () => {
        this.#secret?.release()
        for (const flush of this.#lastLine) flush()
        resolve({
          ...end,
          lastLines: [...this.#lines],
          ...(this.#spec.collect === true ? { stdout: this.#takeCollected() } : {}),
          timedOut: this.#timedOut,
          outputTooLarge: this.#outputTooLarge,
        })
      })
    })
  }

  #applyLimits(): void {
    const { timeoutMs, signal } = this.#spec
    if (timeoutMs !== undefined) {
      const timer = this.#clock.after(timeoutMs, () => {
        this.#timedOut = true
        drop(this.stop(), 'its exit says that the time was over')
      })
      drop(
        this.exited.then(() => timer.cancel()),
        'never rejects',
      )
    }
    if (signal !== undefined) {
      const stop = (): void => drop(this.stop(), 'whoever cancelled does not wait')
      signal.addEventListener('abort', stop, { once: true })
      drop(
        this.exited.then(() => signal.removeEventListener('abort', stop)),
        'never rejects',
      )
    }
  }
}
