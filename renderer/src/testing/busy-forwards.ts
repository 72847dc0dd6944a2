import type { Cluster } from '../../../contract/clusters.ts'
import type { Forward } from '../../../contract/forwards.ts'
import { sampleCause, sampleForward, sampleNow } from './samples.ts'

const second = 1000
const minute = 60_000
const hour = 60 * minute

/** Forwards in every state, on three clusters. */
export function busyForwards(clusters: { prod: Cluster; staging: Cluster; edge: Cluster }): Forward[] {
  const port = (remote: string | number, local: number) => ({
    id: crypto.randomUUID(),
    remote,
    local,
    bind: '127.0.0.1',
  })
  const at = (fields: Partial<Forward['observed']>): Forward['observed'] => ({ ...sampleForward().observed, ...fields })
  return [
    sampleForward({
      name: 'checkout',
      clusterId: clusters.prod.id,
      ports: [port('http', 8080), port('metrics', 9090)],
      observed: at({ connections: 3, bytesIn: 48_210_000, bytesOut: 2_140_000 }),
    }),
    sampleForward({
      name: 'orders database',
      clusterId: clusters.prod.id,
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
      clusterId: clusters.prod.id,
      target: { kind: 'deployment', name: 'ledger' },
      ports: [port(8443, 8443)],
      state: 'holding',
      cause: sampleCause(
        'no-ready-pod',
        'The pod ledger-5f6d9-abcde crashes again and again (CrashLoopBackOff).',
        'Look at the logs of the pod; clients are served while it is up, and the forward is live once it stays up for 10 s.',
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
      clusterId: clusters.prod.id,
      namespace: 'search',
      target: { kind: 'service', name: 'opensearch-cluster-coordinating-only' },
      ports: [port(9200, 9200)],
      state: 'recovering',
      cause: sampleCause(
        'pod-replaced',
        'The pod opensearch-2 is gone or going; another one takes its place.',
        'Nothing to do: it goes on by itself.',
        4 * second,
      ),
      observed: at({ since: sampleNow - 4 * second, nextAttemptAt: sampleNow + 4 * second, attempt: 3, parked: 2 }),
    }),
    sampleForward({
      name: 'admin',
      clusterId: clusters.prod.id,
      target: { kind: 'service', name: 'admin' },
      ports: [port('http', 8081)],
      desired: 'off',
      state: 'off',
      observed: at({ pod: null, connections: 0 }),
    }),
    sampleForward({
      name: 'checkout',
      clusterId: clusters.staging.id,
      group: 'night shift',
      ports: [port('http', 18_080)],
      observed: at({ connections: 0, since: sampleNow - 3 * hour }),
    }),
    sampleForward({
      name: 'queue',
      clusterId: clusters.staging.id,
      group: 'night shift',
      target: { kind: 'selector', selector: 'app=rabbitmq,tier!=test' },
      ports: [port(5672, 5672)],
      probe: { mode: 'passive', seconds: 5 },
      observed: at({ pod: 'rabbitmq-server-1', since: sampleNow - 12 * minute }),
    }),
    sampleForward({
      name: 'redis',
      clusterId: clusters.staging.id,
      target: { kind: 'pod', name: 'redis-0' },
      ports: [port(6379, 6379)],
      state: 'holding',
      cause: sampleCause(
        'local-port-taken',
        'redis-server (process 812) listens on 127.0.0.1:6379.',
        'Stop that program, or give the forward another local port; the forward goes on by itself as soon as the port is free.',
        41 * minute,
      ),
      observed: at({ pod: null, connections: 0, since: sampleNow - 41 * minute }),
    }),
    sampleForward({
      name: 'grafana',
      clusterId: clusters.staging.id,
      namespace: 'monitoring',
      target: { kind: 'service', name: 'grafana' },
      ports: [port('http', 3000)],
      state: 'starting',
      cause: sampleCause(
        'connecting',
        'Connecting to service grafana.',
        'Nothing to do: it goes on by itself.',
        2 * second,
      ),
      observed: at({ pod: 'grafana-0', connections: 0, since: sampleNow - 2 * second }),
    }),
    sampleForward({
      name: 'camera',
      clusterId: clusters.edge.id,
      namespace: 'default',
      target: { kind: 'daemonset', name: 'camera' },
      ports: [port(554, 8554)],
      state: 'holding',
      cause: sampleCause(
        'cluster-unreachable',
        'The API server of edge-berlin does not answer.',
        'Check the network or VPN, and whether the cluster runs. It is tried again by itself.',
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
}
