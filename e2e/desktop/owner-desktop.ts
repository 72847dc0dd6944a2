import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createClient, type Client, type ConnectionState } from '../../contract/client.ts'
import type { Result } from '../../contract/errors.ts'
import type { EventMessage } from '../../contract/events.ts'
import { waitUntil } from '../support/wait-until.ts'

const root = join(import.meta.dirname, '..', '..')

/** Something a person would have seen: a window, a box, the tray, a notification. */
export type Shown = { what: string; [detail: string]: unknown }

type Told =
  | { kind: 'reply'; id: number; value?: unknown; problem?: string }
  | { kind: 'event'; message: EventMessage }
  | { kind: 'connection'; state: ConnectionState }
  | ({ kind: 'shown' } & Shown)

export type OwnerOptions = { dataDir: string; home: string; environment?: Record<string, string>; args?: string[] }

/** The desktop's built bundle (`dist/main.mjs`) on plain Node, with electron-double.mjs in Electron's place. */
export class OwnerDesktop {
  readonly client: Client
  readonly shown: Shown[] = []
  readonly states: ConnectionState['state'][] = []
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #child: ChildProcess
  readonly #replies = new Map<number, (told: { value?: unknown; problem?: string }) => void>()
  readonly #listeners = new Set<{ stream: string; listener: (message: EventMessage) => void }>()
  #log = ''
  #last = 0

  constructor(options: OwnerOptions) {
    const hook = new URL('./electron-double-hook.mjs', import.meta.url).href
    this.#child = fork(join(root, 'dist', 'main.mjs'), ['--data-dir', options.dataDir, ...(options.args ?? [])], {
      execArgv: ['--import', hook],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env.PATH ?? '', HOME: options.home, LANG: 'C.UTF-8', ...options.environment },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    this.exited = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })))
    this.#child.on('message', (told) => this.#hear(told as Told))
    this.client = createClient({
      call: (name, input) => this.command('call', { name, input }) as Promise<Result<unknown>>,
      subscribe: (stream, listener) => {
        const entry = { stream, listener }
        this.#listeners.add(entry)
        void this.command('subscribe', { stream })
        return () => this.#listeners.delete(entry)
      },
      onConnection: () => () => undefined,
    })
  }

  /** Starts it and waits for its window. */
  static async start(options: OwnerOptions): Promise<OwnerDesktop> {
    const desktop = new OwnerDesktop(options)
    await desktop.sees('window')
    return desktop
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  log(): string {
    return this.#log
  }

  /** Waits until a person has seen something that matches. */
  async sees(what: string, matches: (shown: Shown) => boolean = () => true, seconds = 20): Promise<Shown> {
    const ended = this.exited.then(() => {
      const found = this.shown.find((shown) => shown.what === what && matches(shown))
      if (found === undefined) throw new Error(`it ended without ${what}:\n${this.#log}`)
      return found
    })
    const found = waitUntil(what, seconds, () => this.shown.find((shown) => shown.what === what && matches(shown)))
    return Promise.race([found, ended])
  }

  /** Asks the double for something; see `commands` there. */
  command(command: string, details: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#replies.set(id, ({ value, problem }) => {
        if (problem === undefined) resolve(value)
        else reject(new Error(problem))
      })
      this.#child.send({ id, command, ...details }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  /** Quits as the menu does; how it ended. */
  async quit(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    void this.command('quit').catch(() => undefined)
    return this.exited
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #hear(told: Told): void {
    if (told.kind === 'reply') this.#replies.get(told.id)?.(told)
    else if (told.kind === 'connection') this.states.push(told.state.state)
    else if (told.kind === 'shown') this.shown.push(told)
    else for (const { stream, listener } of this.#listeners) if (stream === told.message.stream) listener(told.message)
  }
}
