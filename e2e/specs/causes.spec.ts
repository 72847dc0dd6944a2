import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Cluster } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { descendantsOf } from '../support/leftovers.ts'
import { addCluster, liveForward, localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deletePod } from '../testbed/faults.ts'
import { loginPlugin, pauseProcess, takePort } from '../testbed/host-faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, httpContainer, service, workloadContainer, wrongPortContainer } from '../testbed/workloads.ts'

const passphrase = 'a passphrase for this spec'
let bed: Testbed
let host: RunningHost
let cluster: Cluster
let namespace: string
const made: string[] = []

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('causes')
  await bed.a.apply(
    deployment({ namespace, name: 'web', container: httpContainer() }),
    service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
  )
  await bed.a.waitForPods(namespace, 'app=web', 1)
  host = await startHost({ vault: 'passphrase', passphrase, environment: withKubectl(bed) })
  cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
})
afterAll(async () => {
  if (bed.containers) {
    await host.close()
    await bed.a.deleteNamespace(namespace)
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})
afterEach(async () => {
  for (const id of made.splice(0)) await host.client.forwards.remove({ id })
})

type Input = Partial<Parameters<RunningHost['client']['forwards']['create']>[0]>
async function create(input: Input): Promise<Forward> {
  const forward = await expectOk(
    host.client.forwards.create({
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 80 }],
      ...input,
    }),
  )
  made.push(forward.id)
  return forward
}

/** Waits until the row names the cause, with words and a next step. */
function waitForCause(id: string, code: CauseCode, detail?: RegExp, seconds = 15): Promise<Forward> {
  return waitUntil(`cause ${code}`, seconds, async () => {
    const forward = await expectOk(host.client.forwards.get({ id }))
    const { cause } = forward
    if (cause?.code !== code || (detail !== undefined && !detail.test(`${cause.detail ?? ''} ${cause.message}`)))
      throw new Error(`${forward.state} ${cause?.code ?? 'no cause'} ${cause?.detail ?? ''} ${cause?.message ?? ''}`)
    expect(cause.message).toMatch(/\S{3}/)
    expect(cause.next).toMatch(/\S{3}/)
    expect(forward.state).not.toBe('live')
    return forward
  })
}

describe('pods', () => {
  it('no-ready-pod: crash-looping, until a good image is rolled out', async () => {
    await bed.a.apply(
      deployment({
        namespace,
        name: 'crash',
        container: workloadContainer({ CRASH_MS: 200, READY_MS: 60_000 }, 'crash'),
      }),
    )
    const { id } = await create({ target: { kind: 'deployment', name: 'crash' }, ports: [{ remote: 8080 }] })
    await waitForCause(id, 'no-ready-pod', /CrashLoopBackOff|Error/, 30)
    await bed.a.apply(deployment({ namespace, name: 'crash', container: httpContainer() }))
    await waitForState(host.client, id, 'live', 60)
  })

  it('no-ready-pod: an image that is not there', async () => {
    await bed.a.apply(
      deployment({ namespace, name: 'noimage', container: { ...httpContainer(), image: 'testbed.local/none:1' } }),
    )
    const { id } = await create({ target: { kind: 'deployment', name: 'noimage' }, ports: [{ remote: 8080 }] })
    await waitForCause(id, 'no-ready-pod', /ErrImageNeverPull/)
  })

  it('container-not-listening: the port is declared and nobody listens on it, until somebody does', async () => {
    await bed.a.apply(deployment({ namespace, name: 'wrong', container: wrongPortContainer() }))
    await bed.a.waitForPods(namespace, 'app=wrong', 1)
    const { id } = await create({ target: { kind: 'deployment', name: 'wrong' }, ports: [{ remote: 8080 }] })
    await waitForCause(id, 'container-not-listening')
    await bed.a.apply(deployment({ namespace, name: 'wrong', container: httpContainer() }))
    await waitForState(host.client, id, 'live', 60)
  })

  it('pod-replaced: it is named in the history, and the port serves again', async () => {
    const forward = await create({})
    await waitForState(host.client, forward.id, 'live')
    const [pod] = await bed.a.pods(namespace, 'app=web')
    await deletePod(bed.a, namespace, pod?.name ?? '')
    await waitUntil('another pod is used', 60, async () => {
      const now = await expectOk(host.client.forwards.get({ id: forward.id }))
      return now.state === 'live' && now.observed.pod !== pod?.name
    })
    const { host: address, port } = localAddress(forward)
    expect((await fetch(`http://${address}:${port}/`)).status).toBe(200)
    const history = await expectOk(host.client.forwards.history({ id: forward.id }))
    const causes = history.entries.map((entry) => entry.causeCode)
    expect(
      causes.some((code) => code === 'pod-replaced' || code === 'no-ready-pod'),
      causes.join(),
    ).toBe(true)
  })
})

