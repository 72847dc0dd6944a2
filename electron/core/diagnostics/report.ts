import { homedir } from 'node:os'
import type { Diagnostics } from '../../../contract/system.ts'
import { redact } from '../redact.ts'

const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`
const lastLogLines = 200

/** Diagnostics as a text to hand to somebody: no secrets, and the home folder written as `~`. */
export function diagnosticsReport(found: Diagnostics, home: string = homedir()): string {
  const { app, system, owner, kubectl, vault, database, environment } = found
  const lines = [
    `Mooring ${app.version} (${app.shell}), ${system.platform} ${system.release} ${system.arch}, Node ${system.node}${system.electron === null ? '' : `, Electron ${system.electron}`}`,
    `Owner: pid ${owner.pid}, ${mebibytes(owner.memoryBytes)}, ${owner.cpuPercent} % CPU; machine: ${system.cpus} cores, ${mebibytes(system.memoryBytes)}`,
    `Cluster watcher (sidecar): ${app.sidecar.state}, ${app.sidecar.restarts} restarts`,
    `kubectl: ${kubectl.chosen === null ? 'none' : `${kubectl.chosen.path} ${kubectl.chosen.version ?? ''}`}`,
    ...kubectl.found.map((one) =>
      `  found ${one.path} ${one.version ?? ''} ${one.vendor ?? ''} ${one.problem ?? ''}`.trimEnd(),
    ),
    `Children: ${app.children.running} running, ${app.children.starting} starting, ${app.children.queued} queued, limit ${app.children.limit}`,
    `Vault: ${vault.state}, ${vault.provider ?? 'no provider'}; keychain ${vault.keychain.available ? 'available' : `not available: ${vault.keychain.reason ?? ''}`}`,
    `Database: ${mebibytes(database.bytes)}, schema ${database.schemaVersion}, ${database.snapshots} snapshots`,
    `Environment: ${environment.status}, shell ${environment.shell ?? 'not known'}, PATH ${environment.path}`,
    ...environment.proxies.map((proxy) => `  ${proxy.name}=${proxy.value}`),
    '',
    'Checks',
    ...found.checks.map(
      (check) => `  ${marks[check.status]} ${check.message}${check.next === null ? '' : ` ${check.next}`}`,
    ),
    '',
    'Cluster watcher, last lines',
    ...app.sidecar.lastLines.map((line) => `  ${line}`),
    '',
    'Log',
    ...found.logs
      .slice(-lastLogLines)
      .map((entry) => `  ${new Date(entry.at).toISOString()} ${entry.level} ${entry.area}: ${entry.message}`),
  ]
  const text = redact(lines.join('\n'))
  return home === '' || home === '/' ? text : text.replaceAll(home, '~')
}
