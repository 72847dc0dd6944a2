import { z } from './zod.ts'
import { Id, Labels, Name, Notes, Time } from './common.ts'
import { AuthKind, CredentialCommand, exactlyOneSource, KubeconfigSource, sourceRule } from './kubeconfigs.ts'

/** How a cluster is grouped; the three usual words or one of the user's own. */
export const Environment = z.string().trim().min(1).max(40)

/** A mark the user gives a cluster. */
export const Colour = z.enum(['none', 'blue', 'green', 'amber', 'red', 'violet', 'teal'])

/** Why a cluster cannot be used now, with the next step; the codes are those of forwards' causes. */
export const ClusterCause = z.object({
  code: z.string(),
  detail: z.string().nullable(),
  message: z.string(),
  next: z.string(),
})
export type ClusterCause = z.infer<typeof ClusterCause>

/** What is known of the connection to a cluster. */
export const ClusterStatus = z.object({
  status: z.enum(['connected', 'disconnected', 'unknown']),
  serverVersion: z.string().nullable(),
  latencyMs: z.number().nullable(),
  cause: ClusterCause.nullable(),
  /** When the state was looked at last; null: never. */
  checkedAt: Time.nullable(),
  /** When it was connected last; null: never seen. */
  lastConnectedAt: Time.nullable(),
  /** A check is running now. */
  checking: z.boolean(),
})
export type ClusterStatus = z.infer<typeof ClusterStatus>

/** A stored cluster: one context of one kubeconfig, with what the user added to it. Never a credential. */
export const Cluster = z.object({
  id: Id,
  kubeconfigId: Id,
  name: z.string(),
  context: z.string(),
  server: z.string(),
  user: z.string(),
  authKinds: z.array(AuthKind),
  namespace: z.string(),
  environment: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  colour: Colour,
  notes: z.string(),
  /** Position in the user's own order, from 0. */
  position: z.int(),
  /** When credentials end, if the kubeconfig itself says so (client certificate). */
  credentialsExpireAt: Time.nullable(),
  /** The file it was read from; `changed` when that file has other contents for this context now. */
  source: z.object({ path: z.string(), changed: z.boolean() }).nullable(),
  /** Forwards of this cluster: how many there are, how many are wanted on. */
  forwards: z.object({ total: z.int(), on: z.int() }),
  status: ClusterStatus,
  createdAt: Time,
  updatedAt: Time,
})
export type Cluster = z.infer<typeof Cluster>

/** The contexts of a kubeconfig that are to be stored, with what the user said yes to. */
export const AddClustersInput = z
  .strictObject({
    ...KubeconfigSource,
    contexts: z
      .array(
        z.strictObject({
          context: z.string().max(1000),
          name: Name.optional(),
          environment: Environment.optional(),
          labels: Labels.optional(),
        }),
      )
      .min(1)
      .max(1000),
    /** Commands the user says yes to, exactly as the preview showed them. */
    allowCommands: z
      .array(z.union([CredentialCommand.omit({ env: true }), z.string().max(4096)]))
      .max(1000)
      .optional(),
    /** Full paths the user says yes to; their contents are embedded and encrypted. */
    embedFiles: z.array(z.string().max(4096)).max(4000).optional(),
  })
  .refine(exactlyOneSource, sourceRule)
export type AddClustersInput = z.infer<typeof AddClustersInput>

/** What of a cluster is to be otherwise; credentials change by rotation only. */
export const UpdateClusterInput = z.strictObject({
  id: Id,
  name: Name.optional(),
  environment: Environment.nullable().optional(),
  labels: Labels.optional(),
  colour: Colour.optional(),
  notes: Notes.optional(),
  namespace: z.string().min(1).max(63).optional(),
  position: z.int().nonnegative().optional(),
})
export type UpdateClusterInput = z.infer<typeof UpdateClusterInput>

