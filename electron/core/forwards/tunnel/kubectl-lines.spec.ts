import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { causeOfKubectlLine, clientThatReset, isHarmless, provesUnreached } from './kubectl-lines.ts'

const fixture = join(import.meta.dirname, '../../../../../shared/fixtures/kubectl-stderr.jsonl')

describe('lines collected from public threads', () => {
  if (!existsSync(fixture)) {
    it('agrees with the collection', (context) => context.skip('did not run: ../shared/fixtures/kubectl-stderr.jsonl'))
    return
  }
  const entries = readFileSync(fixture, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { code: string; line: string; after: string })

  it('has many', () => expect(entries.length).toBeGreaterThan(60))

  it.each(entries)('$code: $line', ({ code, line }) => {
    expect(causeOfKubectlLine(line)?.detail).toBe(code)
  })

  it('says of every line, after which kubectl goes on unharmed and nobody is to blame, that it is a note', () => {
    const told = entries.filter(({ code }) => code === 'client-closed' || code === 'websocket-fallback')
    expect(told.length).toBeGreaterThan(0)
    for (const { line } of told) expect(isHarmless(causeOfKubectlLine(line)!)).toBe(true)
  })
})

/** What kubectl 1.32 and 1.36 printed at each fault of the test bed. */
const measured: [text: string, code: string, detail: string][] = [
  ['Error from server (NotFound): pods "nope" not found', 'target-missing', 'target-not-found'],
  ['Error from server (NotFound): services "nope" not found', 'target-missing', 'target-not-found'],
  ['Error from server (NotFound): deployments.apps "nope" not found', 'target-missing', 'target-not-found'],
  ['Error from server (NotFound): namespaces "nope" not found', 'namespace-missing', 'namespace-not-found'],
  ['error: Service web does not have a service port 9999', 'port-not-in-target', 'no-service-port'],
  ["error: Pod 'web-1' does not have a named port 'nosuch'", 'port-not-in-target', 'no-named-port'],
  [
    "error: cannot attach to *v1.Service: invalid service 'nosel': Service is defined without a selector",
    'no-ready-pod',
    'service-without-selector',
  ],
  ['error: timed out waiting for the condition', 'no-ready-pod', 'no-pod-in-time'],
  ['error: watch closed before UntilWithoutRetry timeout', 'no-ready-pod', 'no-pod-in-time'],
  [
    'error: unable to forward port because pod is not running. Current status=Failed',
    'no-ready-pod',
    'pod-not-running',
  ],
  [
    'Unable to listen on port 39999: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:39999: bind: address already in use]',
    'local-port-taken',
    'port-in-use',
  ],
  ['error: unable to listen on any of the requested ports: [{39999 8080}]', 'local-port-taken', 'port-in-use'],
  [
    'unable to create listener: Error listen tcp4 10.9.9.9:1: bind: cannot assign requested address',
    'kubectl-failed',
    'address-not-local',
  ],
  ['error: no-such-host.invalid is not a valid IP', 'kubectl-failed', 'bad-argument'],
  [
    'error: error parsing local port \'abc\': strconv.ParseUint: parsing "abc": invalid syntax',
    'kubectl-failed',
    'bad-port-argument',
  ],
  [
    'error: error upgrading connection: unable to upgrade connection: pods "p1" is forbidden: User "reader" cannot create resource "pods/portforward" in API group "" in the namespace "team"',
    'forbidden',
    'forbidden',
  ],
  [
    'Error from server (Forbidden): services "w" is forbidden: User "reader" cannot get resource "services" in API group "" in the namespace "team"',
    'forbidden',
    'forbidden',
  ],
  [
    'error: error upgrading connection: unable to upgrade connection: error dialing backend: dial tcp 10.1.1.1:10250: connect: connection refused',
    'node-unreachable',
    'kubelet-unreachable',
  ],
  [
    'error: error upgrading connection: unable to upgrade connection: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/c.sock: connect: connection refused"',
    'node-unreachable',
    'runtime-unreachable',
  ],
  ['error: You must be logged in to the server (Unauthorized)', 'credentials-rejected', 'unauthorized'],
  [
    'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'cluster-unreachable',
    'cert-unknown-authority',
  ],
  [
    'Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for localhost, not other.test',
    'cluster-unreachable',
    'cert-wrong-name',
  ],
  [
    'Unable to connect to the server: http: server gave HTTP response to HTTPS client',
    'cluster-unreachable',
    'plain-http',
  ],
  [
    'Unable to connect to the server: dial tcp: lookup nope.invalid on 10.0.0.1:53: no such host',
    'cluster-unreachable',
    'api-dns',
  ],
  [
    'The connection to the server 10.251.1.2:6443 was refused - did you specify the right host or port?',
    'cluster-unreachable',
    'api-refused',
  ],
  [
    'Unable to connect to the server: dial tcp 10.251.1.2:6443: connect: no route to host',
    'cluster-unreachable',
    'api-no-route',
  ],
  ['Unable to connect to the server: dial tcp 10.251.1.2:6443: i/o timeout', 'cluster-unreachable', 'api-timeout'],
  ['Unable to connect to the server: net/http: TLS handshake timeout', 'cluster-unreachable', 'tls-handshake-timeout'],
  [
    'Unable to connect to the server: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'cluster-unreachable',
    'api-timeout',
  ],
  ['Unable to connect to the server: Proxy Authentication Required', 'cluster-unreachable', 'proxy'],
  ['Unable to connect to the server: Bad Gateway', 'cluster-unreachable', 'proxy'],
  ['error: error loading config file "/x": yaml: line 5: could not find expected', 'kubectl-failed', 'bad-kubeconfig'],
  ['error: stat /x: no such file or directory', 'kubectl-failed', 'bad-kubeconfig'],
  ['Error in configuration: context was not found for specified context: nope', 'kubectl-failed', 'no-such-context'],
  [
    'Unable to connect to the server: getting credentials: exec: executable no-such-plugin not found',
    'credentials-command-missing',
    'plugin-missing',
  ],
  [
    'Unable to connect to the server: getting credentials: exec: executable false failed with exit code 1',
    'credentials-command-failed',
    'plugin-failed',
  ],
  [
    'E1121 03:24:20.5 18078 portforward.go:522] "Unhandled Error" err="an error occurred forwarding 4 -> 80: error forwarding port 80 to pod abc, uid : network namespace for sandbox \\"abc\\" is closed"',
    'pod-replaced',
    'pod-gone',
  ],
  [
    'E1121 03:24:20.5 18078 portforward.go:522] "Unhandled Error" err="an error occurred forwarding 4 -> 9: error forwarding port 9 to pod abc, uid : failed to execute portforward in network namespace \\"x\\": failed to connect to localhost:9 inside namespace \\"abc\\", IPv4: dial tcp4 127.0.0.1:9: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found"',
    'container-not-listening',
    'refused-in-pod',
  ],
  [
    'E1121 03:24:20.5 18078 portforward.go:455] "Unhandled Error" err="error creating error stream for port 4 -> 80: Timeout occurred"',
    'tunnel-stalled',
    'stream-timeout',
  ],
  ['error: lost connection to pod', 'tunnel-lost', 'lost-connection'],
  ['Error from server: etcdserver: request timed out', 'api-unavailable', 'api-error'],
  [
    'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    'api-unavailable',
    'api-error',
  ],
]