describe('targets', () => {
  it('target-missing, until it is made', async () => {
    const { id } = await create({ target: { kind: 'service', name: 'late' } })
    const held = await waitForCause(id, 'target-missing')
    expect(held.state).toBe('holding')
    await bed.a.apply(
      service({ namespace, name: 'late', workload: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    )
    await waitForState(host.client, id, 'live', 40)
  })

  it('namespace-missing', async () => {
    const { id } = await create({ namespace: 'nobody-made-this' })
    await waitForCause(id, 'namespace-missing')
  })

  it('port-not-in-target names the ports there are; live once the forward is edited', async () => {
    const { id } = await create({ ports: [{ remote: 9999 }] })
    const held = await waitForCause(id, 'port-not-in-target')
    expect(`${held.cause?.detail ?? ''} ${held.cause?.message ?? ''} ${held.cause?.next ?? ''}`).toContain('80')
    await expectOk(host.client.forwards.update({ id, ports: [{ remote: 80 }] }))
    await waitForState(host.client, id, 'live')
  })
})

describe('rights and credentials', () => {
  it('forbidden names who may not do what; live once the right is given', async () => {
    const role = (name: string, rules: object[]): string =>
      JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules })
    const binding = (name: string): string =>
      JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name, namespace },
        subjects: [{ kind: 'User', name: 'reader', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'Role', name, apiGroup: 'rbac.authorization.k8s.io' },
      })
    await bed.a.apply(
      role('look', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }]),
      binding('look'),
    )
    const restricted = await addCluster(host.client, bed.a.users.restricted ?? '', 'restricted')
    const { id } = await create({
      clusterId: restricted.id,
      target: { kind: 'selector', selector: 'app=web' },
      ports: [{ remote: 8080 }],
    })
    const held = await waitForCause(id, 'forbidden')
    expect(held.cause?.message).toContain('reader')
    expect(held.state).toBe('holding')
    await bed.a.apply(
      role('forward', [{ apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] }]),
      binding('forward'),
    )
    await waitForState(host.client, id, 'live', 40)
  })

  it.each<[string, CauseCode]>([
    ['expired-certificate', 'credentials-expired'],
    ['expired-token', 'credentials-expired'],
    ['wrong-token', 'credentials-rejected'],
    ['removed-provider', 'credentials-rejected'],
    ['exec-missing', 'credentials-command-missing'],
  ])('%s: %s, and live once the credentials are replaced', async (user, code) => {
    const other = await addCluster(host.client, bed.a.users[user] ?? '', `with ${user}`)
    const { id } = await create({ clusterId: other.id })
    const held = await waitForCause(id, code)
    expect(held.state).toBe('holding')
    await expectOk(host.client.clusters.rotate({ id: other.id, text: await readFile(bed.a.kubeconfig, 'utf8') }))
    await waitForState(host.client, id, 'live', 30)
  })

  it('credentials-command-not-allowed, and live once it is allowed again', async () => {
    const other = await addCluster(host.client, bed.a.users.exec ?? '', 'with a command')
    const allowed = await expectOk(host.client.commands.list())
    const command = allowed.find((one) => one.clusters.includes('with a command'))
    expect(command).toBeDefined()
    await expectOk(host.client.commands.remove({ id: command?.id ?? '' }))
    const { id } = await create({ clusterId: other.id })
    await waitForCause(id, 'credentials-command-not-allowed')
    await expectOk(host.client.commands.allow({ command: command?.command ?? '', args: command?.args ?? [] }))
    await waitForState(host.client, id, 'live', 30)
  })

  it('credentials-command-failed', async () => {
    await using _fault = await loginPlugin(bed.description, { mode: 'fail' })
    // Another argument makes it another command, whose credentials nobody has yet.
    const text = (await readFile(bed.a.users.exec ?? '', 'utf8')).replace('get-token', 'get-another-token')
    const preview = await expectOk(host.client.kubeconfigs.preview({ text }))
    const [context] = preview.contexts
    const [other] = await expectOk(
      host.client.clusters.add({
        text,
        contexts: [{ context: context?.context ?? '', name: 'with a failing command' }],
        allowCommands: [{ command: context?.command?.command ?? '', args: context?.command?.args ?? [] }],
      }),
    )
    const { id } = await create({ clusterId: other?.id ?? '' })
    await waitForCause(id, 'credentials-command-failed')
  })

  it('vault-locked, and live after unlocking', async () => {
    const forward = await create({})
    await waitForState(host.client, forward.id, 'live')
    await expectOk(host.client.forwards.stop({ id: forward.id }))
    await expectOk(host.client.vault.lock())
    try {
      await expectOk(host.client.forwards.start({ id: forward.id }))
      const held = await waitForCause(forward.id, 'vault-locked')
      expect(held.state).toBe('holding')
    } finally {
      await expectOk(host.client.vault.unlock({ passphrase }))
    }
    await waitForState(host.client, forward.id, 'live')
  })
})

