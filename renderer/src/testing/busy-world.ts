import type { Cause } from '../../../contract/causes.ts'
import type { Forward, ForwardHistory } from '../../../contract/forwards.ts'
import { sampleCluster, sampleContext, sampleForward, sampleHistoryEntry, sampleNow, samplePreview } from './samples.ts'
import { emptyWorld, type World } from './world.ts'

const second = 1000
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const cause = (
  code: Cause['code'],
  message: string,
  next: string,
  ago: number,
  detail: string | null = null,
): Cause => ({ code, detail, message, next, since: sampleNow - ago })

const statusOf = (status: 'connected' | 'disconnected' | 'unknown') => ({ ...sampleCluster().status, status })

/** A day at work: several clusters, forwards in every state, things to look at. */
export function busyWorld(): World {
  const world = emptyWorld()
  const prod = sampleCluster({
    name: 'shop-prod',
    environment: 'production',
    labels: { team: 'payments' },
    authKinds: ['exec'],
    server: 'https://8E1F.gr7.eu-central-1.eks.amazonaws.com',
    notes: 'On-call: #team-payments',
  })
  const staging = sampleCluster({
    name: 'shop-staging',
    environment: 'staging',
    forwards: { total: 4, on: 4 },
    server: 'https://api.staging.shop.example.com:6443',
    credentialsExpireAt: sampleNow + 6 * day,
  })
  const lab = sampleCluster({
    name: 'lab',
    environment: 'development',
    authKinds: ['token'],
    server: 'https://127.0.0.1:6443',
    status: { ...statusOf('unknown'), serverVersion: null, checkedAt: null, lastConnectedAt: null },
    source: { path: '/home/sam/.kube/config', changed: true },
  })
  const edge = sampleCluster({
    name: 'edge-berlin',
    environment: 'edge',
    colour: 'violet',
    authKinds: ['token-file'],
    server: 'https://198.51.100.7:6443',
    status: {
      ...statusOf('disconnected'),
      cause: {
        code: 'cluster-unreachable',
        detail: 'timeout',
        message: '198.51.100.7:6443 does not answer.',
        next: 'Check the network or VPN, then test the connection.',
      },
      lastConnectedAt: sampleNow - 3 * hour,
      checkedAt: sampleNow - 8 * second,
    },
  })
  world.clusters = [prod, staging, lab, edge]
  world.activeId = prod.id

  const port = (remote: string | number, local: number) => ({
    id: crypto.randomUUID(),
    remote,
    local,
    bind: '127.0.0.1',
  })
  const at = (fields: Partial<Forward['observed']>): Forward['observed'] => ({ ...sampleForward().observed, ...fields })
  world.forwards = [
    sampleForward({
      name: 'checkout',
      clusterId: prod.id,
      ports: [port('http', 8080), port('metrics', 9090)],
      observed: at({ connections: 3, bytesIn: 48_210_000, bytesOut: 2_140_000 }),
    }),
    sampleForward({
      name: 'orders database',
      clusterId: prod.id,
      target: { kind: 'statefulset', name: 'postgres' },
      ports: [port('postgres', 5433)],
      podPolicy: 'ordinal',
      observed: at({
        pod: 'postgres-0',
        connections: 1,
        since: sampleNow - 26 * hour,
        bytesIn: 901_000,
        watching: false,
      }),
    }),
    sampleForward({
      name: 'ledger',
      clusterId: prod.id,
      target: { kind: 'deployment', name: 'ledger' },
      ports: [port(8443, 8443)],
      state: 'holding',
      cause: cause(
        'no-ready-pod',
        'No pod of deploy/ledger is ready: CrashLoopBackOff in ledger-5f6d9-abcde.',
        'Read the pod’s log; the forward goes on by itself when a pod is ready.',
        6 * minute,
        'CrashLoopBackOff',
      ),
      observed: at({
        pod: null,
        connections: 0,
        since: sampleNow - 6 * minute,
        nextAttemptAt: sampleNow + 9 * second,
        parked: 0,
      }),
    }),
    sampleForward({
      name: 'search',
      clusterId: prod.id,
      namespace: 'search',
      target: { kind: 'service', name: 'opensearch-cluster-coordinating-only' },
      ports: [port(9200, 9200)],
      state: 'recovering',
      cause: cause('pod-replaced', 'Its pod was replaced.', 'Nothing to do: a new pod is looked for.', 4 * second),
      observed: at({ since: sampleNow - 4 * second, nextAttemptAt: sampleNow + 4 * second, attempt: 3, parked: 2 }),
    }),
    sampleForward({
      name: 'admin',
      clusterId: prod.id,
      target: { kind: 'service', name: 'admin' },
      ports: [port('http', 8081)],
      desired: 'off',
      state: 'off',
      observed: at({ pod: null, connections: 0 }),
    }),
    sampleForward({
      name: 'checkout',
      clusterId: staging.id,
      group: 'night shift',
      ports: [port('http', 18_080)],
      observed: at({ connections: 0, since: sampleNow - 3 * hour }),
    }),
    sampleForward({
      name: 'queue',
      clusterId: staging.id,
      group: 'night shift',
      target: { kind: 'selector', selector: 'app=rabbitmq,tier!=test' },
      ports: [port(5672, 5672)],
      probe: { mode: 'passive', seconds: 5 },
      observed: at({ pod: 'rabbitmq-server-1', since: sampleNow - 12 * minute }),
    }),
    sampleForward({
      name: 'redis',
      clusterId: staging.id,
      target: { kind: 'pod', name: 'redis-0' },
      ports: [port(6379, 6379)],
      state: 'holding',
      cause: cause(
        'local-port-taken',
        '127.0.0.1:6379 is held by redis-server (process 812).',
        'Stop that program, or use another local port.',
        41 * minute,
      ),
      observed: at({ pod: null, connections: 0, since: sampleNow - 41 * minute }),
    }),
    sampleForward({
      name: 'grafana',
      clusterId: staging.id,
      namespace: 'monitoring',
      target: { kind: 'service', name: 'grafana' },
      ports: [port('http', 3000)],
      state: 'starting',
      cause: cause('connecting', 'kubectl is starting.', 'Nothing to do.', 2 * second),
      observed: at({ pod: 'grafana-0', connections: 0, since: sampleNow - 2 * second }),
    }),
    sampleForward({
      name: 'camera',
      clusterId: edge.id,
      namespace: 'default',
      target: { kind: 'daemonset', name: 'camera' },
      ports: [port(554, 8554)],
      state: 'holding',
      cause: cause(
        'cluster-unreachable',
        '198.51.100.7:6443 does not answer.',
        'Check the network or VPN; it is tried again every 15 s.',
        3 * hour,
        'timeout',
      ),
      observed: at({
        pod: null,
        connections: 0,
        since: sampleNow - 3 * hour,
        nextAttemptAt: sampleNow + 11 * second,
        parked: 1,
      }),
    }),
  ]
  for (const cluster of world.clusters) {
    const mine = world.forwards.filter(({ clusterId }) => clusterId === cluster.id)
    cluster.forwards = { total: mine.length, on: mine.filter(({ desired }) => desired === 'on').length }
  }
  const failed = world.test.steps.map((step, index) =>
    index < 1
      ? step
      : index === 1
        ? {
            ...step,
            status: 'fail' as const,
            ms: 5000,
            detail: '198.51.100.7:6443 did not answer within 5 s.',
            next: 'Check the network or VPN; if others reach it, a firewall may stand between.',
          }
        : { ...step, status: 'pending' as const, ms: null, detail: '', next: null },
  )
  world.tests.set(prod.id, { ...world.test, clusterId: prod.id })
  world.tests.set(edge.id, {
    ...world.test,
    clusterId: edge.id,
    status: 'disconnected',
    serverVersion: null,
    steps: failed,
  })
  world.history = history()
  world.connections = [
    {
      id: '1',
      portId: crypto.randomUUID(),
      local: 8080,
      peer: '127.0.0.1:51022',
      process: 'firefox',
      pid: 2204,
      pod: 'checkout-7d9c5b8f6d-x2x8k',
      state: 'open',
      bytesIn: 41_200_000,
      bytesOut: 910_000,
      openedAt: sampleNow - 40 * minute,
    },
    {
      id: '2',
      portId: crypto.randomUUID(),
      local: 8080,
      peer: '127.0.0.1:51088',
      process: 'curl',
      pid: 9921,
      pod: 'checkout-7d9c5b8f6d-x2x8k',
      state: 'draining',
      bytesIn: 7_010_000,
      bytesOut: 1200,
      openedAt: sampleNow - 50 * second,
    },
    {
      id: '3',
      portId: crypto.randomUUID(),
      local: 9090,
      peer: '127.0.0.1:51090',
      process: null,
      pid: null,
      pod: null,
      state: 'parked',
      bytesIn: 0,
      bytesOut: 0,
      openedAt: sampleNow - 3 * second,
    },
  ]
  world.output = [
    {
      seq: 1,
      at: sampleNow - 47 * minute,
      stream: 'note',
      text: 'starting kubectl for pod checkout-7d9c5b8f6d-x2x8k',
      pid: null,
    },
    {
      seq: 2,
      at: sampleNow - 47 * minute + 400,
      stream: 'stdout',
      text: 'Forwarding from 127.0.0.1:45563 -> 8080',
      pid: 5120,
    },
    { seq: 3, at: sampleNow - 12 * minute, stream: 'stdout', text: 'Handling connection for 45563', pid: 5120 },
    {
      seq: 4,
      at: sampleNow - minute,
      stream: 'stderr',
      text: 'E1121 09:41:07.020137 5120 portforward.go:404] "Unhandled Error" err="error copying from local connection to remote stream: read tcp4 127.0.0.1:45563->127.0.0.1:51022: read: connection reset by peer"',
      pid: 5120,
    },
  ]
  world.commands = [
    {
      id: crypto.randomUUID(),
      command: 'aws',
      args: ['eks', 'get-token', '--cluster-name', 'shop-prod'],
      clusters: [prod.name],
      allowedAt: sampleNow - 9 * day,
    },
    {
      id: crypto.randomUUID(),
      command: '/usr/local/bin/kubelogin',
      args: ['get-token'],
      clusters: [],
      allowedAt: sampleNow - 30 * day,
    },
  ]
  world.kubectl.skew = [
    {
      clusterId: edge.id,
      name: 'edge-berlin',
      serverVersion: 'v1.30.1',
      message:
        'edge-berlin runs v1.30.1; kubectl v1.35.2 is further away than Kubernetes supports (one minor version).',
    },
  ]
  world.preview = riskyPreview(staging.id)
  return world
}

