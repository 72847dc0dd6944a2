import { homedir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Diagnostics } from '../../../contract/system.ts'
import type { Log } from '../log.ts'
import { redact } from '../redact.ts'
import { askLoginShell, type LoginShellOptions } from './login-shell.ts'

type Status = Diagnostics['environment']

const timeLimitMs = 5000
const proxyName = /^(https?|all|no)_proxy$/i

/** A passphrase, a child's token: nobody else's business. */
const isOurs = (name: string): boolean => name.startsWith('MOORING_')

/** Where programs are put that a desktop session's PATH does not name. */
const usualFolders: Readonly<Record<string, readonly string[]>> = {
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/opt/local/bin', '~/.local/bin', '~/bin'],
  linux: ['/usr/local/bin', '/snap/bin', '/home/linuxbrew/.linuxbrew/bin', '~/.local/bin', '~/bin'],
}

export type ShellEnvironmentOptions = LoginShellOptions & {
  readonly log: Log
  /** What we were started with. */
  readonly own?: NodeJS.ProcessEnv
  readonly os?: NodeJS.Platform
}

/**
 * The environment the user has in a terminal. An app that was started from a desktop has little of it (PATH without
 * Homebrew, no cloud profile), so the login shell is asked once, in the background, with a time limit.
 */
export class ShellEnvironment {
  readonly #options: ShellEnvironmentOptions
  readonly #own: Record<string, string>
  readonly #os: NodeJS.Platform
  #reading: Promise<Record<string, string>> | null = null
  #status: Status['status'] = 'reading'
  #shell: string | null = null
  #known: Record<string, string>

  constructor(options: ShellEnvironmentOptions) {
    this.#options = options
    this.#os = options.os ?? process.platform
    const own = Object.entries(options.own ?? process.env)
    this.#own = Object.fromEntries(
      own.filter((entry): entry is [string, string] => entry[1] !== undefined && !isOurs(entry[0])),
    )
    this.#known = this.#withUsualFolders(this.#own)
  }

  /** Waits for the first reading; later calls answer at once. Never rejects: what was known is the answer then. */
  read(): Promise<Record<string, string>> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  /** For Diagnostics. PATH and proxies in full (passwords in proxy addresses masked), of the others only the names. */
  status(): Status {
    const entries = Object.entries(this.#known)
    return {
      shell: this.#shell,
      status: this.#status,
      path: this.#known.PATH ?? this.#known.Path ?? '',
      proxies: entries
        .filter(([name]) => proxyName.test(name))
        .map(([name, value]) => ({ name, value: redact(value) })),
      names: entries.map(([name]) => name).sort(),
    }
  }

  async #read(): Promise<Record<string, string>> {
    // A terminal gave us its environment already; Windows has one environment for everybody.
    if (this.#os === 'win32' || this.#own.TERM !== undefined) {
      this.#status = 'not-needed'
      return this.#known
    }
    this.#shell = this.#findShell()
    const { clock, log, platform, register } = this.#options
    // A prompt theme that looks at the terminal, and an updater that asks questions, are not wanted here.
    const environment = { ...this.#own, TERM: 'dumb', DISABLE_AUTO_UPDATE: 'true' }
    const begin = clock.monotonic()
    const result = await askLoginShell(this.#shell, environment, { clock, platform, register, timeoutMs: timeLimitMs })
    this.#status = result.kind
    if (result.kind === 'read') {
      const own = new Set(['TERM', 'DISABLE_AUTO_UPDATE', 'SHLVL', 'PWD', 'OLDPWD', '_'])
      const read = Object.fromEntries(
        Object.entries(result.environment).filter(([name]) => !own.has(name) && !isOurs(name)),
      )
      this.#known = this.#withUsualFolders({ ...this.#own, ...read, PATH: this.#merged(read.PATH) })
      log.info(`read the environment of ${this.#shell} in ${Math.round(clock.monotonic() - begin)} ms`)
    } else {
      const reason = result.kind === 'failed' ? result.reason : `no answer within ${timeLimitMs / 1000} s`
      log.warn(`could not read the environment of ${this.#shell}: ${reason}`)
    }
    return this.#known
  }

  #findShell(): string {
    if (this.#own.SHELL !== undefined && this.#own.SHELL !== '') return this.#own.SHELL
    try {
      return userInfo().shell ?? '/bin/sh'
    } catch {
      return '/bin/sh' // a user without an entry, as in containers
    }
  }

  #merged(path = ''): string {
    const folders = [...path.split(delimiter), ...(this.#own.PATH ?? '').split(delimiter)]
    return [...new Set(folders.filter((folder) => folder !== ''))].join(delimiter)
  }

  #withUsualFolders(environment: Record<string, string>): Record<string, string> {
    const usual = usualFolders[this.#os]
    if (usual === undefined) return environment
    const home = environment.HOME ?? homedir()
    const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
    const more = usual.map((folder) => (folder.startsWith('~') ? join(home, folder.slice(1)) : folder))
    return { ...environment, PATH: [...new Set([...folders, ...more])].join(delimiter) }
  }
}
