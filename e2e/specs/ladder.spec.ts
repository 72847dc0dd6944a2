import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectionTest, LadderStep, LadderStepId } from '../../contract/clusters.ts'
import { fail } from '../../contract/errors.ts'
import { systemClock } from '../../electron/core/clock.ts'
import { ConnectionTests } from '../../electron/core/clusters/connection-tests.ts'
import { Credentials } from '../../electron/core/credentials/credentials.ts'
import { resolveContexts } from '../../electron/core/kubeconfig/context-lookup.ts'
import { cutToContext, type KubeconfigEntry } from '../../electron/core/kubeconfig/entry.ts'
import { readSource } from '../../electron/core/kubeconfig/preview.ts'
import { testChildren } from '../../electron/core/processes/child-processes.testing.ts'
import { silentLog } from '../../electron/core/store/store.testing.ts'
import { linkDown, pauseComponent, stopComponent } from '../testbed/faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import { GOOD_USERS, type UserName } from '../testbed/users.ts'
import * as workloads from '../testbed/workloads.ts'

const { containers } = sharedBed()
let bed: Testbed
let children: ReturnType<typeof testChildren>
let credentials: Credentials
let tests: ConnectionTests
let namespace: string

beforeAll(async () => {
  bed = await attachTestbed(sharedBed())
  children = testChildren()
  const shellEnvironment = { read: () => Promise.resolve({ PATH: process.env.PATH ?? '' }) }
  credentials = new Credentials({
    entryOf: () => fail({ code: 'not-found', message: 'nothing is stored', next: '' }),
    allowed: { isAllowed: () => true },
    children: children.children,
    shellEnvironment,
    storeRefreshed: () => fail({ code: 'not-found', message: 'nothing is stored', next: '' }),
    clock: systemClock,
    log: silentLog,
  })
  tests = new ConnectionTests({
    clusters: { get: () => null, entry: () => fail({ code: 'not-found', message: '', next: '' }) },
    credentials,
    shellEnvironment,
    clock: systemClock,
    onTest: () => undefined,
    learned: () => undefined,
  })
  namespace = await bed.a.createNamespace('ladder')
  await bed.a.apply(workloads.barePod({ namespace, name: 'web' }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
})

afterAll(async () => {
  tests.close()
  credentials.close()
  await children.close()
  await bed.a.deleteNamespace(namespace)
  await bed.close()
})

function entryOf(user: UserName): KubeconfigEntry {
  const model = readSource({ text: readFileSync(bed.a.users[user] ?? '', 'utf8') }, null)
  const none = { embedFiles: new Set<string>(), readFile: () => fail('not asked') }
  const entry = cutToContext(resolveContexts(model)[0]!, none)
  if (!entry.ok) throw new Error(entry.error.message)
  return { ...entry.value, namespace }
}
const climb = (user: UserName): Promise<ConnectionTest> => tests.testEntry(entryOf(user))
const rung = (result: ConnectionTest, id: LadderStepId): LadderStep => result.steps.find((step) => step.id === id)!

describe('the ladder of a user who may do everything', () => {
  test.each([...GOOD_USERS])('is climbed to the top by %s', async (user) => {
    const result = await climb(user)
    expect(result).toMatchObject({ status: 'connected', serverVersion: 'v1.36.3', cause: null })
    expect(result.steps.filter(({ status }) => status === 'fail' || status === 'pending')).toEqual([])
    expect(rung(result, 'authorization').status).toBe('ok')
    expect(rung(result, 'upgrade').status).toBe('ok')
    expect(rung(result, 'latency').status).toBe('ok')
  })

  test.each<[UserName, string]>([
    ['admin', '"admin", in system:masters'],
    ['token', '"static-user", in testers'],
    ['service-account', '"system:serviceaccount:default:robot"'],
    ['oidc', '"oidc:ann@example.test", in oidc:testers'],
    ['impersonation', '"impersonated@example.test", in testers, auditors'],
  ])('names who the server sees: %s', async (user, who) => {
    expect(rung(await climb(user), 'identity').detail).toContain(who)
  })

  test('names the proxy and what it leads to', async () => {
    expect(rung(await climb('http-proxy'), 'proxy')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('http proxy') as string,
    })
    expect(rung(await climb('socks5-proxy'), 'proxy')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('socks5 proxy') as string,
    })
  })
})

