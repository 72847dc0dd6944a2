import { dirname } from 'node:path'
import { drop } from '../../../contract/drop.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { resolveContexts } from '../kubeconfig/context-lookup.ts'
import { cutToContext } from '../kubeconfig/entry.ts'
import type { KubeconfigModel } from '../kubeconfig/kubeconfig-model.ts'
import { type ClusterRecords, fingerprintOf, type KubeconfigSourceRecord } from './cluster-records.ts'
import { type DefaultFiles, readKubeconfigFile } from './default-kubeconfig.ts'
import type { FileSystem } from './file-system.ts'

export type SourceWatchOptions = {
  readonly records: ClusterRecords
  readonly defaultFiles: () => Promise<DefaultFiles>
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly log: Log
  readonly onChanged: (clusterId: string) => void
}

/** Command lines write a kubeconfig in several steps. */
const settleMs = 300

/**
 * Knows which clusters were read from a file that has other contents for them now (a cloud command line refreshed a
 * token). Looks at start, when a folder of such a file changes, and when the vault is unlocked; reads only those files.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions
  readonly #changed = new Set<string>()
  readonly #watchers = new Map<string, () => void>()
  #settling: Timer | null = null
  #checks: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: SourceWatchOptions) {
    this.#options = options
  }

  isChanged(clusterId: string): boolean {
    return this.#changed.has(clusterId)
  }

  /** Looks now; one look at a time. */
  check(): Promise<void> {
    this.#checks = this.#checks.then(() => this.#check())
    return this.#checks
  }

  /** The kubeconfig that a source stands for now: the default files together, or its own file when it left their list. */
  async modelOf(source: KubeconfigSourceRecord): Promise<KubeconfigModel | null> {
    return this.#modelOf(source, await this.#options.defaultFiles())
  }

  close(): void {
    this.#closed = true
    this.#settling?.cancel()
    for (const stop of this.#watchers.values()) stop()
    this.#watchers.clear()
  }

  async #check(): Promise<void> {
    const rows = this.#closed ? [] : this.#options.records.kubeconfigs.withSource()
    const defaults = await this.#watchSources(rows.flatMap((row) => row.source_path ?? []))
    if (this.#closed) return
    const seen = new Set<string>()
    for (const row of rows) {
      seen.add(row.cluster_id)
      const source = this.#options.records.source(row)
      // While the vault is locked nothing can be compared; what was known stays.
      if (!source.ok || source.value === null || defaults === null) continue
      this.#set(row.cluster_id, this.#differs(source.value, defaults))
    }
    for (const id of this.#changed) if (!seen.has(id)) this.#changed.delete(id)
  }

  /** Watches what clusters came from, and the default files with it; null when no cluster came from a file. */
  async #watchSources(paths: readonly string[]): Promise<DefaultFiles | null> {
    const defaults = paths.length > 0 ? await this.#options.defaultFiles() : null
    if (this.#closed) return null
    const began = this.#watch([...paths, ...(defaults?.files.map((file) => file.path) ?? [])])
    // What changed between the look and the watch would be missed for good.
    return began && defaults !== null ? this.#options.defaultFiles() : defaults
  }

  #differs(source: KubeconfigSourceRecord, defaults: DefaultFiles): boolean {
    const model = this.#modelOf(source, defaults)
    const resolved = model && resolveContexts(model).find((each) => each.context.name === source.context)
    // Gone from the file, or no longer usable: there is nothing to take over.
    if (resolved == null) return false
    const { fileSystem } = this.#options
    const entry = cutToContext(resolved, {
      embedFiles: new Set(source.embedded),
      readFile: (path) => fileSystem.readFile(path),
    })
    return entry.ok && fingerprintOf(entry.value) !== source.fingerprint
  }

  #modelOf(source: KubeconfigSourceRecord, defaults: DefaultFiles): KubeconfigModel | null {
    if (defaults.files.some((file) => file.path === source.path)) return defaults.model
    return readKubeconfigFile(source.path, this.#options.fileSystem)
  }

  #set(id: string, changed: boolean): void {
    if (this.#changed.has(id) === changed) return
    if (changed) this.#changed.add(id)
    else this.#changed.delete(id)
    this.#options.onChanged(id)
  }

  /** Folders, not files: a file that is replaced would be lost from sight. True: there was one that was not watched. */
  #watch(paths: readonly string[]): boolean {
    let began = false
    const folders = new Set(paths.map((path) => dirname(path)))
    for (const [folder, stop] of this.#watchers) {
      if (folders.has(folder)) continue
      stop()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      this.#watchers.set(
        folder,
        this.#options.fileSystem.watchFolder(folder, () => this.#settle()),
      )
      began = true
    }
    return began
  }

  #settle(): void {
    this.#settling?.cancel()
    this.#settling = this.#options.clock.after(settleMs, () => {
      drop(this.check(), 'whoever lists clusters sees the result')
    })
  }
}
