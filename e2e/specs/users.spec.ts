import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { addCluster, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { FAILING_USERS, GOOD_USERS, type UserName } from '../testbed/users.ts'
import { barePod, deployment, httpContainer, service } from '../testbed/workloads.ts'

/** Every kind of user of the bed, forwarded once by Mooring itself, all of them at the same time on one host. */
let bed: Testbed
let host: RunningHost
let namespace: string
/** A pod in the only namespace where the restricted user sees pods. */
let seenPod: string
const forwards = new Map<UserName, Forward>()

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('users')
  seenPod = namespace
  await bed.a.apply(
    deployment({ namespace, name: 'web', container: httpContainer() }),
    service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    barePod({ namespace: 'team', name: seenPod, container: httpContainer() }),
  )
  await Promise.all([bed.a.waitForPods(namespace, 'app=web', 1), bed.a.waitForPods('team', `app=${seenPod}`, 1)])
  host = await startHost({ environment: withKubectl(bed) })
  for (const user of [...GOOD_USERS, ...FAILING_USERS]) {
    const cluster = await addCluster(host.client, bed.a.users[user] ?? '', user)
    const where =
      user === 'restricted'
        ? { namespace: 'team', target: { kind: 'pod', name: seenPod } as const, ports: [{ remote: 8080 }] }
        : { namespace, target: { kind: 'service', name: 'web' } as const, ports: [{ remote: 80 }] }
    forwards.set(user, await expectOk(host.client.forwards.create({ clusterId: cluster.id, ...where })))
  }
})
afterAll(async () => {
  if (bed.containers) {
    await host.close()
    await bed.a.deleteNamespace(namespace)
    await bed.a.kubectl(['-n', 'team', 'delete', 'pod', seenPod, '--wait=false'])
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

const forwardOf = (user: UserName): Forward => {
  const forward = forwards.get(user)
  if (forward === undefined) throw new Error(`there is no forward as ${user}`)
  return forward
}

describe.concurrent('forwards as', () => {
  it.each(GOOD_USERS)('%s: tested, live, and bytes go through', async (user) => {
    const { id, clusterId } = forwardOf(user)
    const test = await expectOk(host.client.clusters.test({ id: clusterId }))
    expect(test.status, JSON.stringify(test.steps)).toBe('connected')
    expect(test.steps.filter(({ status }) => status === 'fail')).toEqual([])
    const { port } = localAddress(await waitForState(host.client, id, 'live', 60))
    for (let count = 0; count < 3; count++) {
      const answer = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as { pod: string }
      expect(answer.pod).toMatch(/^web-/)
    }
  })
})

describe.concurrent('explains why it cannot forward as', () => {
  it.each<[UserName, CauseCode, RegExp]>([
    ['restricted', 'forbidden', /reader.*create pods\/portforward|portforward.*reader/s],
    ['expired-certificate', 'credentials-expired', /certificate/i],
    ['expired-token', 'credentials-expired', /token/i],
    ['wrong-token', 'credentials-rejected', /\S/],
    ['removed-provider', 'credentials-rejected', /gcp|provider/i],
    ['exec-missing', 'credentials-command-missing', /testbed-login-that-is-not-installed/],
    ['wrong-ca', 'cluster-unreachable', /^(tls|cert-unknown-authority) .*certificate/],
    ['wrong-server-name', 'cluster-unreachable', /^(tls|cert-wrong-name) .*certificate/],
    ['unreachable', 'cluster-unreachable', /^(api-)?(no-route|timeout) .*API server/],
    ['blackhole', 'cluster-unreachable', /^(api-)?timeout .*does not answer/],
    ['refused', 'cluster-unreachable', /^(api-)?refused .*refuses connections/],
    ['no-such-host', 'cluster-unreachable', /^(api-)?dns .*cannot be resolved/],
    ['proxy-refused', 'cluster-unreachable', /^proxy The proxy/],
  ])('%s: %s', async (user, code, words) => {
    const { id } = forwardOf(user)
    const { cause, state } = await waitUntil(`${user}: ${code}`, 60, async () => {
      const forward = await expectOk(host.client.forwards.get({ id }))
      if (forward.cause?.code === code) return forward
      throw new Error(`${forward.state} ${JSON.stringify(forward.cause)}`)
    })
    expect(`${cause?.detail ?? ''} ${cause?.message ?? ''}`).toMatch(words)
    expect(cause?.next).toMatch(/\S{3}/)
    expect(state).not.toBe('live')
  })

  it('leaves no kind of user out', () => {
    expect([...forwards.keys()].sort()).toEqual(Object.keys(bed.a.users).sort())
  })
})

it('went through both proxies, as the bed tells', async () => {
  const log = await readFile(join(bed.description.folder, 'proxy.log'), 'utf8')
  expect(log).toContain('http ')
  expect(log).toContain('socks ')
})