describe('the ladder of a user who cannot work ends where the fault is', () => {
  test.each<[UserName, LadderStepId, string, string | null]>([
    ['expired-certificate', 'credentials', 'credentials-expired', 'client-certificate'],
    ['expired-token', 'credentials', 'credentials-expired', 'token'],
    ['wrong-token', 'identity', 'credentials-rejected', null],
    ['wrong-ca', 'tls', 'cluster-unreachable', 'tls'],
    ['wrong-server-name', 'tls', 'cluster-unreachable', 'tls'],
    ['unreachable', 'tcp', 'cluster-unreachable', 'no-route'],
    ['refused', 'tcp', 'cluster-unreachable', 'refused'],
    ['no-such-host', 'dns', 'cluster-unreachable', 'dns'],
    ['proxy-refused', 'tcp', 'cluster-unreachable', 'proxy'],
    ['exec-missing', 'credentials', 'credentials-command-missing', 'testbed-login-that-is-not-installed'],
    ['removed-provider', 'credentials', 'credentials-rejected', 'removed-auth-provider'],
  ])('%s: at %s', async (user, id, code, detail) => {
    const result = await climb(user)
    expect(result).toMatchObject({ status: 'disconnected', cause: { code } })
    // Without network namespaces of its own the bed cannot say what the machine answers for an address of nobody.
    if (user !== 'unreachable' || containers) expect(result.cause?.detail).toBe(detail)
    expect(rung(result, id).status).toBe('fail')
    expect(result.cause?.next).not.toBe('')
    const after = result.steps.slice(result.steps.findIndex((step) => step.id === id) + 1)
    expect(after.every((step) => step.status === 'skipped' && step.detail === 'Not reached.')).toBe(true)
  })

  test('restricted: connected, and told which rights are missing', async () => {
    const result = await climb('restricted')
    expect(result.status).toBe('connected')
    expect(rung(result, 'authorization')).toMatchObject({
      status: 'warn',
      detail: `"reader" may not list and watch pods, get and create pods/portforward, list and watch services, list and watch endpointslices.discovery.k8s.io in namespace ${namespace}.`,
    })
  })

  test('restricted, in its namespace: sees pods and may not forward', async () => {
    const result = await tests.testEntry({ ...entryOf('restricted'), namespace: 'team' })
    expect(rung(result, 'authorization').detail).toMatch(/^"reader" may not get and create pods\/portforward/)
  })
})

describe.runIf(containers)('the ladder of a cluster in trouble (needs containers)', () => {
  test('ends at tcp when the API server is stopped', async () => {
    await using _away = await stopComponent(bed.a, 'apiserver')
    expect((await climb('admin')).cause).toMatchObject({ code: 'cluster-unreachable', detail: 'refused' })
  })

  test('ends at TLS when the API server is frozen', async () => {
    await using _frozen = await pauseComponent(bed.a, 'apiserver')
    const result = await climb('admin')
    expect(result.cause).toMatchObject({ code: 'cluster-unreachable', detail: 'timeout' })
    expect(rung(result, 'tcp').status).toBe('ok')
    expect(rung(result, 'tls').status).toBe('fail')
  })

  test('ends at tcp when the link is down', async () => {
    await using _down = await linkDown(bed.a)
    const result = await climb('admin')
    expect(result.cause?.code).toBe('cluster-unreachable')
    expect(['no-route', 'timeout']).toContain(result.cause?.detail)
  })

  test('shows a node that does not answer at the upgrade', async () => {
    await using _away = await stopComponent(bed.a, 'kubelet')
    const result = await climb('admin')
    expect(result).toMatchObject({ status: 'connected', cause: { code: 'node-unreachable' } })
    expect(rung(result, 'upgrade').status).toBe('fail')
    expect(rung(result, 'latency').status).toBe('ok')
  })
})
