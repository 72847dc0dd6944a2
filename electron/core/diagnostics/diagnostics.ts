import { statSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { ok } from '../../../contract/errors.ts'
import type { AppStatus, Diagnostics as DiagnosticsView, KubectlStatus, VaultStatus } from '../../../contract/system.ts'
import type { LogEntry } from '../log.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import type { Store } from '../store/store.ts'
import { diagnosticChecks } from './checks.ts'
import { diagnosticsReport } from './report.ts'

/** Where Diagnostics looks; each answers at once or within its own limit. */
export type DiagnosticsSources = {
  readonly appStatus: () => AppStatus
  readonly kubectl: () => Promise<KubectlStatus>
  readonly environment: () => DiagnosticsView['environment']
  readonly vault: () => VaultStatus
  readonly store: Store
  readonly logs: () => LogEntry[]
}

/** Gathers what Mooring found around itself, for a person or a bug report. */
export class Diagnostics {
  readonly #sources: DiagnosticsSources
  readonly #cpuAtStart = process.cpuUsage()
  readonly #startedAt = performance.now()

  constructor(sources: DiagnosticsSources) {
    this.#sources = sources
  }

  async view(): Promise<DiagnosticsView> {
    const { appStatus, kubectl, environment, vault, store, logs } = this.#sources
    const found = { app: appStatus(), environment: environment(), kubectl: await kubectl(), vault: vault() }
    return {
      ...found,
      system: {
        platform: platform(),
        release: release(),
        arch: arch(),
        node: process.version,
        electron: (process.versions as { electron?: string }).electron ?? null,
        memoryBytes: totalmem(),
        cpus: cpus().length,
      },
      owner: { pid: process.pid, memoryBytes: process.memoryUsage().rss, cpuPercent: this.#cpuPercent() },
      database: {
        path: store.path,
        bytes: sizeOf(store.path) + sizeOf(`${store.path}-wal`),
        schemaVersion: store.schemaVersion,
        snapshots: store.snapshots().length,
      },
      checks: diagnosticChecks(found),
      logs: logs(),
    }
  }

  handlers(): HandlersOf<'diagnostics.get' | 'diagnostics.report'> {
    return {
      'diagnostics.get': async () => ok(await this.view()),
      'diagnostics.report': async () => ok({ text: diagnosticsReport(await this.view()) }),
    }
  }

  /** Of one core, since the start. */
  #cpuPercent(): number {
    const { user, system } = process.cpuUsage(this.#cpuAtStart)
    const elapsedMs = performance.now() - this.#startedAt
    return Math.round((user + system) / 10 / Math.max(1, elapsedMs))
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