describe('lines of kubectl at faults made on purpose', () => {
  it.each(measured)('%s', (line, code, detail) => {
    expect(causeOfKubectlLine(line)).toEqual({ code, detail })
  })

  it('finds nothing in lines that are no faults', () => {
    for (const line of [
      '',
      'Forwarding from 127.0.0.1:45563 -> 8080',
      'Handling connection for 45563',
      'W1121 12:00:00 something mild',
    ])
      expect(causeOfKubectlLine(line)).toBeNull()
  })

  it('takes only a refused port and a sandbox that is gone as proof that the pod saw nothing', () => {
    expect(provesUnreached({ code: 'container-not-listening', detail: 'refused-in-pod' })).toBe(true)
    expect(provesUnreached({ code: 'pod-replaced', detail: 'pod-gone' })).toBe(true)
    expect(provesUnreached({ code: 'reset-by-pod', detail: 'reset-in-pod' })).toBe(false)
    expect(provesUnreached({ code: 'tunnel-lost', detail: 'lost-connection' })).toBe(false)
  })
})

describe('the client of whose reset a line tells', () => {
  it.each([
    [
      'E1121 14:50:42.521684    8293 portforward.go:502] "Unhandled Error" err="error copying from local connection to remote stream: writeto tcp4 127.0.0.1:39295->127.0.0.1:55666: read tcp4 127.0.0.1:39295->127.0.0.1:55666: read: connection reset by peer"',
      55666,
    ],
    [
      'E0101 10:00:00.000001    1234 portforward.go:424] error copying from local connection to remote stream: read tcp4 127.0.0.1:8080->127.0.0.1:49820: wsarecv: An existing connection was forcibly closed by the remote host.',
      49820,
    ],
    ['error copying from remote stream to local connection: write tcp4 127.0.0.1:1->127.0.0.1:2: broken pipe', null],
    ['error: lost connection to pod', null],
  ])('%s', (line, port) => expect(clientThatReset(line)).toBe(port))
})
