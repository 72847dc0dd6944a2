import type { Cluster, ConnectionTest } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import type { AppStatus } from '../../contract/system.ts'

/** Lines up columns with two spaces between them; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const clusterRows = (clusters: readonly Cluster[]): string[][] => [
  ['NAME', 'STATUS', 'SERVER', 'VERSION', 'NAMESPACE', 'FORWARDS', 'ID'],
  ...clusters.map((cluster) => [
    cluster.name,
    cluster.status.status === 'disconnected'
      ? `disconnected (${cluster.status.cause?.code ?? 'unknown'})`
      : cluster.status.status,
    cluster.server,
    cluster.status.serverVersion ?? '-',
    cluster.namespace,
    `${cluster.forwards.on}/${cluster.forwards.total}`,
    cluster.id,
  ]),
]

/** `kind/name`, as one writes it for kubectl. */
export const targetWords = (target: Forward['target']): string =>
  target.kind === 'selector' ? `selector/${target.selector}` : `${target.kind}/${target.name}`

export function forwardRows(forwards: readonly Forward[], clusters: readonly Cluster[]): string[][] {
  const names = new Map(clusters.map((cluster) => [cluster.id, cluster.name]))
  return [
    ['NAME', 'STATE', 'LOCAL', 'TARGET', 'CLUSTER', 'CAUSE', 'ID'],
    ...forwards.map((forward) => [
      forward.name,
      forward.state,
      forward.ports.map((port) => `${port.bind}:${port.local}->${port.remote}`).join(','),
      `${forward.namespace}/${targetWords(forward.target)}`,
      names.get(forward.clusterId) ?? forward.clusterId,
      forward.cause === null
        ? '-'
        : [forward.cause.code, forward.cause.detail].filter((part) => part !== null).join(': '),
      forward.id,
    ]),
  ]
}

export const ladderRows = (test: ConnectionTest): string[][] => [
  ['STEP', 'RESULT', 'MS', 'DETAIL', 'NEXT'],
  ...test.steps.map((step) => [
    step.id,
    step.status,
    step.ms === null ? '-' : step.ms.toFixed(0),
    step.detail,
    step.next ?? '',
  ]),
]

export function statusWords(app: AppStatus, clusters: readonly Cluster[], forwards: readonly Forward[]): string {
  const count = (state: Forward['state']): number => forwards.filter((forward) => forward.state === state).length
  return [
    `Mooring ${app.version} (${app.shell}), data in ${app.dataDir}`,
    `${forwards.length} forwards: ${count('live')} live, ${count('starting') + count('recovering')} on their way, ${count('holding')} holding, ${count('off')} off`,
    `${clusters.length} clusters; sidecar ${app.sidecar.state}; kubectl ${app.kubectl.version ?? 'not found'}`,
    ...(app.storage.problem === null ? [] : [`Storage: ${app.storage.problem}`]),
  ].join('\n')
}
