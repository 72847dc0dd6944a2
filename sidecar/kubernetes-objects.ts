/**
 * The fields of Kubernetes objects that are read here, as they arrive: everything may be missing.
 * (Field names: kubernetes.io/docs/reference/kubernetes-api.)
 */
export type ObjectMeta = {
  name?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  labels?: Record<string, string>
  creationTimestamp?: string
  deletionTimestamp?: string
  ownerReferences?: { kind?: string; name?: string; uid?: string; controller?: boolean }[]
}

export type ContainerPort = { name?: string; containerPort?: number; protocol?: string }
export type Container = { ports?: ContainerPort[]; restartPolicy?: string }
export type PodTemplateSpec = { containers?: Container[]; initContainers?: Container[]; nodeName?: string }

export type ContainerStatus = {
  restartCount?: number
  ready?: boolean
  started?: boolean
  state?: {
    waiting?: { reason?: string }
    running?: object
    terminated?: { reason?: string; exitCode?: number; signal?: number }
  }
}

export type Condition = { type?: string; status?: string; reason?: string }

export type PodObject = {
  metadata?: ObjectMeta
  spec?: PodTemplateSpec
  status?: {
    phase?: string
    reason?: string
    conditions?: Condition[]
    containerStatuses?: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
  }
}

export type ServicePort = { name?: string; port?: number; targetPort?: number | string; protocol?: string }

export type ServiceObject = {
  metadata?: ObjectMeta
  spec?: {
    type?: string
    clusterIP?: string
    selector?: Record<string, string>
    publishNotReadyAddresses?: boolean
    ports?: ServicePort[]
  }
}

export type EndpointSliceObject = {
  metadata?: ObjectMeta
  ports?: { name?: string; port?: number; protocol?: string }[]
  endpoints?: {
    conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }
    targetRef?: { kind?: string; name?: string; uid?: string }
  }[]
}

export type LabelSelector = {
  matchLabels?: Record<string, string>
  matchExpressions?: { key?: string; operator?: string; values?: string[] }[]
}

/** What deployments, stateful sets, daemon sets, replica sets and jobs share, and the counters of each. */
export type WorkloadObject = {
  metadata?: ObjectMeta
  spec?: { replicas?: number; selector?: LabelSelector; template?: { spec?: PodTemplateSpec } }
  status?: {
    readyReplicas?: number
    numberReady?: number
    desiredNumberScheduled?: number
    ready?: number
    active?: number
  }
}

export type NamespaceObject = { metadata?: ObjectMeta; status?: { phase?: string } }

export type ListObject<T> = { metadata?: { resourceVersion?: string; continue?: string }; items?: T[] }
