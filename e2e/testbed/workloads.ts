import { IMAGES, POSTGRES_USER_ID } from './images.ts'

/** Ports of the workload program; workload/protocols.go says what each does. */
export const WORKLOAD_PORTS = {
  http: 8080,
  echo: 7000,
  source: 7001,
  countedSink: 7002,
  banner: 7003,
  halfCloser: 7004,
  closeAtOnce: 7005,
  resetAtOnce: 7006,
  silent: 7007,
} as const

export type ContainerSpec = {
  name: string
  image: string
  imagePullPolicy: 'Never'
  args?: string[]
  env?: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[]
  ports?: { name: string; containerPort: number }[]
  readinessProbe?: Record<string, unknown>
  securityContext?: Record<string, unknown>
}

/** A Kubernetes object, as `kubectl apply` takes it. */
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec?: Record<string, unknown>
}

/** Milliseconds and switches of the workload program; workload/main.go says what each does. */
export type WorkloadSettings = Partial<
  Record<'LISTEN_MS' | 'READY_MS' | 'TERM_MS' | 'CRASH_MS' | 'DONE_MS' | 'HTTP_PORT' | 'HTTP_ONLY' | 'REPLY_MS', number>
>

const downward = (
  name: string,
  fieldPath: string,
): { name: string; valueFrom: { fieldRef: { fieldPath: string } } } => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
})

/** The container with every protocol. `mode` as in workload/main.go. */
export function workloadContainer(
  settings: WorkloadSettings = {},
  mode: 'serve' | 'crash' | 'complete' = 'serve',
): ContainerSpec {
  return {
    name: 'workload',
    image: IMAGES.workload,
    imagePullPolicy: 'Never',
    args: [mode],
    env: [
      downward('POD_NAME', 'metadata.name'),
      downward('POD_UID', 'metadata.uid'),
      downward('NODE_NAME', 'spec.nodeName'),
      ...Object.entries(settings).map(([name, value]) => ({ name, value: String(value) })),
    ],
    ports: Object.entries(WORKLOAD_PORTS).map(([name, containerPort]) => ({
      name: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      containerPort,
    })),
    ...(mode === 'serve'
      ? { readinessProbe: { httpGet: { path: '/ready', port: settings.HTTP_PORT ?? 8080 }, periodSeconds: 1 } }
      : {}),
  }
}

/** HTTP on 8080 alone. */
export function httpContainer(): ContainerSpec {
  const container = workloadContainer({ HTTP_ONLY: 1 })
  return { ...container, name: 'http', ports: [{ name: 'http', containerPort: 8080 }] }
}

/** Listens on 9090 and declares 8080: a forward to the declared port is refused by the pod. */
export function wrongPortContainer(): ContainerSpec {
  const container = workloadContainer({ HTTP_ONLY: 1, HTTP_PORT: 9090 })
  return { ...container, name: 'wrong-port', ports: [{ name: 'http', containerPort: 8080 }] }
}

/** A real Postgres: user `postgres`, no password, database `postgres`. */
export function postgresContainer(): ContainerSpec {
  return {
    name: 'postgres',
    image: IMAGES.postgres,
    imagePullPolicy: 'Never',
    ports: [{ name: 'postgres', containerPort: 5432 }],
    readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 1 },
    securityContext: { runAsUser: POSTGRES_USER_ID, runAsGroup: POSTGRES_USER_ID },
  }
}

/** A real Redis without a password. */
export function redisContainer(): ContainerSpec {
  return {
    name: 'redis',
    image: IMAGES.redis,
    imagePullPolicy: 'Never',
    ports: [{ name: 'redis', containerPort: 6379 }],
    readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 },
  }
}

export type WorkloadOptions = {
  namespace: string
  name: string
  container?: ContainerSpec
  replicas?: number
  /** Seconds a pod may take to end; default 2, so that specs do not wait for the usual 30. */
  graceSeconds?: number
  /** Put the pods on this node without asking the scheduler. */
  nodeName?: string
}

function podSpec(options: WorkloadOptions, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    terminationGracePeriodSeconds: options.graceSeconds ?? 2,
    containers: [options.container ?? workloadContainer()],
    ...(options.nodeName === undefined ? {} : { nodeName: options.nodeName }),
    ...more,
  }
}

function metadata(options: WorkloadOptions): Manifest['metadata'] {
  return { name: options.name, namespace: options.namespace, labels: { app: options.name } }
}

function controller(
  kind: 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet',
  options: WorkloadOptions,
  more: Record<string, unknown>,
): Manifest {
  const labels = { app: options.name }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: metadata(options),
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(options) },
      ...(kind === 'DaemonSet' ? {} : { replicas: options.replicas ?? 1 }),
      ...more,
    },
  }
}

/**
 * Two pods that end as servers should: they go on serving for 1.5 s after they were told to end, so that nobody's request
 * dies with them while the word that they end is on its way.
 */
export const gracefulDeployment = (namespace: string, name: string): Manifest =>
  deployment({ namespace, name, replicas: 2, graceSeconds: 5, container: workloadContainer({ TERM_MS: 1500 }) })

/** New pods are ready before old ones go. */
export function deployment(options: WorkloadOptions): Manifest {
  return controller('Deployment', options, {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  })
}

export function replicaSet(options: WorkloadOptions): Manifest {
  return controller('ReplicaSet', options, {})
}

/** Needs a headless service of the same name. */
export function statefulSet(options: WorkloadOptions): Manifest {
  return controller('StatefulSet', options, { serviceName: options.name })
}

export function daemonSet(options: WorkloadOptions): Manifest {
  return controller('DaemonSet', options, {})
}

/** A job whose pod serves until it is told to stop (or completes, with such a container). */
export function job(options: WorkloadOptions): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(options),
    spec: {
      backoffLimit: 0,
      template: { metadata: { labels: { app: options.name } }, spec: podSpec(options, { restartPolicy: 'Never' }) },
    },
  }
}

/** A pod that nothing replaces. */
export function barePod(options: WorkloadOptions): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: metadata(options), spec: podSpec(options) }
}

export type ServiceOptions = {
  namespace: string
  name: string
  /** Name of the workload it stands for; default its own name. */
  workload?: string
  headless?: boolean
  /** Default: every port of the workload container, by its name. */
  ports?: readonly { name: string; port: number; targetPort: number | string }[]
}

export function service(options: ServiceOptions): Manifest {
  const all = (workloadContainer().ports ?? []).map(({ name, containerPort }) => ({
    name,
    port: containerPort,
    targetPort: name,
  }))
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: options.name, namespace: options.namespace },
    spec: {
      selector: { app: options.workload ?? options.name },
      ports: options.ports ?? all,
      ...(options.headless === true ? { clusterIP: 'None' } : {}),
    },
  }
}
