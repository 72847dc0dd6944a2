import type { NamespaceRow, PodRow, ServiceRow, WorkloadRow } from '../../../../contract/clusters.ts'
import { type NamedKind, type Target, targetWord } from '../../../../contract/forwards.ts'

/** What is known of a cluster; undefined: not asked yet, or it could not be answered. */
export type Known = {
  readonly namespaces?: readonly NamespaceRow[] | undefined
  readonly services?: readonly ServiceRow[] | undefined
  readonly workloads?: readonly WorkloadRow[] | undefined
  readonly pods?: readonly PodRow[] | undefined
}

/** Said of a namespace that the cluster does not have; null: it has it, or nobody knows. */
export function namespaceNotice(namespace: string, { namespaces }: Known): string | null {
  if (namespace === '' || namespaces === undefined || namespaces.some(({ name }) => name === namespace)) return null
  return `There is no namespace ${namespace} now. A forward waits until there is one.`
}

/** Said of a target that the namespace does not have, or that no pod can stand behind; null: nothing is to be said. */
export function targetNotice(target: Target | null, namespace: string, known: Known): string | null {
  if (target === null || target.kind === 'selector' || namespaceNotice(namespace, known) !== null) return null
  const rows = rowsOf(target.kind, known)
  if (rows === undefined) return null
  const found = rows.find(({ name }) => name === target.name)
  if (found === undefined)
    return `There is no ${targetWord(target)} to be seen in ${namespace} now. A forward waits until there is.`
  return 'type' in found && found.type === 'ExternalName'
    ? `${targetWord(target)} is only a name for a host elsewhere (ExternalName): there is no pod behind it. Choose another target, or connect to that host directly.`
    : null
}

type Named = { readonly name: string; readonly type?: string }

function rowsOf(kind: NamedKind, known: Known): readonly Named[] | undefined {
  if (kind === 'service') return known.services
  if (kind === 'pod') return known.pods
  return known.workloads?.filter((workload) => workload.kind === kind)
}
