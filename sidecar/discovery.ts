import type { NamespaceRow, PodRow, ServiceRow, WorkloadKind, WorkloadRow } from '../contract/clusters.ts'
import { fail, ok, type Result } from '../contract/errors.ts'
import type { ApiFailure, SidecarParams, SidecarResult } from '../contract/sidecar.ts'
import type { ClusterApi } from './cluster-registry.ts'
import type { EndpointSliceObject, ServiceObject, WorkloadObject } from './kubernetes-objects.ts'
import { listAll } from './paged-list.ts'
import { namespaceRow, podRow, readyEndpoints, serviceRow, workloadRow } from './slim-rows.ts'

type Answer<T> = Promise<Result<T, ApiFailure>>
type Scope = { readonly namespace?: string | undefined; readonly signal: AbortSignal }

/** Where the lists of each kind are, below the server's address. */
export const resourcePaths = {
  pod: { group: '/api/v1', resource: 'pods' },
  service: { group: '/api/v1', resource: 'services' },
  endpointslice: { group: '/apis/discovery.k8s.io/v1', resource: 'endpointslices' },
  deployment: { group: '/apis/apps/v1', resource: 'deployments' },
  statefulset: { group: '/apis/apps/v1', resource: 'statefulsets' },
  daemonset: { group: '/apis/apps/v1', resource: 'daemonsets' },
  replicaset: { group: '/apis/apps/v1', resource: 'replicasets' },
  job: { group: '/apis/batch/v1', resource: 'jobs' },
} as const

/** The path of a list, in one namespace or in all. */
export function listPath(kind: keyof typeof resourcePaths, namespace: string | undefined): string {
  const { group, resource } = resourcePaths[kind]
  return namespace === undefined || namespace === ''
    ? `${group}/${resource}`
    : `${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`
}

export async function listNamespaces(api: ClusterApi, { signal }: Scope): Answer<NamespaceRow[]> {
  return rowsOf(await listAll<NamespaceRow>(api, { path: '/api/v1/namespaces', signal }, namespaceRow))
}

export async function listPods(api: ClusterApi, scope: Scope & { phase?: string | undefined }): Answer<PodRow[]> {
  const query = scope.phase === undefined || scope.phase === '' ? {} : { fieldSelector: `status.phase=${scope.phase}` }
  const call = { path: listPath('pod', scope.namespace), query, signal: scope.signal }
  return rowsOf(await listAll<PodRow>(api, call, podRow))
}

/** Services with their ready endpoints; the latter are null where endpoint slices may not be read. */
export async function listServices(api: ClusterApi, { namespace, signal }: Scope): Answer<ServiceRow[]> {
  const [services, slices] = await Promise.all([
    listAll(api, { path: listPath('service', namespace), signal }, (service: ServiceObject) => service),
    listAll(api, { path: listPath('endpointslice', namespace), signal }, (slice: EndpointSliceObject) => slice),
  ])
  if (!services.ok) return services
  const ready = slices.ok ? readyEndpoints(slices.value.rows) : null
  return ok(
    services.value.rows.map((service) => {
      const key = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`
      return serviceRow(service, ready === null ? null : (ready.get(key) ?? 0))
    }),
  )
}

const workloadKinds: readonly WorkloadKind[] = ['deployment', 'statefulset', 'daemonset', 'replicaset', 'job']

/** All kinds at once; kinds the user may not list are left out, unless that is all of them. */
export async function listWorkloads(api: ClusterApi, { namespace, signal }: Scope): Answer<WorkloadRow[]> {
  const lists = await Promise.all(
    workloadKinds.map((kind) =>
      listAll(api, { path: listPath(kind, namespace), signal }, (one: WorkloadObject) => workloadRow(kind, one)),
    ),
  )
  const failures = lists.flatMap((list) => (list.ok ? [] : [list.error]))
  const serious = failures.find((failure) => failure.class !== 'forbidden' && failure.class !== 'not-found')
  const failure = serious ?? (failures.length === lists.length ? failures[0] : undefined)
  if (failure !== undefined) return fail(failure)
  return ok(lists.flatMap((list) => (list.ok ? list.value.rows : [])))
}

/** The version of the API server; `unknown` where its answer names none. */
export async function serverVersion(api: ClusterApi, signal: AbortSignal): Answer<SidecarResult<'version'>> {
  const answer = await api.call({ path: '/version', signal })
  if (!answer.ok) return answer
  const { gitVersion } = answer.value as { gitVersion?: unknown }
  return ok({ gitVersion: typeof gitVersion === 'string' ? gitVersion : 'unknown' })
}

/** Asks the server what the caller may do (SelfSubjectAccessReview), all questions at once. */
export async function reviewAccess(
  api: ClusterApi,
  questions: SidecarParams<'access'>['questions'],
  signal: AbortSignal,
): Answer<SidecarResult<'access'>> {
  const answers = await Promise.all(
    questions.map(async (question) =>
      api.call({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: question },
        },
        signal,
      }),
    ),
  )
  const results: SidecarResult<'access'> = []
  for (const answer of answers) {
    if (!answer.ok) return answer
    const { status } = answer.value as { status?: { allowed?: boolean; reason?: string } }
    results.push({ allowed: status?.allowed === true, reason: status?.reason ?? null })
  }
  return ok(results)
}

const rowsOf = <T>(listed: Result<{ rows: T[] }, ApiFailure>): Result<T[], ApiFailure> =>
  listed.ok ? ok(listed.value.rows) : listed
