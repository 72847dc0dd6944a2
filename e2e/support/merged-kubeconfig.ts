import { readFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

type Named = { name: string }
type Kubeconfig = {
  clusters: (Named & { cluster: object })[]
  users: (Named & { user: object })[]
  contexts: (Named & { context: { cluster: string; user: string } })[]
}

/** One kubeconfig with the first context of each file, called as told; the first one is current. */
export async function mergeKubeconfigs(files: Readonly<Record<string, string | undefined>>): Promise<string> {
  const merged: Kubeconfig = { clusters: [], users: [], contexts: [] }
  for (const [name, file] of Object.entries(files)) {
    if (file === undefined) throw new Error(`there is no kubeconfig for ${name}`)
    const { clusters, users, contexts } = parse(await readFile(file, 'utf8')) as Kubeconfig
    const [cluster] = clusters
    const [user] = users
    const [context] = contexts
    if (cluster === undefined || user === undefined || context === undefined) throw new Error(`${file} has no context`)
    merged.clusters.push({ ...cluster, name })
    merged.users.push({ ...user, name })
    merged.contexts.push({ name, context: { ...context.context, cluster: name, user: name } })
  }
  const [current] = merged.contexts
  return stringify({ apiVersion: 'v1', kind: 'Config', ...merged, 'current-context': current?.name ?? '' })
}
