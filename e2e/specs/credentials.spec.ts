import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fail, ok, type Result } from '../../contract/errors.ts'
import type { ClusterConnection } from '../../contract/sidecar.ts'
import { systemClock } from '../../electron/core/clock.ts'
import { Credentials, type CredentialFailure } from '../../electron/core/credentials/credentials.ts'
import { kubeconfigForChild } from '../../electron/core/credentials/kubectl-kubeconfig.ts'
import { resolveContexts } from '../../electron/core/kubeconfig/context-lookup.ts'
import { cutToContext, type KubeconfigEntry } from '../../electron/core/kubeconfig/entry.ts'
import { readSource } from '../../electron/core/kubeconfig/preview.ts'
import { testChildren } from '../../electron/core/processes/child-processes.testing.ts'
import { silentLog } from '../../electron/core/store/store.testing.ts'
import { apiDispatcher, callApi } from '../../network/api-call.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import type { UserName } from '../testbed/users.ts'

let bed: Testbed
let children: ReturnType<typeof testChildren>
let credentials: Credentials
const stored = new Map<string, KubeconfigEntry>()

beforeAll(async () => {
  bed = await attachTestbed(sharedBed())
  children = testChildren()
  credentials = new Credentials({
    entryOf: (user) => ok(stored.get(user)!),
    allowed: { isAllowed: () => true },
    children: children.children,
    shellEnvironment: { read: () => Promise.resolve({ PATH: process.env.PATH ?? '' }) },
    storeRefreshed: (user, entry) => {
      stored.set(user, entry)
      return ok(undefined)
    },
    clock: systemClock,
    log: silentLog,
  })
})
afterAll(async () => {
  credentials.close()
  await children.close()
  await bed.close()
})

async function resolve(user: UserName): Promise<Result<ClusterConnection, CredentialFailure>> {
  const model = readSource({ text: await readFile(bed.a.users[user]!, 'utf8') }, null)
  const none = { embedFiles: new Set<string>(), readFile: () => fail('not asked') }
  const entry = cutToContext(resolveContexts(model)[0]!, none)
  if (!entry.ok) throw new Error(entry.error.message)
  stored.set(user, entry.value)
  return credentials.resolve(user)
}

async function connectionOf(user: UserName): Promise<ClusterConnection> {
  const resolved = await resolve(user)
  if (!resolved.ok) throw new Error(`${user}: ${resolved.error.message}`)
  return resolved.value
}

/** Who the API server takes this for. */
async function nameOf(connection: ClusterConnection): Promise<string> {
  const dispatcher = apiDispatcher(connection)
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const answer = await callApi(dispatcher, connection, { method: 'POST', path, body })
  await dispatcher.destroy()
  if (!answer.ok) throw new Error(answer.error.message)
  return (answer.value as { status: { userInfo: { username: string } } }).status.userInfo.username
}

/** The same through a kubectl of ours with nothing but the kubeconfig made for it. */
async function nameByKubectl(connection: ClusterConnection): Promise<string> {
  const started = await children.children.start({
    kind: 'kubectl',
    label: 'who am I',
    command: bed.kubectl,
    args: (path) => ['--kubeconfig', path ?? '', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'],
    environment: {},
    secret: kubeconfigForChild(connection, 'default'),
    collect: true,
    onLine: () => undefined,
  })
  if (!started.ok) throw new Error(started.error.message)
  const exit = await started.value.exited
  if (exit.code !== 0) throw new Error(exit.lastLines.join('\n'))
  return exit.stdout?.toString() ?? ''
}

describe('resolved credentials are taken by the API server, and by kubectl', () => {
  test.each<[UserName, string | RegExp]>([
    ['admin', /./],
    ['client-certificate-files', /./],
    ['token', 'static-user'],
    ['token-file', 'static-user'],
    ['service-account', 'system:serviceaccount:default:robot'],
    ['exec', /./],
    ['oidc', 'oidc:ann@example.test'],
    ['oidc-refresh', /^oidc:/],
    ['impersonation', 'impersonated@example.test'],
    ['http-proxy', 'static-user'],
    ['socks5-proxy', 'static-user'],
    ['tls-server-name', 'static-user'],
  ])('of the user %s', async (user, name) => {
    const connection = await connectionOf(user)
    expect(await nameOf(connection)).toMatch(name)
    expect(await nameByKubectl(connection)).toMatch(name)
  })
})

test('a renewed OIDC sign-in is stored, and used again without asking the issuer', async () => {
  await connectionOf('oidc-refresh')
  const before = stored.get('oidc-refresh')
  const again = await credentials.resolve('oidc-refresh')
  expect(again).toMatchObject({ ok: true, value: { token: before?.user.authProvider?.config['id-token'] } })
})

describe('credentials that cannot work are named before the API server is asked', () => {
  test.each<[UserName, string, string | null]>([
    ['expired-certificate', 'credentials-expired', 'client-certificate'],
    ['expired-token', 'credentials-expired', 'token'],
    ['exec-missing', 'credentials-command-missing', 'testbed-login-that-is-not-installed'],
    ['removed-provider', 'credentials-rejected', 'removed-auth-provider'],
  ])('%s: %s', async (user, code, detail) => {
    expect(await resolve(user)).toMatchObject({ ok: false, error: { code, detail } })
  })
})