function history(): ForwardHistory {
  let id = 0
  const entry = (ago: number, state: Forward['state'], lasted: number | null, message = '', more = {}) =>
    sampleHistoryEntry({ id: (id += 1), at: sampleNow - ago, state, durationMs: lasted, message, ...more })
  return {
    entries: [
      entry(47 * minute, 'live', null, '', {
        pod: 'checkout-7d9c5b8f6d-x2x8k',
        bytesIn: 48_210_000,
        bytesOut: 2_140_000,
      }),
      entry(47 * minute + 1400, 'recovering', 1400, 'Its pod was replaced.', {
        causeCode: 'pod-replaced',
        connectionsLost: 1,
      }),
      entry(5 * hour, 'live', 4 * hour + 13 * minute - 1400, '', {
        pod: 'checkout-68b4c77f9c-9zzkq',
        bytesIn: 9_100_000,
        bytesOut: 400_000,
      }),
      entry(5 * hour + 8 * minute, 'holding', 8 * minute, 'No pod is ready: ImagePullBackOff.', {
        causeCode: 'no-ready-pod',
      }),
      entry(14 * hour, 'live', 9 * hour - 8 * minute, '', { pod: 'checkout-68b4c77f9c-2pl5t' }),
      entry(20 * hour, 'off', 6 * hour),
    ],
    uptime: 0.99012,
    windowMs: day,
    reconnects: 2,
    recovery: { medianMs: 1400, worstMs: 8 * minute, count: 2 },
  }
}

