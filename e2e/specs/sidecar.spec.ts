import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Target } from '../../contract/forwards.ts'
import type { TargetView } from '../../contract/sidecar.ts'
import { systemClock } from '../../electron/core/clock.ts'
import { Log } from '../../electron/core/log.ts'
import { createForkLauncher } from '../../electron/core/sidecar/fork-launcher.ts'
import { SidecarClient, type WatchNews } from '../../electron/core/sidecar/sidecar-client.ts'
import { connectionOf } from '../support/cluster-connection.ts'
import { stopComponent } from '../testbed/faults.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import { waitUntil } from '../support/wait-until.ts'
import * as workloads from '../testbed/workloads.ts'

const { containers } = sharedBed()
const entry = path.resolve(import.meta.dirname, '../../sidecar/main.ts')
let bed: Testbed
let client: SidecarClient
let namespace: string

beforeAll(async () => {
  bed = await attachTestbed(sharedBed())
  client = new SidecarClient({ launch: createForkLauncher(entry), clock: systemClock, log: new Log([]) })
  client.start()
  for (const [name, file] of Object.entries(bed.a.users)) {
    if (!name.startsWith('removed')) client.setCluster(name, connectionOf(file))
  }
  namespace = await bed.a.createNamespace('sidecar')
  const of = (name: string, replicas = 1): workloads.WorkloadOptions => ({ namespace, name, replicas, graceSeconds: 1 })
  await bed.a.apply(
    workloads.deployment(of('web', 2)),
    workloads.service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    workloads.statefulSet(of('db', 2)),
    workloads.service({ namespace, name: 'db', headless: true }),
    workloads.daemonSet(of('agent')),
    workloads.job(of('task')),
  )
})

afterAll(async () => {
  await client.close()
  await bed.a.deleteNamespace(namespace)
  await bed.close()
})

/** Follows a target and keeps what was told last. */
function follow(
  target: Target,
  user = 'admin',
  where = namespace,
): { readonly last: WatchNews | null; views: WatchNews[]; stop: () => void } {
  const views: WatchNews[] = []
  const stop = client.watchTarget({ clusterId: user, namespace: where, target }, (news) => views.push(news))
  return {
    get last() {
      return views.at(-1) ?? null
    },
    views,
    stop,
  }
}

const viewOf = (news: WatchNews | null): TargetView | null => (news === null || 'kind' in news ? null : news)
const usable = (news: WatchNews | null): string[] =>
  viewOf(news)
    ?.pods.filter((pod) => pod.usable)
    .map((pod) => pod.name) ?? []

describe('discovery', () => {
  const good = [
    'admin',
    'client-certificate-files',
    'token',
    'token-file',
    'service-account',
    'oidc',
    'impersonation',
    'http-proxy',
    'socks5-proxy',
    'tls-server-name',
  ]
  test.each(good)('reads the version, pods and namespaces as %s', async (user) => {
    const [version, pods, namespaces] = await Promise.all([
      client.request('version', { clusterId: user }),
      client.request('pods', { clusterId: user, namespace }),
      client.request('namespaces', { clusterId: user }),
    ])
    expect(version).toEqual({ ok: true, value: { gitVersion: 'v1.36.3' } })
    expect(pods.ok).toBe(true)
    expect(namespaces.ok && namespaces.value.map(({ name }) => name)).toContain(namespace)
  })

  test('says who was refused what', async () => {
    const answer = await client.request('pods', { clusterId: 'restricted', namespace })
    expect(answer).toMatchObject({
      ok: false,
      error: { class: 'forbidden', rbac: { user: 'reader', verb: 'list', resource: 'pods', namespace } },
    })
  })

  test.each([
    ['expired-certificate', { class: 'unauthorized' }],
    ['wrong-token', { class: 'unauthorized' }],
    ['wrong-ca', { class: 'unreachable', detail: 'tls' }],
    ['wrong-server-name', { class: 'unreachable', detail: 'tls' }],
    ['refused', { class: 'unreachable', detail: 'refused' }],
    ['no-such-host', { class: 'unreachable', detail: 'dns' }],
    ['proxy-refused', { class: 'unreachable', detail: 'proxy' }],
  ])('names why %s fails', async (user, failure) => {
    expect(await client.request('version', { clusterId: user })).toMatchObject({ ok: false, error: failure })
  })

  test.runIf(containers)('lists services and workloads with their ports and ready pods', async () => {
    await bed.a.waitForPods(namespace, 'app=web', 2)
    await bed.a.waitForPods(namespace, 'app=db', 2)
    // Endpoint slices and a controller's status follow the pods, by up to a second on a busy machine.
    await waitUntil('two ready pods of each service', 30, async () => {
      const services = await client.request('services', { clusterId: 'admin', namespace })
      expect(services.ok && services.value).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            name: 'web',
            headless: false,
            readyPods: 2,
            ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }],
          }),
          expect.objectContaining({ name: 'db', headless: true, readyPods: 2 }),
        ]),
      )
      return true
    })
    const kinds = await waitUntil('two ready pods of each workload', 30, async () => {
      const rows = await client.request('workloads', { clusterId: 'admin', namespace })
      const found = rows.ok ? rows.value.map((row) => `${row.kind}/${row.name} ${row.ready}/${row.wanted}`) : []
      expect(found).toEqual(expect.arrayContaining(['deployment/web 2/2', 'statefulset/db 2/2']))
      return found
    })
    expect(kinds.some((text) => text.startsWith('daemonset/agent'))).toBe(true)
    expect(kinds.some((text) => text.startsWith('job/task'))).toBe(true)
  })

  test.runIf(containers)('filters pods by phase', async () => {
    const running = await client.request('pods', { clusterId: 'admin', namespace, phase: 'Running' })
    const failed = await client.request('pods', { clusterId: 'admin', namespace, phase: 'Failed' })
    expect(running.ok && running.value.every((pod) => pod.phase === 'Running')).toBe(true)
    expect(failed).toEqual({ ok: true, value: [] })
  })

  test('ends a question that nobody waits for any more', async () => {
    const impatient = AbortSignal.abort()
    const answer = await client.request('version', { clusterId: 'unreachable' }, { signal: impatient })
    expect(answer).toMatchObject({ ok: false, error: { class: 'timeout' } })
  })
})

