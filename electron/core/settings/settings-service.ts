import { isAbsolute } from 'node:path'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { defaultSettings, Settings } from '../../../contract/system.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { Listeners } from '../listeners.ts'
import { SettingTable } from '../store/setting-table.ts'
import type { Store } from '../store/store.ts'

export type SettingsOptions = {
  readonly store: Store
  /** Makes the system start Mooring at login, or no longer. Throws words when it cannot. */
  readonly applyStartAtLogin?: (wanted: boolean) => void
}

type Change = { [Name in keyof Settings]?: Settings[Name] | undefined }

/** The user's settings: defaults, and what was changed of them. */
export class SettingsService {
  readonly #table: SettingTable
  readonly #applyStartAtLogin: (wanted: boolean) => void
  readonly #changes = new Listeners<Settings>()
  #current: Settings

  constructor(options: SettingsOptions) {
    this.#table = new SettingTable(options.store)
    this.#applyStartAtLogin = options.applyStartAtLogin ?? (() => undefined)
    this.#current = readSettings(this.#table.all())
  }

  readonly onChange = this.#changes.listen

  get(): Settings {
    return this.#current
  }

  /**
   * All of the change or nothing: what the system refuses (start at login) is not stored, and what cannot be stored is
   * taken back. Errors: kubectl-unusable (the path is not a full one), storage-failed.
   */
  update(change: Change): Result<Settings> {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const before = this.#current
    const after: Settings = { ...before, ...given }
    if (after.kubectlPath !== null && !isAbsolute(after.kubectlPath)) return fail(notFull(after.kubectlPath))
    const startChanges = before.startAtLogin !== after.startAtLogin
    if (startChanges) {
      const applied = this.#apply(after.startAtLogin)
      if (!applied.ok) return applied
    }
    const written = this.#table.put(given)
    if (!written.ok) {
      if (startChanges) this.#apply(before.startAtLogin)
      return written
    }
    this.#current = after
    this.#changes.emit(after)
    return ok(after)
  }

  handlers(): HandlersOf<'settings.get' | 'settings.update'> {
    return { 'settings.get': () => ok(this.#current), 'settings.update': (change) => this.update(change) }
  }

  #apply(startAtLogin: boolean): Result<void> {
    try {
      this.#applyStartAtLogin(startAtLogin)
      return ok(undefined)
    } catch (error) {
      return fail(
        appError(
          'storage-failed',
          `The system could not be told ${startAtLogin ? 'to start' : 'no longer to start'} Mooring at login.`,
          "Check the permissions of your system's start-up folder, then try again; nothing was changed.",
          { cause: error instanceof Error ? error.message : String(error) },
        ),
      )
    }
  }
}

const notFull = (path: string) =>
  appError(
    'kubectl-unusable',
    `"${path}" is not the full path of a program.`,
    'Give the path from the root on, or leave it empty: then the first kubectl that works is taken.',
  )

/** A stored value that this version does not understand gives way to its default. */
function readSettings(stored: Readonly<Record<string, unknown>>): Settings {
  const entries = Object.entries(defaultSettings).map(([name, usual]) => {
    const parsed = Settings.shape[name as keyof Settings].safeParse(stored[name])
    return [name, parsed.success ? parsed.data : usual]
  })
  return Settings.parse(Object.fromEntries(entries))
}
