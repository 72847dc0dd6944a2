import path from 'node:path'
import { stringify } from 'yaml'
import { inCluster, type ClusterLayout } from './cluster-layout.ts'

/** The programs a cluster is made of. */
export const COMPONENTS = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'containerd',
  'kubelet',
  'kwok',
  'web',
] as const
export type ComponentName = (typeof COMPONENTS)[number]

/** Which of them the cluster has. */
export function componentsOf(layout: Pick<ClusterLayout, 'nodes'>): ComponentName[] {
  const node: ComponentName[] = layout.nodes === 'real' ? ['containerd', 'kubelet'] : ['kwok', 'web']
  return ['etcd', 'apiserver', 'controller-manager', 'scheduler', ...node]
}

/** The token that every bed gives its user `static-user`, who may do everything. */
export const STATIC_TOKEN = 'testbed-static-user-token'
/** The token of `reader`, who may list pods in the namespace `team` and nothing else. */
export const READER_TOKEN = 'testbed-restricted-reader-token'
export const OIDC_AUDIENCE = 'mooring-tests'

/** Contents of the files that components read, by path inside the cluster's folder. */
export function configurationFiles(layout: ClusterLayout, kwokStages: string): Record<string, string> {
  const at = (...parts: string[]): string => inCluster(layout, ...parts)
  const files: Record<string, string> = {
    'tokens.csv': `${STATIC_TOKEN},static-user,static-user,"testers"\n${READER_TOKEN},reader,reader\n`,
    'auth.yaml': stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      anonymous: { enabled: true },
      jwt: [
        {
          issuer: {
            url: layout.issuer.url,
            audiences: [OIDC_AUDIENCE],
            certificateAuthority: layout.issuer.authority,
          },
          claimMappings: {
            username: { claim: 'email', prefix: 'oidc:' },
            groups: { claim: 'groups', prefix: 'oidc:' },
          },
        },
      ],
    }),
  }
  if (layout.nodes === 'fake') {
    const target = { address: '127.0.0.1', port: layout.ports.web }
    files['kwok.yaml'] = [
      kwokStages,
      stringify({
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'ClusterPortForward',
        metadata: { name: 'any' },
        spec: { forwards: [{ ports: [8080], target }] },
      }),
    ].join('\n---\n')
    return files
  }
  files['resolv.conf'] = 'nameserver 127.0.0.1\n'
  files['containerd.toml'] = containerdConfiguration(at)
  files['kubelet.yaml'] = stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '0.0.0.0',
    port: 10250,
    readOnlyPort: 0,
    healthzPort: 0,
    // Otherwise this version refuses a host with cgroup v1.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${at('containerd.sock')}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: at('pki/ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDomain: 'cluster.local',
    resolvConf: at('resolv.conf'),
    evictionHard: {
      'memory.available': '1Mi',
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    localStorageCapacityIsolation: false,
    imageGCHighThresholdPercent: 100,
    makeIPTablesUtilChains: false,
    // The default folder is shared by every kubelet of the host, and a second one deletes the first one's logs.
    podLogsDir: at('podlogs'),
    // A crash-looping container comes back within seconds, so that specs need not wait for minutes.
    crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
  })
  files['cni/10.conflist'] = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'testbed',
    plugins: [
      {
        type: 'bridge',
        bridge: 'tbcni',
        isGateway: true,
        ipMasq: false,
        // The bridge lies in the cluster's own network: every bed may use the same range.
        ipam: {
          type: 'host-local',
          dataDir: at('ipam'),
          ranges: [[{ subnet: '10.254.0.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'loopback' },
    ],
  })
  return files
}

function containerdConfiguration(at: (...parts: string[]) => string): string {
  return `version = 3
root = "${at('containerd')}"
state = "${at('state')}"
[grpc]
  address = "${at('containerd.sock')}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "testbed.local/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "${at('cni')}"
`
}

/** Program and arguments of one component. */
export function componentCommand(layout: ClusterLayout, name: ComponentName): string[] {
  const at = (...parts: string[]): string => inCluster(layout, ...parts)
  const pki = (file: string): string => at('pki', file)
  const { built, addresses, ports } = layout
  const kubernetes = (program: string): string => path.join(built.kubernetes, program)
  const etcdUrl = `http://127.0.0.1:${String(ports.etcd)}`
  const etcdPeerUrl = `http://127.0.0.1:${String(ports.etcdPeer)}`
  const admin = pki('admin.kubeconfig')
  switch (name) {
    case 'etcd':
      return [
        path.join(built.etcd, 'etcd'),
        `--data-dir=${at('etcd')}`,
        '--unsafe-no-fsync',
        '--log-level=warn',
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=${etcdPeerUrl}`,
        `--initial-advertise-peer-urls=${etcdPeerUrl}`,
        `--initial-cluster=default=${etcdPeerUrl}`,
      ]
    case 'apiserver':
      return [
        kubernetes('kube-apiserver'),
        `--etcd-servers=${etcdUrl}`,
        '--allow-privileged=true',
        '--endpoint-reconciler-type=none',
        '--authorization-mode=Node,RBAC',
        `--bind-address=${layout.namespaced ? '0.0.0.0' : '127.0.0.1'}`,
        // Must not be loopback; nothing ever connects to it, because the reconciler is off.
        `--advertise-address=${layout.namespaced ? addresses.main : '192.0.2.1'}`,
        `--secure-port=${String(ports.api)}`,
        `--tls-cert-file=${pki('apiserver.crt')}`,
        `--tls-private-key-file=${pki('apiserver.key')}`,
        `--client-ca-file=${pki('ca.crt')}`,
        `--token-auth-file=${at('tokens.csv')}`,
        `--authentication-config=${at('auth.yaml')}`,
        `--service-account-key-file=${pki('sa.crt')}`,
        `--service-account-signing-key-file=${pki('sa.key')}`,
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        '--service-cluster-ip-range=10.96.0.0/16',
        `--kubelet-client-certificate=${pki('kubeletcli.crt')}`,
        `--kubelet-client-key=${pki('kubeletcli.key')}`,
        '--kubelet-preferred-address-types=InternalIP',
        `--proxy-client-cert-file=${pki('proxy.crt')}`,
        `--proxy-client-key-file=${pki('proxy.key')}`,
        `--requestheader-client-ca-file=${pki('frontca.crt')}`,
        '--requestheader-allowed-names=front-proxy',
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-username-headers=X-Remote-User',
      ]
    case 'controller-manager':
      return [
        kubernetes('kube-controller-manager'),
        `--kubeconfig=${admin}`,
        `--service-account-private-key-file=${pki('sa.key')}`,
        `--root-ca-file=${pki('ca.crt')}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${String(ports.controllerManager)}`,
        '--leader-elect=false',
        '--kube-api-qps=500',
        '--kube-api-burst=1000',
        // A node that was silent for so long has its pods marked as not ready. kwok, other than a kubelet, never takes that back.
        ...(layout.nodes === 'fake' ? ['--node-monitor-grace-period=1h'] : []),
      ]
    case 'scheduler':
      return [
        kubernetes('kube-scheduler'),
        `--kubeconfig=${admin}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${String(ports.scheduler)}`,
        '--leader-elect=false',
        '--kube-api-qps=500',
        '--kube-api-burst=1000',
      ]
    case 'containerd':
      return [path.join(built.containerd, 'containerd'), '--config', at('containerd.toml'), '--log-level', 'warn']
    case 'kubelet':
      return [
        kubernetes('kubelet'),
        `--kubeconfig=${pki('node.kubeconfig')}`,
        `--config=${at('kubelet.yaml')}`,
        `--hostname-override=${layout.nodeName}`,
        `--node-ip=${addresses.main}`,
        `--root-dir=${at('kubelet')}`,
        `--cert-dir=${at('kubelet-pki')}`,
      ]
    case 'kwok':
      return [
        path.join(built.kwok, 'kwok'),
        `--kubeconfig=${admin}`,
        '--manage-all-nodes=false',
        '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
        // Without a name every second re-initialisation empties the nodes' addresses.
        '--node-name=localhost',
        `--node-ip=${addresses.main}`,
        `--node-port=${String(ports.kwok)}`,
        // Without leases of its own the controller manager takes the nodes for lost every 50 s.
        '--node-lease-duration-seconds=40',
        `--server-address=${layout.namespaced ? '0.0.0.0' : '127.0.0.1'}:${String(ports.kwok)}`,
        `--config=${at('kwok.yaml')}`,
      ]
    case 'web':
      // What a port-forward to any fake pod reaches.
      return [
        'env',
        `HTTP_PORT=${String(ports.web)}`,
        'HTTP_ONLY=1',
        'POD_NAME=fake',
        path.join(built.workload, 'workload'),
        'serve',
      ]
  }
}
