import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Diagnostics as DiagnosticsView } from '../../../contract/system.ts'
import type { AppStatus, KubectlStatus, VaultStatus } from '../../../contract/system.ts'
import { Log, LogRing } from '../log.ts'
import { openFile } from '../store/open-store.testing.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { diagnosticChecks } from './checks.ts'
import { Diagnostics } from './diagnostics.ts'
import { diagnosticsReport } from './report.ts'

const kubectl = { path: '/usr/bin/kubectl', version: '1.36.3', vendor: null, usable: true, problem: null }
const app: AppStatus = {
  version: '1.2.3',
  shell: 'host',
  dataDir: '/home/ann/.local/share/mooring',
  startedAt: 0,
  sidecar: { state: 'ready', pid: 7, since: 0, restarts: 0, lastLines: [] },
  kubectl: { path: kubectl.path, version: kubectl.version },
  children: { running: 2, starting: 0, queued: 0, limit: 128 },
  storage: { ok: true, problem: null },
}
const vault: VaultStatus = {
  state: 'unlocked',
  provider: 'keychain',
  keychain: { available: true, reason: null },
  keyId: null,
  rotatedAt: null,
}
const found = {
  app,
  vault,
  kubectl: {
    chosen: kubectl,
    found: [kubectl],
    searched: [],
    install: 'apt install kubectl',
    skew: [],
  } as KubectlStatus,
  environment: { shell: '/bin/bash', status: 'read', path: '/usr/bin', proxies: [], names: [] } as const,
}
type Found = Parameters<typeof diagnosticChecks>[0]
const withEnvironment = (status: Found['environment']['status']): Found => ({
  ...found,
  environment: { ...found.environment, proxies: [], names: [], status },
})
const usual = withEnvironment('read')
const withVault = (change: Partial<VaultStatus>): Found => ({ ...usual, vault: { ...vault, ...change } })
const withApp = (change: Partial<AppStatus>): Found => ({ ...usual, app: { ...app, ...change } })
const sidecar = (state: AppStatus['sidecar']['state']): Found => withApp({ sidecar: { ...app.sidecar, state } })

describe('the checks', () => {
  it('find nothing to do where all is as it should be', () => {
    const checks = diagnosticChecks(usual)
    expect(checks.map(({ id }) => id)).toEqual([
      'storage',
      'vault',
      'keychain',
      'kubectl',
      'sidecar',
      'queue',
      'environment',
    ])
    expect(checks.filter(({ status, next }) => status !== 'ok' || next !== null)).toEqual([])
  })

  it('calls nothing wrong with a keychain that is away where a passphrase protects the vault', () => {
    const found = withVault({ provider: 'passphrase', keychain: { available: false, reason: 'x' } })
    expect(diagnosticChecks(found).find(({ id }) => id === 'keychain')).toMatchObject({ status: 'ok' })
  })

  it.each<[string, string, string, Found]>([
    ['a full disk', 'storage', 'fail', withApp({ storage: { ok: false, problem: 'The disk is full.' } })],
    ['a locked vault', 'vault', 'warn', withVault({ state: 'locked' })],
    ['no vault', 'vault', 'warn', withVault({ state: 'not-set-up', provider: null })],
    ['a vault for one session', 'vault', 'warn', withVault({ provider: 'memory' })],
    ['a vault that lost its key', 'vault', 'fail', withVault({ state: 'undecryptable' })],
    [
      'a keychain that is needed and away',
      'keychain',
      'fail',
      withVault({ keychain: { available: false, reason: 'x' } }),
    ],
    ['no kubectl', 'kubectl', 'fail', { ...usual, kubectl: { ...usual.kubectl, chosen: null } }],
    [
      'a kubectl that is too old for a cluster',
      'skew-one',
      'warn',
      {
        ...usual,
        kubectl: {
          ...usual.kubectl,
          skew: [{ clusterId: 'one', name: 'prod', serverVersion: '1.36', message: 'Old.' }],
        },
      },
    ],
    ['a sidecar that starts again', 'sidecar', 'warn', sidecar('restarting')],
    ['a sidecar that gave up', 'sidecar', 'fail', sidecar('failed')],
    ['a sidecar that was stopped', 'sidecar', 'fail', sidecar('stopped')],
    [
      'forwards that wait for their turn',
      'queue',
      'warn',
      withApp({ children: { running: 128, starting: 0, queued: 3, limit: 128 } }),
    ],
    ['a login shell that hangs', 'environment', 'warn', withEnvironment('timed-out')],
    ['a login shell that fails', 'environment', 'warn', withEnvironment('failed')],
  ])('name %s with a next step', (_words, id, status, state) => {
    const wrong = diagnosticChecks(state).filter((check) => check.status !== 'ok')
    expect(wrong).toMatchObject([{ id, status }])
    expect(wrong[0]?.message).not.toBe('')
    expect(wrong[0]?.next).toBeTypeOf('string')
  })
})

describe('diagnostics', () => {
  const secrets = {
    jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjNG40cnkifQ.c4n4ry',
    proxy: 'c4n4ry-proxy',
    sidecar: 'c4n4ry-sidecar',
    log: 'c4n4ry-log',
  }

  function view(): Promise<DiagnosticsView> {
    const ring = new LogRing()
    new Log([ring.sink], 'forwards').warn(`/home/ann/.kube/config has token: ${secrets.log}`)
    return new Diagnostics({
      appStatus: () => ({
        ...app,
        sidecar: { ...app.sidecar, lastLines: [`refused Bearer ${secrets.jwt}`, `password=${secrets.sidecar}`] },
      }),
      kubectl: () => Promise.resolve(usual.kubectl),
      environment: () => ({
        ...usual.environment,
        proxies: [{ name: 'HTTPS_PROXY', value: `http://ann:${secrets.proxy}@proxy:3128` }],
      }),
      vault: () => vault,
      store: openFile(join(temporaryFolder(), 'mooring.db')),
      logs: () => ring.entries(),
    }).view()
  }

  it('are what the contract says', async () => {
    const seen = await view()
    expect(DiagnosticsView.parse(seen)).toEqual(seen)
    expect(seen.database.bytes).toBeGreaterThan(4096)
    expect(seen.owner.pid).toBe(process.pid)
  })

  it('become a report that can be handed to anybody: no secret, no name of a home folder', async () => {
    const report = diagnosticsReport(await view(), '/home/ann')
    for (const secret of Object.values(secrets)) expect(report).not.toContain(secret)
    expect(report).not.toContain('/home/ann')
    expect(report).toContain('~/.kube/config')
    for (const line of [
      'Mooring 1.2.3 (host)',
      'kubectl: /usr/bin/kubectl 1.36.3',
      'ok   The database can be written.',
    ])
      expect(report).toContain(line)
  })
})
