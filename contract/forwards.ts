import { z } from './zod.ts'
import { Cause, CauseCode } from './causes.ts'
import { Id, Labels, Name, NamespaceName, Notes, ObjectName, Time } from './common.ts'
import { WorkloadKind } from './clusters.ts'

/** What a forward can lead to. */
export const TargetKind = z.enum(['pod', 'service', ...WorkloadKind.options, 'selector'])
export type TargetKind = z.infer<typeof TargetKind>

/** A kind of which an object is named. */
export type NamedKind = Exclude<TargetKind, 'selector'>

/** How kubectl and its users write a kind: `svc/web`. */
export const kubectlKinds: Readonly<Record<NamedKind, string>> = {
  pod: 'pod',
  service: 'svc',
  deployment: 'deploy',
  statefulset: 'sts',
  daemonset: 'ds',
  replicaset: 'rs',
  job: 'job',
}

const kindsByWord: ReadonlyMap<string, NamedKind> = new Map([
  ['po', 'pod' as const],
  ...(Object.keys(kubectlKinds) as NamedKind[]).flatMap((kind) =>
    [kind, `${kind}s`, kubectlKinds[kind]].map((word): [string, NamedKind] => [word, kind]),
  ),
])

/** The kind that one of kubectl's words means (`svc`, `service`, `services`); null: it is none of them. */
export const kindOfWord = (word: string): NamedKind | null => kindsByWord.get(word) ?? null

/** What a forward leads to: an object by name, or the pods a label selector matches. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['pod', 'service', ...WorkloadKind.options]), name: ObjectName }),
  z.strictObject({ kind: z.literal('selector'), selector: z.string().trim().min(1).max(1000) }),
])
export type Target = z.infer<typeof Target>

/** A target as its users write it: `svc/web`, or its label selector. */
export const targetWord = (target: Target): string =>
  target.kind === 'selector' ? target.selector : `${kubectlKinds[target.kind]}/${target.name}`

