import { readFileSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type AppError, appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { FoundKubectl, KubectlStatus } from '../../../contract/system.ts'
import type { Log } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { Listeners } from '../listeners.ts'
import { sentence } from '../sentence.ts'
import type { ChildProcesses } from './child-processes.ts'
import { installCommand, kubectlFolders, kubectlNames, relativeFolders } from './kubectl-places.ts'
import { parseClientVersion, skewMessage, vendorOf } from './kubectl-version.ts'

const versionTimeoutMs = 5000

export type ClusterVersion = { readonly id: string; readonly name: string; readonly serverVersion: string | null }

export type KubectlFinderOptions = {
  readonly children: ChildProcesses
  /** The user's login environment. */
  readonly environment: () => Promise<Record<string, string>>
  /** The path chosen in Settings; null: the first usable one found. */
  readonly kubectlPath: () => string | null
  readonly log: Log
  readonly os?: NodeJS.Platform
  readonly home?: string
}

/** A kubectl that can be asked what it is. */
type Candidate = () => Promise<FoundKubectl>
/** `candidates`: in their order of preference. */
type Search = { readonly candidates: Candidate[]; readonly searched: string[] }
/** Changes when the file does. */
type FileMark = { readonly realPath: string; readonly mark: string }

/** Finds the kubectl programs of this machine, asks each what it is, and chooses one. */
export class KubectlFinder {
  readonly #options: KubectlFinderOptions
  readonly #os: NodeJS.Platform
  readonly #asked = new Map<string, Promise<FoundKubectl>>()
  readonly #changed = new Listeners<FoundKubectl | null>()
  #chosen: { kubectl: FoundKubectl; mark: string; setting: string | null } | null = null
  #searching: Promise<Search> | null = null

  constructor(options: KubectlFinderOptions) {
    this.#options = options
    this.#os = options.os ?? process.platform
  }

  /** Tells when another kubectl, or none, is chosen. */
  readonly onChange = this.#changed.listen

  /** The chosen one as last seen, at once. */
  get current(): FoundKubectl | null {
    return this.#chosen?.kubectl ?? null
  }

  /**
   * The kubectl to use: the one of Settings if it is usable, else the first usable one. Looks again only when that file
   * changed or went. Errors: `kubectl-missing`, `kubectl-unusable`.
   */
  async chosen(): Promise<Result<FoundKubectl>> {
    const known = this.#chosen
    if (known?.setting === this.#options.kubectlPath()) {
      const now = await markOf(known.kubectl.path)
      if (now?.mark === known.mark) return ok(known.kubectl)
    }
    const { candidates, searched } = await this.#search()
    const found: FoundKubectl[] = []
    // Those after the first usable one are not asked: at the start everything else wants the processor too.
    for (const ask of candidates) {
      found.push(await ask())
      if (found.at(-1)?.usable === true) break
    }
    const kubectl = await this.#choose(found)
    if (kubectl !== null) return ok(kubectl)
    const install = this.#install()
    const [unusable] = found
    const details = { searched }
    if (unusable === undefined)
      return fail(
        appError(
          'kubectl-missing',
          'No kubectl was found on this machine.',
          `Install kubectl (${install}) or choose its path in Settings; then it goes on by itself.`,
          { details },
        ),
      )
    const { path, problem } = unusable
    return fail(
      appError(
        'kubectl-unusable',
        `The kubectl ${path} cannot be used.${problem === null ? '' : ` ${problem}`}`,
        `Repair it, install another (${install}), or choose one in Settings; then it goes on by itself.`,
        { details },
      ),
    )
  }

  /** Everything about kubectl on this machine; `refresh` asks each program again. */
  async status(clusters: readonly ClusterVersion[], refresh = false): Promise<KubectlStatus> {
    if (refresh) this.#asked.clear()
    const { candidates, searched } = await this.#search()
    const found = await Promise.all(candidates.map((ask) => ask()))
    const chosen = await this.#choose(found)
    const version = chosen?.version ?? null
    const skew = clusters.flatMap(({ id, name, serverVersion }) => {
      const message = version === null || serverVersion === null ? null : skewMessage(version, serverVersion)
      return message === null || serverVersion === null ? [] : [{ clusterId: id, name, serverVersion, message }]
    })
    return { chosen, found, searched, install: this.#install(), skew }
  }

  handlers(clusters: () => readonly ClusterVersion[]): HandlersOf<'kubectl.status'> {
    return { 'kubectl.status': async ({ refresh }) => ok(await this.status(clusters(), refresh === 'true')) }
  }

  /** One search at a time: whoever asks meanwhile gets its result. */
  #search(): Promise<Search> {
    this.#searching ??= this.#lookEverywhere().finally(() => (this.#searching = null))
    return this.#searching
  }

  async #lookEverywhere(): Promise<Search> {
    const environment = await this.#options.environment()
    const home = this.#options.home ?? homedir()
    const surroundings = { os: this.#os, home, environment }
    const folders = kubectlFolders(surroundings)
    const setting = this.#options.kubectlPath()
    const paths = folders.flatMap((folder) => kubectlNames(this.#os).map((name) => join(folder, name)))
    const seen = new Set<string>()
    const candidates: Candidate[] = []
    for (const path of [...(setting === null ? [] : [setting]), ...paths]) {
      const mark = await markOf(path)
      if (mark === null && path === setting) {
        candidates.push(() => Promise.resolve(unusable(path, 'There is no such file.')))
      }
      if (mark === null || seen.has(mark.realPath)) continue
      seen.add(mark.realPath)
      candidates.push(() => this.#ask(path, mark))
    }
    // Only to say why: a folder that depends on where we were started is nobody's choice of a program.
    for (const folder of relativeFolders(surroundings))
      for (const path of kubectlNames(this.#os).map((name) => resolve(folder, name))) {
        const mark = await markOf(path)
        if (mark === null || seen.has(mark.realPath)) continue
        seen.add(mark.realPath)
        candidates.push(() =>
          Promise.resolve(unusable(path, `The PATH names its folder as "${folder}", no full path.`)),
        )
      }
    return { candidates, searched: setting === null ? folders : [setting, ...folders] }
  }

  #ask(path: string, mark: FileMark): Promise<FoundKubectl> {
    const key = `${path} ${mark.mark}`
    const known = this.#asked.get(key) ?? this.#askProgram(path, mark.realPath, () => this.#asked.delete(key))
    this.#asked.set(key, known)
    return known
  }

  /** `forget`: no answer is no word of the program about itself (a busy machine, a cold disk); it is asked again. */
  async #askProgram(path: string, realPath: string, forget: () => void): Promise<FoundKubectl> {
    const started = await this.#options.children.start({
      kind: 'probe-command',
      label: `version of ${path}`,
      command: path,
      args: () => ['version', '--client', '-o', 'json'],
      environment: {},
      collect: true,
      timeoutMs: versionTimeoutMs,
      onLine: () => undefined,
    })
    if (!started.ok) {
      forget()
      return unusable(path, whyNotStarted(path, started.error))
    }
    const exit = await started.value.exited
    if (exit.timedOut) {
      forget()
      return unusable(path, `It did not answer within ${versionTimeoutMs / 1000} s.`)
    }
    const version = parseClientVersion(exit.stdout?.toString('utf8') ?? '')
    if (exit.code !== 0 || version === null) {
      const words = exit.lastLines.findLast((line) => line.trim() !== '')?.trim()
      const did = exit.code === 0 ? 'gave none' : `ended with ${exit.signal ?? `code ${exit.code ?? '?'}`}`
      return unusable(path, sentence(`Asked for its version, it ${did}${words === undefined ? '' : `: ${words}`}`))
    }
    return { path, version, vendor: vendorOf(version, path, realPath), usable: true, problem: null }
  }

  async #choose(found: readonly FoundKubectl[]): Promise<FoundKubectl | null> {
    const kubectl = found.find((each) => each.usable) ?? null
    const mark = kubectl === null ? null : await markOf(kubectl.path)
    const before = this.#chosen?.kubectl ?? null
    const setting = this.#options.kubectlPath()
    this.#chosen = kubectl === null || mark === null ? null : { kubectl, mark: mark.mark, setting }
    if (before?.path !== kubectl?.path || before?.version !== kubectl?.version) {
      this.#options.log.info(
        kubectl === null ? 'no usable kubectl' : `kubectl ${kubectl.version ?? ''} ${kubectl.path}`,
      )
      this.#changed.emit(kubectl)
    }
    return kubectl
  }

  #install(): string {
    return installCommand(this.#os, process.arch, this.#os === 'linux' ? readOsRelease() : '')
  }
}

/** The file is there; what was told is that it could not be started. */
function whyNotStarted(path: string, { code, cause, message }: AppError): string {
  if (code === 'kubectl-missing')
    return cause === undefined ? `It may not be run (chmod +x '${path}' allows it).` : `The system says: ${cause}.`
  return code === 'kubectl-unusable' && cause !== undefined ? sentence(cause) : message
}

const unusable = (path: string, problem: string): FoundKubectl => ({
  path,
  version: null,
  vendor: vendorOf(null, path, path),
  usable: false,
  problem,
})

async function markOf(path: string): Promise<FileMark | null> {
  try {
    const file = await stat(path)
    if (!file.isFile()) return null
    return { realPath: await realpath(path), mark: `${file.ino} ${file.size} ${file.mtimeMs} ${file.mode}` }
  } catch {
    return null
  }
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}
