import type { ClusterFields, ContextFields, UserFields } from './kubeconfig-fields.ts'
import type { Entry, KubeconfigDocument, KubeconfigModel } from './kubeconfig-model.ts'

/** A context with the cluster and user that its names mean; null where there is none. */
export type ResolvedContext = {
  readonly context: Entry<ContextFields>
  readonly cluster: Entry<ClusterFields> | null
  readonly user: Entry<UserFields> | null
}

type Names = { clusters: Map<string, Entry<ClusterFields>>; users: Map<string, Entry<UserFields>> }

/** All contexts of a kubeconfig in order, each with its cluster and user. */
export function resolveContexts(model: KubeconfigModel): ResolvedContext[] {
  const own = new Map(model.documents.map((document) => [document, namesOf([document])]))
  const all = namesOf(model.documents)
  return model.documents.flatMap((document) => {
    const names = model.lookup === 'own-document' ? own.get(document) : undefined
    return document.contexts.map((context) => {
      const { cluster, user } = context.fields
      return {
        context,
        cluster: cluster === null ? null : (names?.clusters.get(cluster) ?? all.clusters.get(cluster) ?? null),
        user: user === null ? null : (names?.users.get(user) ?? all.users.get(user) ?? null),
      }
    })
  })
}

/** The first of each name wins, as when kubectl merges files. */
function namesOf(documents: readonly KubeconfigDocument[]): Names {
  const names: Names = { clusters: new Map(), users: new Map() }
  for (const { clusters, users } of documents) {
    for (const entry of clusters) if (!names.clusters.has(entry.name)) names.clusters.set(entry.name, entry)
    for (const entry of users) if (!names.users.has(entry.name)) names.users.set(entry.name, entry)
  }
  return names
}
