import { Cluster, type ClusterDependents, type ClusterStatus } from '../../../contract/clusters.ts'
import type { ClusterRow } from '../store/cluster-table.ts'

/** Nobody has looked yet. */
export const unknownStatus: ClusterStatus = {
  status: 'unknown',
  serverVersion: null,
  latencyMs: null,
  cause: null,
  checkedAt: null,
  lastConnectedAt: null,
  checking: false,
}

/** A stored cluster as callers see it. */
export function clusterView(
  row: ClusterRow,
  more: {
    status: ClusterStatus
    source: Cluster['source']
    forwards: ClusterDependents['forwards']
  },
): Cluster {
  return {
    id: row.id,
    kubeconfigId: row.kubeconfig_id,
    name: row.name,
    context: row.context,
    server: row.server,
    user: row.user_name,
    authKinds: Cluster.shape.authKinds.parse(JSON.parse(row.auth_kinds)),
    namespace: row.namespace,
    environment: row.environment,
    labels: Cluster.shape.labels.parse(JSON.parse(row.labels)),
    colour: Cluster.shape.colour.parse(row.colour),
    notes: row.notes,
    position: row.position,
    credentialsExpireAt: row.credentials_expire_at,
    source: more.source,
    forwards: {
      total: more.forwards.length,
      on: more.forwards.filter((forward) => forward.desired === 'on').length,
    },
    status: more.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
