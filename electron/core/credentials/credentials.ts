import { createHash } from 'node:crypto'
import { drop } from '../../../contract/drop.ts'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { CommandToRun } from '../kubeconfig/credential-command.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { Log } from '../log.ts'
import type { ChildProcesses } from '../processes/child-processes.ts'
import { Listeners } from '../listeners.ts'
import { wayOf } from './cluster-way.ts'
import { failureOfStore, type CredentialFailure } from './credential-failure.ts'
import { fileMark, filesOf } from './file-fields.ts'
import { userCredentials, type UserCredentials } from './user-credentials.ts'

export type { CredentialFailure } from './credential-failure.ts'

/** Credentials count as ended this long before they do, at most a fifth of their life. */
const earlyMs = 60_000
/** A burst of questions after one 401, or after a failure that is tried again by itself, gets one answer. */
const burstMs = 3000
/** A command that failed may have opened a browser: while nobody asks, its failure answers for so long. */
const failedCommandMs = 60_000
/** What belongs to no stored cluster (a kubeconfig that was only tested) is kept so long, for a cluster made of it. */
const strayMs = 60_000

export type CredentialsOptions = {
  /** The cluster's kubeconfig, decrypted. */
  readonly entryOf: (clusterId: string) => Result<KubeconfigEntry>
  readonly allowed: { isAllowed(command: CommandToRun): boolean }
  readonly children: ChildProcesses
  readonly shellEnvironment: { read(): Promise<Record<string, string>> }
  /** Keeps tokens that an issuer renewed: the old ones may be worth nothing any more. */
  readonly storeRefreshed: (clusterId: string, entry: KubeconfigEntry) => Result<void>
  readonly clock: Clock
  readonly log: Log
}

/** How credentials are wanted. */
export type ResolveOptions = {
  /** Gives up waiting; the work goes on while others wait for it. */
  readonly signal?: AbortSignal
  /** The server said no to what was given before: get new ones, unless they were got only just now. */
  readonly fresh?: boolean
  /** Somebody asked at this time (wall clock, ms): a failure of an attempt that began before is no answer. */
  readonly since?: number
}

type Resolved = Result<ClusterConnection, CredentialFailure>
type Obtained = Result<UserCredentials, CredentialFailure>

type AuthProvider = KubeconfigEntry['user']['authProvider']
type Run = { readonly outcome: Promise<Obtained>; readonly abort: AbortController; waiting: number }

/** What is known of one user entry. */
type Slot = {
  known: { outcome: Obtained; begunAt: number; at: number; mark: string } | null
  running: Run | null
  /** The provider's settings with the tokens it gave last; they are newer than what the entry says. */
  renewed: AuthProvider
  /** What was renewed is nowhere but here: letting it go would sign the user out. */
  unsaved: boolean
  /** When it was asked last, monotonic. */
  askedAt: number
}

/**
 * The one place that obtains credentials. Each user entry is asked for by one attempt at a time, its answer is kept
 * until it ends, and clusters with the very same user share it.
 */
export class Credentials {
  readonly #options: CredentialsOptions
  readonly #slots = new Map<string, Slot>()
  /** By cluster: what was handed out last, as a fingerprint, and whose it is. */
  readonly #given = new Map<string, { fingerprint: string; slot: Slot }>()
  readonly #changed = new Listeners<string>()
  /** Counts how often everything was forgotten: an answer of before is not kept. */
  #forgotten = 0
  /** Counts whatever makes an answer that is on its way worth a second look. */
  #changes = 0

  constructor(options: CredentialsOptions) {
    this.#options = options
  }

  /** The id of a cluster whose credentials are other than before, or there for the first time. */
  readonly onChange = this.#changed.listen

