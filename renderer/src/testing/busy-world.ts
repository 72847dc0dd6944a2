import { busyForwards } from './busy-forwards.ts'
import { checkoutConnections, checkoutHistory, checkoutOutput } from './checkout-details.ts'
import { riskyPreview } from './risky-preview.ts'
import { sampleCluster, sampleNow } from './samples.ts'
import { emptyWorld, type World } from './world.ts'

const second = 1000
const hour = 3_600_000
const day = 24 * hour

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
    status: { ...statusOf('unknown'), serverVersion: null, latencyMs: null, checkedAt: null, lastConnectedAt: null },
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
        message: 'The API server does not answer.',
        next: 'Check the network or VPN, and whether the cluster runs.',
      },
      lastConnectedAt: sampleNow - 3 * hour,
      checkedAt: sampleNow - 8 * second,
    },
  })
  world.clusters = [prod, staging, lab, edge]
  world.activeId = prod.id
  world.forwards = busyForwards({ prod, staging, edge })
  for (const cluster of world.clusters) {
    const mine = world.forwards.filter(({ clusterId }) => clusterId === cluster.id)
    cluster.forwards = { total: mine.length, on: mine.filter(({ desired }) => desired === 'on').length }
  }
  const failed = world.test.steps.map((step, index) =>
    index < 1
      ? { ...step, status: 'skipped' as const, ms: null, detail: 'The address 198.51.100.7 needs no name.' }
      : index === 1
        ? {
            ...step,
            status: 'fail' as const,
            ms: 5000,
            detail: '198.51.100.7:6443 did not answer within 5 s.',
            next: 'Nothing comes back from there: check the VPN and firewalls, and whether the address is still in use.',
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
  world.history = checkoutHistory()
  world.connections = checkoutConnections()
  world.output = checkoutOutput()
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
        "kubectl 1.35 is 5 minor versions newer than the cluster's 1.30; Kubernetes supports one minor version either way.",
    },
  ]
  world.preview = riskyPreview(staging.id)
  return world
}
