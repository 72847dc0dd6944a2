import type { Cause } from '../../../contract/causes.ts'
import type { Cluster, PodRow, ServiceRow, WorkloadRow } from '../../../contract/clusters.ts'
import type { Forward, HistoryEntry } from '../../../contract/forwards.ts'
import type { ContextPreview, KubeconfigPreview } from '../../../contract/kubeconfigs.ts'

let count = 0
/** Another id, the same in every run. */
export const nextId = (): string => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`

/** A moment that samples speak of: fixed while a page is drawn. */
export const sampleNow = Date.now()
const minute = 60_000

export const sampleCluster = (fields: Partial<Cluster> = {}): Cluster => ({
  id: nextId(),
  kubeconfigId: nextId(),
  name: 'shop-prod',
  context: fields.name ?? 'shop-prod',
  server: 'https://api.shop-prod.example.com:6443',
  user: 'developer',
  authKinds: ['client-cert-data'],
  namespace: 'default',
  environment: null,
  labels: {},
  colour: 'none',
  notes: '',
  position: count,
  credentialsExpireAt: null,
  source: null,
  forwards: { total: 0, on: 0 },
  status: {
    status: 'connected',
    serverVersion: 'v1.35.2',
    latencyMs: 24,
    cause: null,
    checkedAt: sampleNow - 20_000,
    lastConnectedAt: sampleNow - 20_000,
    checking: false,
  },
  createdAt: sampleNow - 90 * minute,
  updatedAt: sampleNow - 90 * minute,
  ...fields,
})

export const sampleForward = (fields: Partial<Forward> = {}): Forward => ({
  id: nextId(),
  name: 'checkout',
  clusterId: nextId(),
  namespace: 'payments',
  target: { kind: 'service', name: 'checkout' },
  ports: [{ id: nextId(), remote: 'http', local: 8080, bind: '127.0.0.1' }],
  desired: 'on',
  state: 'live',
  cause: null,
  probe: { mode: 'connect', seconds: 5 },
  podPolicy: 'any-ready',
  parkSeconds: 30,
  labels: {},
  group: null,
  notes: '',
  createdAt: sampleNow - 90 * minute,
  updatedAt: sampleNow - 90 * minute,
  ...fields,
  observed: {
    pod: 'checkout-7d9c5b8f6d-x2x8k',
    since: sampleNow - 47 * minute,
    lastEvidenceAt: sampleNow - 3000,
    watching: true,
    resolvedBy: 'endpoint-slices',
    reconnects: 2,
    connections: 1,
    parked: 0,
    bytesIn: 0,
    bytesOut: 0,
    nextAttemptAt: null,
    attempt: 0,
    cpuPercent: 0.4,
    memoryBytes: 13_200_000,
    ...fields.observed,
  },
})

/** Why a forward is not live, since so many ms. The words are those of the product: samples.spec.ts looks them up. */
export const sampleCause = (
  code: Cause['code'],
  message: string,
  next: string,
  ago: number,
  detail: string | null = null,
): Cause => ({ code, detail, message, next, since: sampleNow - ago })

export const sampleHistoryEntry = (fields: Partial<HistoryEntry> = {}): HistoryEntry => ({
  id: (count += 1),
  at: sampleNow - 47 * minute,
  state: 'live',
  causeCode: null,
  detail: null,
  message: '',
  pod: null,
  durationMs: null,
  connectionsLost: 0,
  bytesIn: 0,
  bytesOut: 0,
  ...fields,
})

export const sampleContext = (fields: Partial<ContextPreview> = {}): ContextPreview => ({
  context: 'shop',
  cluster: 'shop',
  server: 'https://api.shop.example.com:6443',
  user: 'developer',
  authKinds: ['client-cert-data'],
  namespace: 'default',
  current: false,
  addable: true,
  duplicateOf: null,
  command: null,
  commandAllowed: false,
  files: [],
  risks: [],
  ...fields,
})

export const samplePreview = (contexts: ContextPreview[]): KubeconfigPreview => ({
  verdict: contexts.some(({ risks }) => risks.length > 0) ? 'ok-with-warnings' : 'ok',
  error: null,
  contexts,
  problems: [],
})

export const samplePod = (fields: Partial<PodRow> = {}): PodRow => ({
  namespace: 'payments',
  name: 'checkout-7d9c5b8f6d-x2x8k',
  uid: nextId(),
  phase: 'Running',
  reason: 'Running',
  ready: true,
  terminating: false,
  restarts: 0,
  node: 'node-1',
  labels: {},
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  createdAt: sampleNow - 90 * minute,
  ...fields,
})

export const sampleService = (fields: Partial<ServiceRow> = {}): ServiceRow => ({
  namespace: 'payments',
  name: 'checkout',
  type: 'ClusterIP',
  headless: false,
  selector: {},
  ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
  readyPods: 2,
  ...fields,
})

export const sampleWorkload = (fields: Partial<WorkloadRow> = {}): WorkloadRow => ({
  kind: 'deployment',
  namespace: 'payments',
  name: 'checkout',
  ready: 2,
  wanted: 2,
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  ...fields,
})
