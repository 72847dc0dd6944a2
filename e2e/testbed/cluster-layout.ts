import path from 'node:path'
import type { BuiltFolders } from './build.ts'

/** A bed has two clusters: `a` has a node with real containers (given root), `b` has fake nodes only. */
export const CLUSTER_NAMES = ['a', 'b'] as const
export type ClusterName = (typeof CLUSTER_NAMES)[number]

/** Everything the parts of one cluster are started from. Written to `cluster.json`, so that faults work from any process. */
export type ClusterLayout = {
  name: ClusterName
  folder: string
  /** `real`: one node with containerd and containers. `fake`: kwok nodes only. */
  nodes: 'real' | 'fake'
  /** Own network, mount and process namespaces; without them (no root) everything listens on loopback, on free ports. */
  namespaced: boolean
  addresses: { host: string; main: string; alias: string; nobody: string }
  ports: {
    api: number
    etcd: number
    etcdPeer: number
    controllerManager: number
    scheduler: number
    kwok: number
    web: number
  }
  /** Name of the real node; the fake ones are `fake-1` to `fake-3`. */
  nodeName: string
  /** Host's end of the cluster's link; empty without namespaces. */
  link: string
  /** The link's end inside the cluster. */
  innerLink: string
  /** Host pid of the first process of the cluster. */
  initPid: number
  /** Host pid of the process that holds the cluster: killing it ends everything in it. */
  starterPid: number
  built: BuiltFolders
  issuer: { url: string; authority: string }
}

/** A port of the cluster whose packets vanish, answered by nothing. */
export const BLACKHOLE_PORT = 6444

/** Absolute path inside the cluster's folder. */
export function inCluster(layout: Pick<ClusterLayout, 'folder'>, ...parts: string[]): string {
  return path.join(layout.folder, ...parts)
}

/** Where clients reach the API server. */
export function apiUrl(layout: Pick<ClusterLayout, 'addresses' | 'ports'>, host?: string): string {
  return `https://${host ?? layout.addresses.main}:${String(layout.ports.api)}`
}
