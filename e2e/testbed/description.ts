import type { ContainerSpec } from './workloads.ts'

/** What a running cluster offers. Paths are absolute. */
export type ClusterDescription = {
  /** Kubeconfig of an administrator. */
  kubeconfig: string
  /** Name of the node: real in cluster A, a fake one in cluster B. */
  node: string
  /** Kubeconfig of every user, by name; see users.ts. */
  users: Record<string, string>
  folder: string
}

/** The line that `up --json` prints, and what specs share. */
export type BedDescription = {
  a: ClusterDescription
  b: ClusterDescription
  /** The kubectl of the bed's own Kubernetes version. */
  kubectl: string
  /** Serves HTTP on 8080 and has a readiness probe: for use in a pod template. */
  httpContainer: ContainerSpec
  /** False without root: then no pod has a real container, and nothing about pods going away can be shown. */
  containers: boolean
  folder: string
  number: number
}
