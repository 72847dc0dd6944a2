import { z } from './zod.ts'
import { NamespaceRow, PodRow, ServiceRow, WorkloadRow } from './clusters.ts'
import { Target } from './forwards.ts'

/**
 * How to reach a cluster, with credentials already resolved: no `exec`, no `auth-provider`, no file names.
 * Lives in memory only; crosses from main to the sidecar over their channel. PEM fields are PEM text.
 */
export const ClusterConnection = z.object({
  server: z.string(),
  tlsServerName: z.string().nullable(),
  certificateAuthority: z.string().nullable(),
  insecureSkipTlsVerify: z.boolean(),
  proxyUrl: z.string().nullable(),
  disableCompression: z.boolean(),
  token: z.string().nullable(),
  clientCertificate: z.string().nullable(),
  clientKey: z.string().nullable(),
  basic: z.object({ username: z.string(), password: z.string() }).nullable(),
  impersonate: z
    .object({
      user: z.string().nullable(),
      uid: z.string().nullable(),
      groups: z.array(z.string()),
      extra: z.record(z.string(), z.array(z.string())),
    })
    .nullable(),
  /** When the credentials end, ms since the epoch; null: not known. */
  expiresAt: z.int().nullable(),
})
export type ClusterConnection = z.infer<typeof ClusterConnection>

/** What the API server or the way to it said; `class` and `detail` are what causes are made of. */
export const ApiFailure = z.object({
  class: z.enum([
    'unauthorized',
    'forbidden',
    'not-found',
    'conflict',
    'expired',
    'invalid',
    'throttled',
    'server',
    'unavailable',
    'timeout',
    'gateway',
    'too-large',
    'bad-request',
    'unreachable',
  ]),
  /** For `unreachable`: dns, refused, timeout, tls, proxy, no-route, reset. */
  detail: z.string().nullable(),
  status: z.int().nullable(),
  message: z.string(),
  /** Who may not do what, where an authoriser said so. */
  rbac: z
    .object({
      user: z.string(),
      verb: z.string(),
      resource: z.string().nullable(),
      group: z.string().nullable(),
      namespace: z.string().nullable(),
      name: z.string().nullable(),
      path: z.string().nullable(),
    })
    .nullable(),
  retryAfterSeconds: z.number().nullable(),
})
export type ApiFailure = z.infer<typeof ApiFailure>

/** A pod as the target resolver needs it. */
export const TargetPod = z.object({
  name: z.string(),
  uid: z.string(),
  /** Ready, and not terminating: new connections may go there. */
  usable: z.boolean(),
  terminating: z.boolean(),
  phase: z.string(),
  /** The pod's own reason while it is not usable (CrashLoopBackOff, ImagePullBackOff, Unschedulable, not ready ...). */
  reason: z.string().nullable(),
  ordinal: z.int().nullable(),
  /** Sum of container restarts: a change means a container was replaced. */
  restarts: z.int(),
  createdAt: z.int(),
  /** What makes such pods, and which version of it: those of another version follow in a rollout. Missing: none does. */
  madeBy: z.object({ workload: z.string(), version: z.string() }).optional(),
  /** Declared container ports by name and number. */
  ports: z.array(z.object({ name: z.string().nullable(), port: z.int() })),
  /** For services: service port (number as text, and name) to the port in this pod. */
  servicePorts: z.record(z.string(), z.int()),
})
export type TargetPod = z.infer<typeof TargetPod>

/** All that is known about a forward's target at one moment. */
export const TargetView = z.object({
  /** How it was found out. */
  by: z.enum(['endpoint-slices', 'pods']),
  namespaceExists: z.boolean(),
  targetExists: z.boolean(),
  pods: z.array(TargetPod),
  /** Port names and numbers that the target itself declares (services). */
  declaredPorts: z.array(z.object({ name: z.string().nullable(), port: z.int() })),
  /** Set while the watch cannot be kept: what was seen before may be old. */
  failure: ApiFailure.nullable(),
})
export type TargetView = z.infer<typeof TargetView>

export const AccessQuestion = z.object({
  verb: z.string(),
  group: z.string().default(''),
  resource: z.string(),
  subresource: z.string().optional(),
  namespace: z.string().optional(),
})

const inCluster = z.object({ clusterId: z.string() })
const inNamespace = inCluster.extend({ namespace: z.string().optional() })

/** Questions main asks the sidecar. Every answer is a value or an {@link ApiFailure}. */
export const sidecarMethods = {
  'cluster.set': { params: inCluster.extend({ connection: ClusterConnection }), result: z.null() },
  'cluster.drop': { params: inCluster, result: z.null() },
  version: { params: inCluster, result: z.object({ gitVersion: z.string() }) },
  namespaces: { params: inCluster, result: z.array(NamespaceRow) },
  pods: { params: inNamespace.extend({ phase: z.string().optional() }), result: z.array(PodRow) },
  services: { params: inNamespace, result: z.array(ServiceRow) },
  workloads: { params: inNamespace, result: z.array(WorkloadRow) },
  access: {
    params: inCluster.extend({ questions: z.array(AccessQuestion) }),
    result: z.array(z.object({ allowed: z.boolean(), reason: z.string().nullable() })),
  },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>
/** What the sidecar can be asked. */
export type SidecarMethod = keyof typeof sidecarMethods
/** What a question brings (before defaults are filled in). */
export type SidecarParams<M extends SidecarMethod> = z.input<(typeof sidecarMethods)[M]['params']>
/** What its answer holds. */
export type SidecarResult<M extends SidecarMethod> = z.output<(typeof sidecarMethods)[M]['result']>

/** Things main wants to be told about until it says stop. */
export const WatchTarget = z.object({ clusterId: z.string(), namespace: z.string(), target: Target })
export type WatchTarget = z.infer<typeof WatchTarget>

/** What main says to the sidecar; `id` ties an answer to its question. */
export const ToSidecar = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('request'), id: z.int(), method: z.string(), params: z.unknown() }),
  z.object({ kind: z.literal('cancel'), id: z.int() }),
  z.object({ kind: z.literal('watch'), id: z.int(), watch: WatchTarget }),
  z.object({ kind: z.literal('unwatch'), id: z.int() }),
  z.object({ kind: z.literal('ping'), id: z.int() }),
  /** The network changed or the machine woke: connections may lead nowhere, so make new ones and look again. */
  z.object({ kind: z.literal('hint') }),
  /** End in order. */
  z.object({ kind: z.literal('stop') }),
])
export type ToSidecar = z.infer<typeof ToSidecar>

/** What the sidecar says to main. */
export const FromSidecar = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), pid: z.int() }),
  z.object({ kind: z.literal('pong'), id: z.int() }),
  z.object({ kind: z.literal('value'), id: z.int(), value: z.unknown() }),
  z.object({ kind: z.literal('failure'), id: z.int(), failure: ApiFailure }),
  z.object({ kind: z.literal('view'), id: z.int(), view: TargetView }),
])
export type FromSidecar = z.infer<typeof FromSidecar>