function riskyPreview(storedId: string) {
  return samplePreview([
    sampleContext({
      context: 'shop-prod',
      current: true,
      server: 'https://8E1F.gr7.eu-central-1.eks.amazonaws.com',
      user: 'arn:aws:eks:eu-central-1:111122223333:cluster/shop-prod',
      authKinds: ['exec'],
      command: {
        command: 'aws',
        args: ['eks', 'get-token', '--cluster-name', 'shop-prod'],
        env: [{ name: 'AWS_PROFILE', value: '•••' }],
      },
      risks: [
        {
          code: 'exec',
          severity: 'warning',
          message: 'A command runs to sign in.',
          next: 'Look at it below, and allow it if you know it.',
          line: 24,
        },
      ],
    }),
    sampleContext({
      context: 'shop-staging',
      authKinds: ['client-cert-data'],
      duplicateOf: { id: storedId, name: 'shop-staging' },
    }),
    sampleContext({
      context: 'old-lab',
      server: 'http://10.0.0.12:8080',
      user: 'admin',
      authKinds: ['client-cert-file'],
      files: [
        { field: 'client-certificate', path: '/home/sam/lab/admin.crt', exists: true },
        { field: 'client-key', path: '/home/sam/lab/admin.key', exists: false },
      ],
      risks: [
        {
          code: 'plain-http',
          severity: 'danger',
          message: 'The connection is not encrypted.',
          next: 'Anybody on the way can read and change it; use it only on a network you trust.',
          line: 9,
          column: 13,
        },
        {
          code: 'missing-file',
          severity: 'warning',
          message: '/home/sam/lab/admin.key does not exist.',
          next: 'Put it there, or paste the key into the kubeconfig.',
          line: 31,
        },
      ],
    }),
    sampleContext({
      context: 'gke_legacy',
      addable: false,
      authKinds: ['auth-provider'],
      risks: [
        {
          code: 'removed-auth-provider',
          severity: 'error',
          message: 'The gcp auth provider was removed from Kubernetes clients.',
          next: 'Install gke-gcloud-auth-plugin and get the kubeconfig again with gcloud.',
          line: 40,
        },
      ],
    }),
  ])
}

