import type {
  Cluster,
  ConnectionTest,
  NamespaceRow,
  PodRow,
  ServiceRow,
  WorkloadRow,
} from '../../../contract/clusters.ts'
import type { ConnectionRow, Forward, ForwardCheck, ForwardHistory, OutputLine } from '../../../contract/forwards.ts'
import type {
  AllowedCommand,
  CredentialCommand,
  DefaultKubeconfig,
  KubeconfigPreview,
} from '../../../contract/kubeconfigs.ts'
import {
  defaultSettings,
  type AppStatus,
  type Diagnostics,
  type KubectlStatus,
  type Settings,
  type VaultStatus,
} from '../../../contract/system.ts'
import { nextId, sampleContext, sampleNow, samplePod, samplePreview, sampleService, sampleWorkload } from './samples.ts'

/** Everything a fake owner knows. */
export type World = {
  clusters: Cluster[]
  forwards: Forward[]
  activeId: string | null
  vault: VaultStatus
  settings: Settings
  app: AppStatus
  preview: KubeconfigPreview
  defaultKubeconfig: DefaultKubeconfig
  test: ConnectionTest
  tests: Map<string, ConnectionTest>
  namespaces: NamespaceRow[]
  services: ServiceRow[]
  workloads: WorkloadRow[]
  pods: PodRow[]
  takenPorts: Map<number, ForwardCheck['ports'][number]>
  access: ForwardCheck['access']
  history: ForwardHistory
  connections: ConnectionRow[]
  output: OutputLine[]
  commands: AllowedCommand[]
  /** What every cluster runs to sign in; allowed once it is among {@link commands}. */
  command: CredentialCommand | null
  kubectl: KubectlStatus
  diagnostics: Omit<Diagnostics, 'app' | 'kubectl' | 'vault'>
}

const minute = 60_000
const hour = 60 * minute
const nextWeek = new Date(sampleNow + 9 * 24 * hour).toISOString().slice(0, 10)
const soon = new Date(sampleNow + 15 * minute).toISOString()