/** A port in the pod, or of the service: number, or the name it has there. */
export const RemotePort = z.union([
  z.int().min(1).max(65_535),
  z
    .string()
    .max(63)
    .regex(/^(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a port name: lower-case letters, digits and -'),
])
export type RemotePort = z.infer<typeof RemotePort>

/** An IP address of this machine to listen on. Loopback unless the user wants others to reach it. */
export const BindAddress = z.union([z.ipv4(), z.ipv6()])

/** A port as it is asked for. */
export const PortInput = z.strictObject({
  remote: RemotePort,
  /** 0: choose a free one once and keep it. */
  local: z.int().min(0).max(65_535).default(0),
  bind: BindAddress.default('127.0.0.1'),
})
export type PortInput = z.infer<typeof PortInput>

/** A port as it is stored: its local port is chosen, its id stays when it is edited. */
export const ForwardPort = z.object({ id: Id, remote: RemotePort, local: z.int(), bind: z.string() })
export type ForwardPort = z.infer<typeof ForwardPort>

/**
 * What is true of a forward, in one word. `recovering`: the next attempt has a time; `holding`: it waits for a hint or
 * a person.
 */
export const ForwardState = z.enum(['off', 'starting', 'live', 'recovering', 'holding', 'stopping'])
export type ForwardState = z.infer<typeof ForwardState>

/** `connect` opens short connections through the tunnel; `passive` only looks at what clients do. */
export const Probe = z.strictObject({
  mode: z.enum(['connect', 'passive']),
  seconds: z.int().min(1).max(3600),
})
export type Probe = z.infer<typeof Probe>

/**
 * Which of the usable pods is taken: any; the newest; the present one as long as it goes; the lowest ordinal (stateful
 * sets).
 */
export const PodPolicy = z.enum(['any-ready', 'newest', 'sticky', 'ordinal'])
export type PodPolicy = z.infer<typeof PodPolicy>

/** What is true now, as far as evidence goes. Counters are since the app started. */
export const Observed = z.object({
  pod: z.string().nullable(),
  /** Since when the forward is in its state. */
  since: Time,
  lastEvidenceAt: Time.nullable(),
  /** False: nobody watches the pods (the sidecar is away, or the rights are missing); direct probes keep the truth. */
  watching: z.boolean(),
  /** How the pod was found, for the row: endpoint slices, pods by selector, or kubectl itself. */
  resolvedBy: z.enum(['endpoint-slices', 'pods', 'kubectl']).nullable(),
  /** How often it was live again after it had been lost, since Mooring started; of the last 24 h: its history. */
  reconnects: z.int(),
  connections: z.int(),
  parked: z.int(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  /** Next attempt, while recovering or holding. */
  nextAttemptAt: Time.nullable(),
  attempt: z.int(),
  /** CPU in percent of one core and resident memory in bytes of its kubectl children; null where the system does not tell. */
  cpuPercent: z.number().nullable(),
  memoryBytes: z.number().nullable(),
})
export type Observed = z.infer<typeof Observed>

/** A forward: what the user wants of it, and what is true of it now. */
export const Forward = z.object({
  id: Id,
  name: z.string(),
  clusterId: Id,
  namespace: z.string(),
  target: Target,
  ports: z.array(ForwardPort),
  desired: z.enum(['on', 'off']),
  state: ForwardState,
  cause: Cause.nullable(),
  observed: Observed,
  probe: Probe,
  podPolicy: PodPolicy,
  parkSeconds: z.int(),
  labels: z.record(z.string(), z.string()),
  group: z.string().nullable(),
  notes: z.string(),
  createdAt: Time,
  updatedAt: Time,
})
export type Forward = z.infer<typeof Forward>

/** What a forward leads to. */
const destination = {
  namespace: NamespaceName,
  target: Target,
  ports: z.array(PortInput).min(1).max(100),
}

/** What has a default, and can be left out when a forward is made or changed. */
const optional = {
  name: Name.optional(),
  probe: Probe.optional(),
  podPolicy: PodPolicy.optional(),
  /** How long a client waits for a ready pod before it is closed, in seconds. */
  parkSeconds: z.int().min(0).max(3600).optional(),
  labels: Labels.optional(),
  group: Name.nullable().optional(),
  notes: Notes.optional(),
}

/** A new forward; what is left out is as the settings say. */
export const CreateForwardInput = z.strictObject({
  clusterId: Id,
  ...destination,
  desired: z.enum(['on', 'off']).default('on'),
  ...optional,
})
export type CreateForwardInput = z.infer<typeof CreateForwardInput>

/** What of a forward is to be otherwise; fields that are left out stay as they are. */
export const UpdateForwardInput = z.strictObject({
  id: Id,
  clusterId: Id.optional(),
  namespace: destination.namespace.optional(),
  target: destination.target.optional(),
  /** Replaces the list; a port keeps its id and local port when remote and bind are the same and local is 0. */
  ports: destination.ports.optional(),
  desired: z.enum(['on', 'off']).optional(),
  ...optional,
})
export type UpdateForwardInput = z.infer<typeof UpdateForwardInput>

/** What a form asks before anything is saved. */
export const CheckForwardInput = z.strictObject({
  clusterId: Id.optional(),
  namespace: NamespaceName.optional(),
  target: Target.optional(),
  ports: z.array(PortInput).max(100).default([]),
  /** The forward being edited: its own ports do not count as taken. */
  forwardId: Id.optional(),
})
export type CheckForwardInput = z.infer<typeof CheckForwardInput>

/** Who listens on a port: a process of this machine, or one of our forwards. */
export const PortOwner = z.object({
  pid: z.int().nullable(),
  process: z.string().nullable(),
  forward: z.object({ id: Id, name: z.string() }).nullable(),
})
export type PortOwner = z.infer<typeof PortOwner>

/** Whether the local ports can be had, and whether the user may port-forward there. */
export const ForwardCheck = z.object({
  ports: z.array(
    z.object({
      local: z.int(),
      bind: z.string(),
      status: z.enum(['free', 'chosen-later', 'taken', 'forbidden', 'address-not-local']),
      owner: PortOwner.nullable(),
      message: z.string(),
      /** True for an address that other machines can reach. */
      exposed: z.boolean(),
    }),
  ),
  /** Null where no cluster and namespace were given, or it could not be asked: `reason` says why. */
  access: z
    .object({
      allowed: z.boolean().nullable(),
      verbs: z.array(z.object({ verb: z.enum(['get', 'create']), allowed: z.boolean() })),
      reason: z.string(),
    })
    .nullable(),
})
export type ForwardCheck = z.infer<typeof ForwardCheck>

/** One line of a forward's history: a state it entered and why. */
export const HistoryEntry = z.object({
  id: z.int(),
  at: Time,
  state: ForwardState,
  causeCode: CauseCode.nullable(),
  detail: z.string().nullable(),
  message: z.string(),
  pod: z.string().nullable(),
  /** Milliseconds until the next entry; null: still so. */
  durationMs: z.number().nullable(),
  /** Client connections that ended because a tunnel ended. */
  connectionsLost: z.int(),
  bytesIn: z.number(),
  bytesOut: z.number(),
})
export type HistoryEntry = z.infer<typeof HistoryEntry>

/** What happened to a forward, newest first, and sums of the last `windowMs` ms. */
export const ForwardHistory = z.object({
  entries: z.array(HistoryEntry),
  /** Share of the time wanted on in which it was live, 0 to 1, over the window; null: it was never on. */
  uptime: z.number().nullable(),
  windowMs: z.number(),
  /** How often it was live again after it had been lost, over the window. */
  reconnects: z.int(),
  /** Time from losing to being live again, ms, over the window. */
  recovery: z.object({ medianMs: z.number().nullable(), worstMs: z.number().nullable(), count: z.int() }),
})
export type ForwardHistory = z.infer<typeof ForwardHistory>

/** A line that kubectl printed, or a note of ours about it; `seq` counts within the forward. */
export const OutputLine = z.object({
  seq: z.int(),
  at: Time,
  stream: z.enum(['stdout', 'stderr', 'note']),
  text: z.string(),
  pid: z.int().nullable(),
})
export type OutputLine = z.infer<typeof OutputLine>

/** A client that is connected to a local port now. Bytes are since it connected. */
export const ConnectionRow = z.object({
  id: z.string(),
  portId: Id,
  local: z.int(),
  /** Address and port of the client on this machine. */
  peer: z.string(),
  process: z.string().nullable(),
  pid: z.int().nullable(),
  pod: z.string().nullable(),
  state: z.enum(['parked', 'open', 'draining']),
  bytesIn: z.number(),
  bytesOut: z.number(),
  openedAt: Time,
})
export type ConnectionRow = z.infer<typeof ConnectionRow>

/**
 * What may have mended what waits: the machine woke up, the network changed, a person asks (`look`), a person is back at
 * the window (`focus`). Only the one who asks has failed credential commands run again at once.
 */
export const HintKind = z.enum(['wake', 'network', 'look', 'focus'])
export type HintKind = z.infer<typeof HintKind>