  async resolve(clusterId: string, options: ResolveOptions = {}): Promise<Resolved> {
    const entry = this.#options.entryOf(clusterId)
    if (!entry.ok) return fail(failureOfStore(entry.error))
    const slot = this.#slotOf(entry.value)
    const changes = this.#changes
    const resolved = await this.#connection(entry.value, slot, options)
    if (changes !== this.#changes) {
      const now = this.#options.entryOf(clusterId)
      // Locked, removed or changed meanwhile: nobody goes on with what was read before.
      if (!now.ok || slotKey(now.value) !== slotKey(entry.value)) {
        // What was renewed for a cluster that is gone signs nobody in any more.
        if (!now.ok && now.error.code === 'not-found') slot.unsaved = false
        this.#sweep((one) => one === slot)
        return now.ok ? this.resolve(clusterId, options) : fail(failureOfStore(now.error))
      }
    }
    this.#keepRenewed(clusterId, entry.value, slot)
    if (!resolved.ok) return resolved
    const fingerprint = hash(resolved.value)
    const before = this.#given.get(clusterId)
    this.#given.set(clusterId, { fingerprint, slot })
    if (before?.fingerprint !== fingerprint) this.#changed.emit(clusterId)
    return resolved
  }

  /** For a kubeconfig that is not stored (yet). */
  resolveEntry(entry: KubeconfigEntry, options: ResolveOptions = {}): Promise<Resolved> {
    return this.#connection(entry, this.#slotOf(entry), options)
  }

