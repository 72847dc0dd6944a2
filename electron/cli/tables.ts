import { type Cluster, type ConnectionTest, ladderStepNames } from '../../contract/clusters.ts'
import { type Forward, targetWord } from '../../contract/forwards.ts'
import { addressOf } from '../../contract/local-address.ts'
import type { Risk } from '../../contract/kubeconfigs.ts'
import type { AppStatus, VaultStatus } from '../../contract/system.ts'

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

/** The table of clusters. */
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

/** The table of forwards; what their causes mean is said by {@link whyNotLive}. */
export function forwardRows(forwards: readonly Forward[], clusters: readonly Cluster[]): string[][] {
  const names = new Map(clusters.map((cluster) => [cluster.id, cluster.name]))
  return [
    ['NAME', 'STATE', 'LOCAL', 'TARGET', 'CLUSTER', 'CAUSE', 'ID'],
    ...forwards.map((forward) => [
      forward.name,
      forward.state,
      forward.ports.map((port) => `${addressOf(port.bind, port.local)}->${port.remote}`).join(','),
      `${forward.namespace}/${targetWord(forward.target)}`,
      names.get(forward.clusterId) ?? forward.clusterId,
      forward.cause === null
        ? '-'
        : [forward.cause.code, forward.cause.detail].filter((part) => part !== null).join(': '),
      forward.id,
    ]),
  ]
}

/** Why forwards are not live and what to do: one line each, empty where all are. */
export const whyNotLive = (forwards: readonly Forward[]): string =>
  forwards.flatMap(({ name, cause }) => (cause === null ? [] : [`${name}: ${cause.message} ${cause.next}`])).join('\n')

/** What somebody should know before relying on a cluster; nothing that is only worth a note. */
export const riskWords = (of: string | null, risks: readonly Risk[]): string[] =>
  risks
    .filter(({ severity }) => severity !== 'info')
    .map(({ message, next, line, column }) => {
      const place = line === undefined ? '' : ` Line ${line}${column === undefined ? '' : `, column ${column}`}.`
      return `${of === null ? '' : `${of}: `}${message}${place}\n${next}`
    })

/** The steps, what to do below the one it is about (beside it, lines would be wider than any terminal), and the verdict. */
export function ladderWords(name: string, test: ConnectionTest): string {
  const [heading = '', ...steps] = table([
    ['STEP', 'RESULT', 'MS', 'DETAIL'],
    ...test.steps.map(({ id, status, ms, detail }) => [
      ladderStepNames[id],
      status,
      ms === null ? '-' : ms.toFixed(0),
      detail,
    ]),
  ]).split('\n')
  const indent = ' '.repeat(heading.indexOf('DETAIL'))
  const lines = steps.flatMap((line, index) => {
    const next = test.steps[index]?.next ?? null
    return next === null ? [line] : [line, `${indent}${next}`]
  })
  const version = test.serverVersion === null ? '' : ` (Kubernetes ${test.serverVersion})`
  return [heading, ...lines, '', `${name}: ${test.status}${version}`].join('\n')
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** The answer of `status`, for people. */
export function statusWords(
  app: AppStatus,
  vault: VaultStatus,
  clusters: readonly Cluster[],
  forwards: readonly Forward[],
): string {
  const count = (state: Forward['state']): number => forwards.filter((forward) => forward.state === state).length
  const vaultWords = {
    'not-set-up': 'not set up: credentials cannot be stored yet',
    locked: 'locked: forwards wait until it is unlocked in Mooring',
    unlocked: 'unlocked',
    undecryptable: 'cannot be decrypted: Mooring says what can be done',
  }[vault.state]
  return [
    `Mooring ${app.version} (${app.shell}), data in ${app.dataDir}`,
    `${counted(forwards.length, 'forward')}: ${count('live')} live, ${count('starting') + count('recovering')} on their way, ${count('holding')} holding, ${count('off')} off`,
    `${counted(clusters.length, 'cluster')}; cluster watcher ${app.sidecar.state}; kubectl ${app.kubectl.version ?? 'not found'}`,
    `Vault ${vaultWords}`,
    ...(app.storage.problem === null ? [] : [`Storage: ${app.storage.problem}`]),
  ].join('\n')
}
