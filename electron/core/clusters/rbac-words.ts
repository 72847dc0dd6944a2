import type { ApiFailure } from '../../../contract/sidecar.ts'

/** What an authoriser refused, to whom, and where. */
export type Rbac = NonNullable<ApiFailure['rbac']>

/** The one sentence for it: forwards, clusters and questions all use it. */
export function rbacWords({ user, verb, resource, group, name, namespace, path }: Rbac): string {
  if (resource === null) return `The server knows you as "${user}", who may not ${verb} the path ${path ?? '/'}.`
  const kind = group === null || group === '' ? resource : `${resource}.${group}`
  const what = name === null ? kind : `${kind} "${name}"`
  const where = namespace === null ? 'all namespaces' : `namespace ${namespace}`
  return `The server knows you as "${user}", who may not ${verb} ${what} in ${where}.`
}