  /** The cluster's kubeconfig is another one now, or gone: forget what was handed out. */
  invalidate(clusterId: string): void {
    this.#changes += 1
    const slot = this.#given.get(clusterId)?.slot
    this.#given.delete(clusterId)
    if (slot === undefined || [...this.#given.values()].some((given) => given.slot === slot)) return
    for (const [key, value] of this.#slots) if (value === slot) this.#slots.delete(key)
  }

  /** The vault was locked: what was obtained is let go, and what is obtained just now is not kept. */
  forget(): void {
    this.#forgotten += 1
    this.#changes += 1
    this.#given.clear()
    for (const slot of this.#slots.values()) slot.known = null
    this.#sweep(() => true)
  }

  /** Stops commands that run and forgets everything. */
  close(): void {
    for (const slot of this.#slots.values()) slot.running?.abort.abort()
    this.#slots.clear()
    this.#given.clear()
  }

  #slotOf(entry: KubeconfigEntry): Slot {
    const key = slotKey(entry)
    const now = this.#options.clock.monotonic()
    this.#sweep((slot) => now - slot.askedAt > strayMs)
    const slot = this.#slots.get(key) ?? { known: null, running: null, renewed: null, unsaved: false, askedAt: now }
    slot.askedAt = now
    this.#slots.set(key, slot)
    return slot
  }

  /** Lets go of what belongs to no cluster and is needed by nobody, where `may`. */
  #sweep(may: (slot: Slot) => boolean): void {
    const given = new Set([...this.#given.values()].map(({ slot }) => slot))
    for (const [key, slot] of this.#slots)
      if (slot.running === null && !slot.unsaved && !given.has(slot) && may(slot)) this.#slots.delete(key)
  }

  async #connection(entry: KubeconfigEntry, slot: Slot, options: ResolveOptions): Promise<Resolved> {
    const environment = await this.#options.shellEnvironment.read()
    const { way, authority } = await wayOf(entry, environment)
    if (!authority.ok) return authority
    const outcome = await this.#userCredentials(entry, slot, way, environment, options)
    if (!outcome.ok) return outcome
    const { token, clientCertificate, clientKey, basic, expiresAt } = outcome.value
    const { user } = entry
    const impersonates = user.as !== null || user.asUid !== null || user.asGroups.length > 0
    return ok({
      ...way,
      token,
      clientCertificate,
      clientKey,
      basic,
      impersonate: impersonates
        ? { user: user.as, uid: user.asUid, groups: user.asGroups, extra: user.asUserExtra }
        : null,
      expiresAt,
    })
  }

  async #userCredentials(
    entry: KubeconfigEntry,
    slot: Slot,
    way: Pick<ClusterConnection, 'certificateAuthority' | 'proxyUrl'>,
    environment: Record<string, string>,
    { fresh = false, since = -Infinity, signal }: ResolveOptions,
  ): Promise<Obtained> {
    const mark = await fileMark(filesOf(entry))
    const { known } = slot
    if (
      known?.mark === mark &&
      stillCounts(known, this.#options.clock.now(), { fresh, since }) &&
      this.#mayRun(entry)
    ) {
      return known.outcome
    }
    if (slot.running === null) {
      const newest = slot.renewed === null ? entry : { ...entry, user: { ...entry.user, authProvider: slot.renewed } }
      const abort = new AbortController()
      const forgotten = this.#forgotten
      const begunAt = this.#options.clock.now()
      const tools = { ...this.#options, environment }
      const outcome = userCredentials(newest, way, tools, { fresh, signal: abort.signal }).then((result) => {
        // An attempt nobody waited for to its end says nothing about the credentials, but what it renewed is renewed.
        const keeps = !abort.signal.aborted && forgotten === this.#forgotten
        if (keeps) slot.known = { outcome: result, begunAt, at: this.#options.clock.now(), mark }
        if (result.ok && result.value.refreshed !== null) {
          slot.renewed = result.value.refreshed.user.authProvider
          slot.unsaved = true
        }
        if (slot.running === run) slot.running = null
        return result
      })
      const run: Run = { outcome, waiting: 0, abort }
      slot.running = run
    }
    return waitFor(slot, slot.running, signal)
  }

  /** A yes that was taken back counts at once, also for credentials that still hold. */
  #mayRun({ user }: KubeconfigEntry): boolean {
    const exec = user.exec
    const hasOthers = [user.token, user.tokenFile, user.clientCertificate, user.clientCertificateData, user.username]
    if (exec?.command == null || hasOthers.some((field) => field !== null)) return true
    return this.#options.allowed.isAllowed({ command: exec.command, args: exec.args, env: exec.env })
  }

  #keepRenewed(clusterId: string, entry: KubeconfigEntry, slot: Slot): void {
    if (slot.renewed === null || hash(slot.renewed) === hash(entry.user.authProvider)) return
    const renewed = { ...entry, user: { ...entry.user, authProvider: slot.renewed } }
    const stored = this.#options.storeRefreshed(clusterId, renewed)
    // From now on the cluster's entry reads like this: it means the same slot.
    slot.unsaved = !stored.ok
    if (stored.ok) this.#slots.set(slotKey(renewed), slot)
    else this.#options.log.warn(`renewed tokens of ${entry.context} could not be stored: ${stored.error.message}`)
  }
}

/** Failures that cost something to find out, and how long each answers, ms; others are looked at again each time. */
const costly: Readonly<Record<string, number>> = {
  'credentials-command-failed': failedCommandMs,
  'cluster-unreachable': burstMs,
}

function stillCounts(
  { outcome, begunAt, at }: NonNullable<Slot['known']>,
  now: number,
  { fresh, since }: { fresh: boolean; since: number },
): boolean {
  if (!outcome.ok) return begunAt >= since && now - at < (costly[outcome.error.code] ?? 0)
  const { expiresAt } = outcome.value
  // Also what had ended when it was given (kubectl takes it, too) is not asked for again at once.
  if (now - at < burstMs) return true
  if (fresh) return false
  return expiresAt === null || now < expiresAt - Math.min(earlyMs, Math.max(0, expiresAt - at) / 5)
}

async function waitFor(slot: Slot, run: Run, signal: AbortSignal | undefined): Promise<Obtained> {
  run.waiting += 1
  const given = Promise.withResolvers<Obtained>()
  const giveUp = (): void => given.resolve(fail(cancelled))
  drop(run.outcome.then(given.resolve, given.reject), 'passed on')
  if (signal?.aborted === true) giveUp()
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    return await given.promise
  } finally {
    signal?.removeEventListener('abort', giveUp)
    run.waiting -= 1
    if (run.waiting === 0) {
      if (slot.running === run) slot.running = null
      run.abort.abort()
    }
  }
}

const cancelled: CredentialFailure = {
  code: 'credentials-command-failed',
  detail: 'cancelled',
  message: 'Getting the credentials was cancelled.',
  next: 'Try again.',
}

const hash = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value ?? null))
    .digest('base64')

/** The same user, asked in the same way; what a command is told about the cluster belongs to it. */
function slotKey({ cluster, user }: KubeconfigEntry): string {
  return hash([user, user.exec?.provideClusterInfo === true ? cluster : null])
}