/** A world after the first start: nothing stored, everything working. */
export function emptyWorld(): World {
  const kubectl = { path: '/usr/local/bin/kubectl', version: 'v1.35.2', vendor: null, usable: true, problem: null }
  return {
    clusters: [],
    forwards: [],
    activeId: null,
    vault: {
      state: 'unlocked',
      provider: 'keychain',
      keychain: { available: true, reason: null },
      keyId: 'k1',
      rotatedAt: sampleNow - 24 * hour,
    },
    settings: { ...defaultSettings },
    app: {
      version: '0.1.0',
      shell: 'host',
      dataDir: '/home/sam/.local/share/mooring',
      startedAt: sampleNow - 5 * hour,
      sidecar: { state: 'ready', pid: 4211, since: sampleNow - 5 * hour, restarts: 0, lastLines: [] },
      kubectl: { path: kubectl.path, version: kubectl.version },
      children: { running: 14, starting: 0, queued: 0, limit: 128 },
      storage: { ok: true, problem: null },
    },
    preview: samplePreview([sampleContext({ current: true })]),
    defaultKubeconfig: { files: [{ path: '/home/sam/.kube/config', exists: true, contexts: 3 }] },
    test: {
      clusterId: nextId(),
      startedAt: sampleNow - 4000,
      finishedAt: sampleNow - 3000,
      status: 'connected',
      serverVersion: 'v1.35.2',
      cause: null,
      steps: [
        {
          id: 'dns',
          status: 'ok',
          ms: 3,
          detail: 'The name api.shop-prod.example.com leads to 203.0.113.17.',
          next: null,
        },
        { id: 'tcp', status: 'ok', ms: 11, detail: 'Connected to 203.0.113.17:6443.', next: null },
        { id: 'proxy', status: 'skipped', ms: null, detail: 'No proxy is used.', next: null },
        {
          id: 'tls',
          status: 'warn',
          ms: 18,
          detail: `TLSv1.3, certificate for api.shop-prod.example.com, valid until ${nextWeek} (in 9 days).`,
          next: "Ask the cluster administrator to renew the server's certificate soon.",
        },
        { id: 'credentials', status: 'ok', ms: 640, detail: `A token, valid until ${soon}.`, next: null },
        {
          id: 'identity',
          status: 'ok',
          ms: 22,
          detail: 'The server knows you as "developer", in team-payments, system:authenticated.',
          next: null,
        },
        {
          id: 'authorization',
          status: 'ok',
          ms: 25,
          detail: 'You may do everything that Mooring needs in namespace default.',
          next: null,
        },
        {
          id: 'upgrade',
          status: 'ok',
          ms: 41,
          detail: 'A port-forward to pod web-0 in default can be opened.',
          next: null,
        },
        { id: 'latency', status: 'ok', ms: 24, detail: '24 ms for a small request (median of 3).', next: null },
      ],
    },
    tests: new Map(),
    namespaces: ['default', 'kube-system', 'payments', 'search', 'shop'].map((name) => ({ name, phase: 'Active' })),
    services: [
      sampleService({
        name: 'checkout',
        ports: [
          { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 },
          { name: 'metrics', port: 9090, protocol: 'TCP', targetPort: 9090 },
        ],
      }),
      sampleService({ name: 'ledger', readyPods: 0 }),
      sampleService({
        name: 'postgres',
        headless: true,
        readyPods: 3,
        ports: [{ name: 'postgres', port: 5432, protocol: 'TCP', targetPort: 5432 }],
      }),
    ],
    workloads: [
      sampleWorkload({ name: 'checkout' }),
      sampleWorkload({ name: 'ledger', ready: 0, wanted: 2 }),
      sampleWorkload({ kind: 'statefulset', name: 'postgres', ready: 3, wanted: 3 }),
    ],
    pods: [
      samplePod(),
      samplePod({ name: 'postgres-0' }),
      samplePod({ name: 'ledger-5f6d9-abcde', phase: 'Pending', ready: false, reason: 'ImagePullBackOff' }),
    ],
    takenPorts: new Map([
      [
        5432,
        {
          local: 5432,
          bind: '127.0.0.1',
          status: 'taken',
          owner: { pid: 812, process: 'postgres', forward: null },
          message: '127.0.0.1:5432 is taken by postgres (process 812).',
          exposed: false,
        },
      ],
    ]),
    access: {
      allowed: true,
      verbs: [
        { verb: 'get', allowed: true },
        { verb: 'create', allowed: true },
      ],
      reason: '',
    },
    history: {
      entries: [],
      uptime: null,
      windowMs: 24 * hour,
      reconnects: 0,
      recovery: { medianMs: null, worstMs: null, count: 0 },
    },
    connections: [],
    output: [],
    commands: [],
    command: null,
    kubectl: {
      chosen: kubectl,
      found: [
        kubectl,
        {
          path: '/usr/lib/google-cloud-sdk/bin/kubectl',
          version: 'v1.33.4-dispatcher',
          vendor: 'gcloud dispatcher',
          usable: true,
          problem: null,
        },
        {
          path: '/opt/old/kubectl',
          version: null,
          vendor: null,
          usable: false,
          problem: 'It did not answer within 5 s.',
        },
      ],
      searched: ['/usr/local/bin', '/usr/bin', '/home/sam/.local/bin', '/snap/bin'],
      install: 'curl -fLO https://dl.k8s.io/release/v1.35.2/bin/linux/amd64/kubectl',
      skew: [],
    },
    diagnostics: {
      system: {
        platform: 'linux',
        release: '6.12.0',
        arch: 'x64',
        node: '24.21.0',
        electron: null,
        memoryBytes: 33_400_000_000,
        cpus: 8,
      },
      owner: { pid: 4180, memoryBytes: 131_000_000, cpuPercent: 1.3 },
      environment: {
        shell: '/bin/zsh',
        status: 'timed-out',
        path: '/home/sam/.local/bin:/usr/local/bin:/usr/bin:/bin',
        proxies: [{ name: 'NO_PROXY', value: 'localhost,127.0.0.1' }],
        names: ['AWS_PROFILE', 'CLOUDSDK_CONFIG', 'HOME', 'LANG', 'USER'],
      },
      database: {
        path: '/home/sam/.local/share/mooring/mooring.db',
        bytes: 1_240_000,
        schemaVersion: 40,
        snapshots: 5,
      },
      checks: [
        { id: 'storage', status: 'ok', message: 'The database can be written.', next: null },
        { id: 'vault', status: 'ok', message: 'Stored credentials are protected by the keychain.', next: null },
        { id: 'keychain', status: 'ok', message: "The system's keychain can be used.", next: null },
        { id: 'kubectl', status: 'ok', message: '/usr/local/bin/kubectl (v1.35.2)', next: null },
        { id: 'sidecar', status: 'ok', message: 'The cluster watcher (sidecar) is ready.', next: null },
        { id: 'queue', status: 'ok', message: '14 of at most 128 kubectl run, 0 wait.', next: null },
        {
          id: 'environment',
          status: 'warn',
          message: 'The environment of the login shell could not be read (it took too long).',
          next: 'Programs it puts into PATH may not be found; check what your shell does at login.',
        },
      ],
      logs: [
        { at: sampleNow - 40_000, level: 'info', area: 'forwards', message: 'checkout is live again after 1.4 s' },
        { at: sampleNow - 42_000, level: 'warn', area: 'forwards', message: 'checkout lost its pod: it was replaced' },
        {
          at: sampleNow - 4 * minute,
          level: 'error',
          area: 'clusters',
          message: 'edge-berlin: connect ETIMEDOUT 198.51.100.7:6443',
        },
        { at: sampleNow - 9 * minute, level: 'debug', area: 'sidecar', message: 'watch of endpointslices renewed' },
      ],
    },
  }
}
