import { afterEach } from 'vitest'
import type { ClusterStatus, ConnectionTest } from '../../../contract/clusters.ts'
import { ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import {
  plainConnection,
  sendJson,
  startServer,
  startTcpServer,
  type TestServer,
} from '../../../network/api-server.testing.ts'
import { type Identity } from '../../../network/certificates.testing.ts'
import { systemClock } from '../clock.ts'
import type { CredentialFailure, ResolveOptions } from '../credentials/credentials.ts'
import { testEntry } from '../credentials/credentials.testing.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { SidecarAnswer } from '../sidecar/sidecar-client.ts'
import { Listeners } from '../listeners.ts'
import { ClusterHealth } from './cluster-health.ts'
import { unknownStatus } from './cluster-view.ts'

/** What a spec started, ended after it. */
export const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

export const entryFor = (server: string): KubeconfigEntry => testEntry({ token: 't' }, { server })

export type Resolved = Result<ClusterConnection, CredentialFailure>
type Resolve = (id: string, options: ResolveOptions) => Resolved | Promise<Resolved>
type Request = (method: string) => SidecarAnswer<unknown>

/** Clusters by id and address; everything around health that a spec may change. */
export function start(
  servers: Record<string, string>,
  more: { resolve?: Resolve; request?: Request; entry?: Result<KubeconfigEntry> } = {},
): {
  health: ClusterHealth
  status: (id: string) => ClusterStatus
  history: Record<string, string[]>
  tests: ConnectionTest[]
  changed: Listeners<{ id: string; kind: string }>
  given: [string, ClusterConnection][]
  dropped: string[]
} {
  const statuses = new Map(Object.keys(servers).map((id) => [id, unknownStatus]))
  const history: Record<string, string[]> = {}
  const tests: ConnectionTest[] = []
  const changed = new Listeners<{ id: string; kind: string }>()
  const given: [string, ClusterConnection][] = []
  const dropped: string[] = []
  const resolve: Resolve = more.resolve ?? ((id) => ok(plainConnection(servers[id] ?? '')))
  const health = new ClusterHealth({
    clusters: {
      get: (id) => {
        const status = statuses.get(id)
        return status === undefined ? null : { namespace: 'default', status, forwards: { on: 0 } }
      },
      entry: (id) => more.entry ?? ok(entryFor(servers[id] ?? '')),
      setStatus: (id, status) => {
        statuses.set(id, status)
        if (!status.checking) (history[id] ??= []).push(status.status)
      },
      onChange: changed.listen,
    },
    credentials: {
      resolve: (id, options?: ResolveOptions) => Promise.resolve(resolve(id, options ?? {})),
      resolveEntry: (entry) => Promise.resolve(ok(plainConnection(entry.cluster.server))),
      onChange: new Listeners<string>().listen,
    },
    sidecar: {
      request: ((method: string) =>
        Promise.resolve(more.request?.(method) ?? ok([]))) as unknown as ConstructorParameters<
        typeof ClusterHealth
      >[0]['sidecar']['request'],
      setCluster: (id, connection) => given.push([id, connection]),
      dropCluster: (id) => dropped.push(id),
    },
    shellEnvironment: { read: () => Promise.resolve({}) },
    clock: systemClock,
    onTest: (test) => tests.push(test),
  })
  ends.push(() => health.close())
  return { health, status: (id) => statuses.get(id) ?? unknownStatus, history, tests, changed, given, dropped }
}

export async function startApi(
  answer: Parameters<typeof startServer>[0] = (_request, response) => sendJson(response, { gitVersion: 'v1.36.3' }),
  identity?: Identity,
): Promise<TestServer> {
  const server = await startServer(answer, identity)
  ends.push(() => server[Symbol.asyncDispose]())
  return server
}

/** Accepts and says nothing; `open`: who is connected. */
export async function startSilent(): Promise<{ port: number; open: ReadonlySet<unknown> }> {
  const open = new Set<unknown>()
  const silent = await startTcpServer((socket) => {
    open.add(socket.resume())
    socket.on('close', () => open.delete(socket))
  })
  ends.push(() => silent[Symbol.asyncDispose]())
  return { port: silent.port, open }
}

export const addressOf = (server: TestServer): string => `http://127.0.0.1:${server.port}`
export const rejected: CredentialFailure = {
  code: 'credentials-command-failed',
  detail: 'exit 1',
  message: 'aws failed.',
  next: 'Sign in.',
}