/** The second cluster signs in with a command that nobody has allowed yet. */
export function commandWaits(world: World): void {
  const [, cluster] = world.clusters
  if (cluster === undefined) throw new Error('the world has one cluster')
  const message = `The credential command of ${cluster.name} may not run: nobody has allowed it.`
  const next = 'Look at the command, and allow it if you trust it.'
  const waits = cause('credentials-command-not-allowed', message, next, minute)
  world.command = {
    command: 'kubelogin',
    args: [
      'get-token',
      '--environment',
      'AzurePublicCloud',
      '--server-id',
      '6dae42f8-4368-4678-94ff-3960e28e3630',
      '--login',
      'azurecli',
    ],
    env: [{ name: 'AZURE_CONFIG_DIR', value: '•••' }],
  }
  cluster.status = { ...cluster.status, status: 'disconnected', cause: waits }
  world.forwards = world.forwards.map((forward) =>
    forward.clusterId === cluster.id && forward.desired === 'on'
      ? sampleForward({ ...forward, state: 'holding', cause: waits })
      : forward,
  )
}

/** A hundred clusters, and so many forwards that no list may draw them all. */
export function manyWorld(count: number): World {
  const world = busyWorld()
  const states = world.forwards
  world.clusters = Array.from({ length: Math.max(100, count / 10) }, (_, index) =>
    sampleCluster({
      name: `cluster-${String(index).padStart(4, '0')}`,
      environment: ['production', 'staging', null][index % 3] ?? null,
    }),
  )
  world.forwards = Array.from({ length: count }, (_, index) =>
    sampleForward({
      ...states[index % states.length],
      id: crypto.randomUUID(),
      name: `forward-${String(index).padStart(5, '0')}`,
      clusterId: world.clusters[index % 100]?.id ?? '',
    }),
  )
  world.output = Array.from({ length: count }, (_, seq) => ({
    seq,
    at: sampleNow - (count - seq) * 10,
    stream: 'stdout' as const,
    text: `Handling connection for ${seq}`,
    pid: 5120,
  }))
  return world
}

/** Many of everything, with long names. */
export function crowdedWorld(): World {
  const world = busyWorld()
  const base = world.clusters
  world.clusters = Array.from({ length: 50 }, (_, index) =>
    sampleCluster({
      name:
        index % 7 === 0
          ? `arn:aws:eks:eu-central-1:1111222233${index}:cluster/a-very-long-cluster-name-that-does-not-end`
          : `cluster-${String(index).padStart(2, '0')}`,
      environment: ['production', 'staging', 'development', null][index % 4] ?? null,
      status: base[index % base.length]?.status ?? statusOf('unknown'),
      forwards: { total: index % 3, on: index % 2 },
    }),
  )
  world.forwards = Array.from({ length: 60 }, (_, index) => {
    const like = world.forwards[index % world.forwards.length]
    const name =
      index % 9 === 0
        ? 'a-forward-with-a-name-that-is-longer-than-anybody-would-want-it-to-be'
        : `forward-${String(index).padStart(2, '0')}`
    return sampleForward({ ...like, id: crypto.randomUUID(), name, clusterId: world.clusters[index % 6]?.id ?? '' })
  })
  world.activeId = world.clusters[0]?.id ?? null
  return world
}