describe.runIf(containers)('a watched target (needs containers)', () => {
  test.each<[Target, number]>([
    [{ kind: 'service', name: 'web' }, 2],
    [{ kind: 'deployment', name: 'web' }, 2],
    [{ kind: 'statefulset', name: 'db' }, 2],
    [{ kind: 'daemonset', name: 'agent' }, 1],
    [{ kind: 'job', name: 'task' }, 1],
    [{ kind: 'selector', selector: 'app in (web)' }, 2],
    [{ kind: 'pod', name: 'db-0' }, 1],
  ])('%o shows its usable pods', async (target, count) => {
    const watch = follow(target)
    await waitUntil('usable pods', 60, () => usable(watch.last).length === count)
    expect(viewOf(watch.last)).toMatchObject({ targetExists: true, namespaceExists: true, failure: null })
    watch.stop()
  })

  test('of a service says which port of the pod a service port means', async () => {
    const watch = follow({ kind: 'service', name: 'web' })
    const view = await waitUntil('two usable pods', 60, () => usable(watch.last).length === 2 && viewOf(watch.last))
    expect(view.by).toBe('endpoint-slices')
    expect(view.declaredPorts).toEqual([{ name: 'http', port: 80 }])
    for (const pod of view.pods) expect(pod.servicePorts).toEqual({ '80': 8080, http: 8080 })
    watch.stop()
  })

  test('of a stateful set knows the ordinals', async () => {
    const watch = follow({ kind: 'statefulset', name: 'db' })
    const view = await waitUntil('both pods', 60, () => usable(watch.last).length === 2 && viewOf(watch.last))
    expect(view.pods.map((pod) => pod.ordinal).sort()).toEqual([0, 1])
    watch.stop()
  })

  test('that does not exist says so, and whether its namespace does', async () => {
    const missing = follow({ kind: 'service', name: 'nope' })
    const nowhere = follow({ kind: 'deployment', name: 'nope' }, 'admin', 'no-such-namespace')
    await waitUntil('both views', 10, () => viewOf(missing.last) !== null && viewOf(nowhere.last) !== null)
    expect(missing.last).toMatchObject({ targetExists: false, namespaceExists: true, failure: null })
    expect(nowhere.last).toMatchObject({ targetExists: false, namespaceExists: false, failure: null })
    missing.stop()
    nowhere.stop()
  })

  test('that may not be read carries the refusal', async () => {
    const watch = follow({ kind: 'deployment', name: 'web' }, 'restricted')
    await waitUntil('a failure', 10, () => viewOf(watch.last)?.failure)
    expect(viewOf(watch.last)?.failure).toMatchObject({
      class: 'forbidden',
      rbac: { user: 'reader', resource: 'deployments', verb: 'list', namespace },
    })
    watch.stop()
  })

  test('is told within a moment when a pod goes and its successor is ready', async () => {
    const watch = follow({ kind: 'deployment', name: 'web' })
    await waitUntil('two usable pods', 60, () => usable(watch.last).length === 2)
    const [gone] = usable(watch.last)
    const deleted = await bed.a.kubectl(['delete', 'pod', gone ?? '', '-n', namespace, '--wait=false'])
    expect(deleted.code).toBe(0)
    // Within a second; five times that on a busy machine.
    await waitUntil('the pod to be unusable', 5, () => !usable(watch.last).includes(gone ?? ''), 5)
    await waitUntil('a successor', 30, () => usable(watch.last).length === 2)
    expect(usable(watch.last)).not.toContain(gone)
    watch.stop()
  })

  test('keeps its pods and says why it is old while the API server is away, and goes on by itself', async () => {
    const watch = follow({ kind: 'service', name: 'web' })
    await waitUntil('two usable pods', 60, () => usable(watch.last).length === 2)
    const away = await stopComponent(bed.a, 'apiserver')
    try {
      await waitUntil('the failure', 5, () => viewOf(watch.last)?.failure?.class === 'unreachable')
      // The first new connection may meet the server while it ends; the next one is refused.
      await waitUntil('its name', 15, () => viewOf(watch.last)?.failure?.detail === 'refused')
      expect(usable(watch.last)).toHaveLength(2)
    } finally {
      await away.undo()
    }
    await waitUntil('a view without failure', 20, () => viewOf(watch.last)?.failure === null)
    watch.stop()
  })

  test('survives the death of the sidecar', async () => {
    const watch = follow({ kind: 'service', name: 'web' })
    await waitUntil('two usable pods', 60, () => usable(watch.last).length === 2)
    const { pid, restarts } = client.state()
    process.kill(pid ?? 0, 'SIGKILL')
    await waitUntil('unwatched', 10, () => watch.views.some((news) => 'kind' in news))
    await waitUntil('the pods again', 10, () => usable(watch.last).length === 2)
    expect(client.state()).toMatchObject({ state: 'ready', restarts: restarts + 1 })
    expect(client.state().pid).not.toBe(pid)
    watch.stop()
  })
})
