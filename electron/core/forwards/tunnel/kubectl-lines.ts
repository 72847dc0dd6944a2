import type { CauseCode } from '../../../../contract/causes.ts'

/** What a line of kubectl means; `detail` is the class of the fault, narrower than the code. */
export type LineCause = { readonly code: CauseCode; readonly detail: string }

type Rule = readonly [pattern: RegExp, code: CauseCode, detail: string]

/**
 * The first rule that fits decides, so the narrow ones come first: the same words (`connection refused`) mean the pod's
 * port inside a forwarding error, the kubelet behind `error dialing backend`, and else the API server.
 * The texts are those of kubectl from 1.9 to 1.36, its klog prefixes and Windows wording included.
 */
const rules: readonly Rule[] = [
  // one connection through a running forward
  [/error forwarding port .*(?:socat not found)/i, 'node-unreachable', 'socat-missing'],
  [/error forwarding port .*(?:getaddrinfo|name resolution)/i, 'node-unreachable', 'node-name-resolution'],
  [/error forwarding port .*connection refused/i, 'container-not-listening', 'refused-in-pod'],
  [/error forwarding port .*connection reset by peer/i, 'reset-by-pod', 'reset-in-pod'],
  [/failed to find sandbox|network namespace for sandbox .* is closed/i, 'pod-replaced', 'pod-gone'],
  [/error creating (?:error|forwarding) stream|timed out waiting for data stream/i, 'tunnel-stalled', 'stream-timeout'],
  [
    /error copying from (?:remote stream to local connection|local connection to remote stream)/i,
    'tunnel-lost',
    'client-closed',
  ],
  [/too many open files/i, 'kubectl-failed', 'too-many-open-files'],
  [/lost connection to pod/i, 'tunnel-lost', 'lost-connection'],
  [/error forwarding port /i, 'tunnel-lost', 'forwarding-failed'],
  // the local side
  [/bind: address already in use/i, 'local-port-taken', 'port-in-use'],
  [/bind: permission denied/i, 'local-port-forbidden', 'port-not-permitted'],
  [/forbidden by its access permissions/i, 'local-port-forbidden', 'port-reserved-windows'],
  [/bind: cannot assign requested address/i, 'kubectl-failed', 'address-not-local'],
  // a summary whose cause stood in the line before; a port below 1024 wants rights, any other is taken
  [
    /unable to listen on any of the requested ports: \[\{(?:[1-9]\d{0,2}|10[01]\d|102[0-3]) /i,
    'local-port-forbidden',
    'port-not-permitted',
  ],
  [/unable to listen on (?:port|any of the requested ports)/i, 'local-port-taken', 'port-in-use'],
  // what was asked for
  [/pod is not running\. Current status=/i, 'no-ready-pod', 'pod-not-running'],
  [/\(NotFound\): namespaces "/i, 'namespace-missing', 'namespace-not-found'],
  [/\(NotFound\): /i, 'target-missing', 'target-not-found'],
  [/does not have a named port/i, 'port-not-in-target', 'no-named-port'],
  [/does not have a service port/i, 'port-not-in-target', 'no-service-port'],
  [/UDP protocol is not supported/i, 'port-not-in-target', 'udp-not-supported'],
  [/Service is defined without a selector/i, 'no-ready-pod', 'service-without-selector'],
  [/error parsing (?:local|remote) port/i, 'kubectl-failed', 'bad-port-argument'],
  [/is not a valid IP|invalid resource name|unknown (?:flag|command|shorthand)/i, 'kubectl-failed', 'bad-argument'],
  [
    /timed out waiting for the condition|watch closed before UntilWithoutRetry timeout/i,
    'no-ready-pod',
    'no-pod-in-time',
  ],
  // credentials
  [/getting credentials: exec: executable .* not found/i, 'credentials-command-missing', 'plugin-missing'],
  [/exec plugin: invalid apiVersion|plugin returned version/i, 'credentials-command-failed', 'plugin-api-version'],
  [/getting credentials: decoding stdout/i, 'credentials-command-failed', 'plugin-output'],
  [/getting credentials: /i, 'credentials-command-failed', 'plugin-failed'],
  [/auth plugin has been removed|no Auth Provider found/i, 'credentials-rejected', 'removed-auth-provider'],
  [/failed to refresh token/i, 'credentials-expired', 'token-refresh-failed'],
  [/must be logged in to the server|\(Unauthorized\)/i, 'credentials-rejected', 'unauthorized'],
  [/more than one authentication method/i, 'kubectl-failed', 'bad-kubeconfig'],
  // the upgrade, and the node behind the API server
  [/403 Forbidden| is forbidden: |\(Forbidden\)/i, 'forbidden', 'forbidden'],
  [/fallback_dialer|fallback to secondary dialer/i, 'connecting', 'websocket-fallback'],
  [/unable to upgrade connection: Unauthorized/i, 'node-unreachable', 'kubelet-refuses'],
  [/unable to upgrade connection: pod does not exist/i, 'node-unreachable', 'kubelet-wrong-node'],
  [/No agent available/i, 'node-unreachable', 'no-tunnel-agent'],
  [/error dialing backend: .*(?:x509|tls):? /i, 'node-unreachable', 'kubelet-tls'],
  [/error dialing backend/i, 'node-unreachable', 'kubelet-unreachable'],
  [/rpc error: code = /i, 'node-unreachable', 'runtime-unreachable'],
  [/Upgrade request required|error upgrading connection: error sending request/i, 'upgrade-refused', 'upgrade-refused'],
  [/error upgrading connection|unable to upgrade/i, 'upgrade-refused', 'upgrade-refused'],
  // the kubeconfig
  [/no context exists|context was not found/i, 'kubectl-failed', 'no-such-context'],
  [/error loading config file|^error: stat .*no such file/i, 'kubectl-failed', 'bad-kubeconfig'],
  // the way to the API server
  [/certificate has expired or is not yet valid/i, 'cluster-unreachable', 'cert-expired'],
  [/certificate signed by unknown authority/i, 'cluster-unreachable', 'cert-unknown-authority'],
  [
    /x509: certificate is (?:valid for|not valid for)|cannot validate certificate/i,
    'cluster-unreachable',
    'cert-wrong-name',
  ],
  [/x509:|tls: /i, 'cluster-unreachable', 'tls'],
  [/server gave HTTP response to HTTPS client/i, 'cluster-unreachable', 'plain-http'],
  [/TLS handshake timeout/i, 'cluster-unreachable', 'tls-handshake-timeout'],
  [/no such host|lookup .* on /i, 'cluster-unreachable', 'api-dns'],
  [/no route to host|network is unreachable|host is down/i, 'cluster-unreachable', 'api-no-route'],
  [/Proxy Authentication Required|proxyconnect|Bad Gateway|socks connect/i, 'cluster-unreachable', 'proxy'],
  [/i\/o timeout|Client\.Timeout exceeded|context deadline exceeded/i, 'cluster-unreachable', 'api-timeout'],
  [/The connection to the server .* was refused|connection refused/i, 'cluster-unreachable', 'api-refused'],
  [
    /Unable to connect to the server: .*(?:EOF|connection reset by peer)|unexpected EOF/i,
    'cluster-unreachable',
    'api-closed',
  ],
  [
    /etcdserver: |\(ServiceUnavailable\)|\(InternalError\)|\(Timeout\)|\(TooManyRequests\)|server is currently unable/i,
    'api-unavailable',
    'api-error',
  ],
  [/^Unable to connect to the server: /i, 'cluster-unreachable', 'api-other'],
]

/**
 * What one line of kubectl's stderr means; null for a line that says nothing about a fault.
 * Sources: public threads quoting the messages, and kubectl 1.32 and 1.36 against every fault of the test bed.
 */
export function causeOfKubectlLine(line: string): LineCause | null {
  const text = line.trim()
  for (const [pattern, code, detail] of rules) if (pattern.test(text)) return { code, detail }
  return null
}

/** Lines that are notes: the forward goes on unharmed. */
const notes = new Set(['client-closed', 'websocket-fallback'])
export const isHarmless = (cause: LineCause): boolean => notes.has(cause.detail)

/** kubectl proves that the connection it speaks of never reached a program in the pod. */
const unreached = new Set(['refused-in-pod', 'pod-gone', 'socat-missing', 'node-name-resolution'])
export const provesUnreached = (cause: LineCause): boolean => unreached.has(cause.detail)

/** Says only that kubectl gave up; another line, or the pod, holds the reason. */
export const isVague = (cause: LineCause): boolean =>
  cause.detail === 'lost-connection' || cause.detail === 'forwarding-failed'

/** The local port of a client of whose reset this line tells; null: it tells of something else. */
export function clientThatReset(line: string): number | null {
  const port = /error copying from local connection to remote stream: .*->127\.0\.0\.1:(\d+): /i.exec(line)?.[1]
  return port === undefined ? null : Number(port)
}