/** Other credentials for a cluster: one context of another kubeconfig. */
export const RotateInput = z
  .strictObject({
    id: Id,
    ...KubeconfigSource,
    context: z.string().max(1000).optional(),
    allowCommands: AddClustersInput.shape.allowCommands,
    embedFiles: AddClustersInput.shape.embedFiles,
    /** Store it although the test with it failed; the answer of a failed test says so. */
    evenIfUnreachable: z.boolean().optional(),
  })
  .refine(exactlyOneSource, sourceRule)
export type RotateInput = z.infer<typeof RotateInput>

/** Rungs of the connection test, in order. */
export const LadderStepId = z.enum([
  'dns',
  'tcp',
  'proxy',
  'tls',
  'credentials',
  'identity',
  'authorization',
  'upgrade',
  'latency',
])
export type LadderStepId = z.infer<typeof LadderStepId>

/** What the steps are called where people read them. */
export const ladderStepNames: Readonly<Record<LadderStepId, string>> = {
  dns: 'Name',
  tcp: 'Connection',
  proxy: 'Proxy',
  tls: 'Certificate',
  credentials: 'Credentials',
  identity: 'Identity',
  authorization: 'Permissions',
  upgrade: 'Tunnel',
  latency: 'Latency',
}

/** One rung of the connection test. `next` says what to do, where it failed or warns. */
export const LadderStep = z.object({
  id: LadderStepId,
  status: z.enum(['ok', 'warn', 'fail', 'skipped', 'running', 'pending']),
  ms: z.number().nullable(),
  detail: z.string(),
  next: z.string().nullable(),
})
export type LadderStep = z.infer<typeof LadderStep>

/** A connection test, told again at each step; `finishedAt` is null while it runs. */
export const ConnectionTest = z.object({
  clusterId: Id,
  startedAt: Time,
  finishedAt: Time.nullable(),
  status: z.enum(['connected', 'disconnected', 'unknown']),
  serverVersion: z.string().nullable(),
  cause: ClusterCause.nullable(),
  steps: z.array(LadderStep),
})
export type ConnectionTest = z.infer<typeof ConnectionTest>

/** What removing a cluster takes with it. */
export const ClusterDependents = z.object({
  forwards: z.array(z.object({ id: Id, name: z.string(), desired: z.enum(['on', 'off']), connections: z.int() })),
})
export type ClusterDependents = z.infer<typeof ClusterDependents>

/** A namespace, for choosing. */
export const NamespaceRow = z.object({ name: z.string(), phase: z.string() })
export type NamespaceRow = z.infer<typeof NamespaceRow>

/** A port that a pod or service declares. */
export const PortRow = z.object({ name: z.string().nullable(), port: z.int(), protocol: z.string() })
export type PortRow = z.infer<typeof PortRow>

/** A pod, as lists and forms need it. */
export const PodRow = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  phase: z.string(),
  /** The word a person knows it by: Running, CrashLoopBackOff, Terminating ... */
  reason: z.string(),
  ready: z.boolean(),
  terminating: z.boolean(),
  restarts: z.int(),
  node: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  ports: z.array(PortRow),
  /** Milliseconds since the epoch. */
  createdAt: Time,
})
export type PodRow = z.infer<typeof PodRow>

/** A service, as forms need it. */
export const ServiceRow = z.object({
  namespace: z.string(),
  name: z.string(),
  type: z.string(),
  headless: z.boolean(),
  selector: z.record(z.string(), z.string()),
  ports: z.array(PortRow.extend({ targetPort: z.union([z.string(), z.int()]) })),
  /** Ready endpoints; null where endpoint slices may not be read. */
  readyPods: z.int().nullable(),
})
export type ServiceRow = z.infer<typeof ServiceRow>

/** Kinds that make pods. */
export const WorkloadKind = z.enum(['deployment', 'statefulset', 'daemonset', 'replicaset', 'job'])
export type WorkloadKind = z.infer<typeof WorkloadKind>

/** What makes pods, with how many it wants. */
export const WorkloadRow = z.object({
  kind: WorkloadKind,
  namespace: z.string(),
  name: z.string(),
  ready: z.int(),
  wanted: z.int(),
  ports: z.array(PortRow),
})
export type WorkloadRow = z.infer<typeof WorkloadRow>