describe('the way to the cluster', () => {
  it.each<[string, RegExp]>([
    ['refused', /refused/],
    ['no-such-host', /dns|resolved/],
    ['unreachable', /no-route|timeout/],
    ['wrong-ca', /tls|certificate/i],
  ])('cluster-unreachable: %s', async (user, detail) => {
    const other = await addCluster(host.client, bed.a.users[user] ?? '', `way ${user}`)
    const { id } = await create({ clusterId: other.id })
    await waitForCause(id, 'cluster-unreachable', detail, 30)
  })
})

describe('this machine', () => {
  it('local-port-taken names the program; live once the port is free', async () => {
    const taken = await takePort(0)
    const { id } = await create({ ports: [{ remote: 80, local: taken.port }] })
    // On a busy machine the owner is found out with a later attempt.
    await waitForCause(id, 'local-port-taken', new RegExp(`\\b${taken.pid}\\b`), 40)
    await taken.undo()
    await waitForState(host.client, id, 'live', 40)
  })

  it('limit-reached or queued while no more kubectl may run; live when it may', async () => {
    await expectOk(host.client.settings.update({ maxChildren: 1 }))
    try {
      const first = await create({})
      await waitForState(host.client, first.id, 'live')
      const second = await create({})
      const held = await waitUntil('the second waits', 15, async () => {
        const forward = await expectOk(host.client.forwards.get({ id: second.id }))
        return ['queued', 'limit-reached'].includes(forward.cause?.code ?? '') ? forward : null
      })
      expect(held.state).not.toBe('live')
      await expectOk(host.client.settings.update({ maxChildren: 128 }))
      await waitForState(host.client, second.id, 'live', 40)
    } finally {
      await expectOk(host.client.settings.update({ maxChildren: 128 }))
    }
  })

  it('a kubectl that is killed, or stands still, is replaced by itself; the local port stays', async () => {
    const forward = await liveForward(host.client, {
      clusterId: cluster.id,
      namespace,
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 80 }],
    })
    made.push(forward.id)
    const kubectl = async (): Promise<number> => {
      const found = (await descendantsOf(host.pid)).filter((one) => one.command.includes('port-forward'))
      return found[0]?.pid ?? 0
    }
    const { host: address, port } = localAddress(forward)
    process.kill(await kubectl(), 'SIGKILL')
    await waitUntil('it serves again', 15, async () => (await fetch(`http://${address}:${port}/`)).ok)
    await waitForState(host.client, forward.id, 'live')
    const stopped = pauseProcess(await kubectl())
    await waitUntil(
      'it serves again',
      30,
      async () => (await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) })).ok,
    )
    await waitForState(host.client, forward.id, 'live')
    await stopped.undo()
    expect((await expectOk(host.client.forwards.get({ id: forward.id }))).ports).toEqual(forward.ports)
  })
})
