import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectOk } from '../support/expect-ok.ts'
import { startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import { momentOf } from '../support/cause-times.ts'
import { sharedTestbed } from '../support/main-job.ts'
import { deletePod, scale } from '../testbed/faults.ts'
import type { Testbed } from '../testbed/testbed.ts'
import {
  deployment,
  httpContainer,
  service,
  workloadContainer,
  wrongPortContainer,
  type Manifest,
} from '../testbed/workloads.ts'

let bed: Testbed
let world: CauseWorld

beforeAll(async () => {
  bed = await sharedTestbed()
  if (bed.containers) world = await startCauseWorld(bed, 'causes-pods')
})
afterAll(async () => {
  if (bed.containers) {
    world.times.print('pods and targets')
    await world.close()
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

/** Applies one object; resolves with the moment just before. */
async function put(...manifests: Manifest[]): Promise<number> {
  const at = performance.now()
  await bed.a.apply(...manifests)
  return at
}
const workload = (name: string, container = httpContainer()): Manifest =>
  deployment({ namespace: world.namespace, name, container })
/** The moment the API server says it of the first pod. */
const podSays = (name: string, fits: (waiting: string) => boolean): Promise<number> =>
  momentOf(`${name} to wait`, 40, async () =>
    fits((await bed.a.pods(world.namespace, `app=${name}`))[0]?.waiting ?? ''),
  )

/** The moment its one pod is ready. */
async function ready(name: string, namespace = world.namespace): Promise<number> {
  await bed.a.waitForPods(namespace, `app=${name}`, 1)
  return performance.now()
}
/** The moment kubectl printed a line, found in the forward's output. */
const lineOf = (id: string, line: RegExp): Promise<number> =>
  momentOf(`a line like ${line.source}`, 20, async () => {
    const lines = await expectOk(world.client.forwards.output({ id, limit: 500 }))
    return lines.some(({ stream, text }) => stream === 'stderr' && line.test(text))
  })

describe('pods', () => {
  it.concurrent('no-ready-pod: crash-looping, until a good image is rolled out', async () => {
    const { times } = world
    const crash = workloadContainer({ CRASH_MS: 200, READY_MS: 60_000 }, 'crash')
    await put(workload('crash', crash))
    const { id } = await world.create({ target: { kind: 'deployment', name: 'crash' }, ports: [{ remote: 8080 }] })
    const said = await podSays('crash', (waiting) => waiting === 'CrashLoopBackOff')
    const what = 'CrashLoopBackOff'
    await times.shown(id, 'no-ready-pod', said, { detail: /CrashLoopBackOff/, what })
    await times.recovered(id, 'no-ready-pod', await put(workload('crash')), { goneAt: await ready('crash'), what })
  })

  it.concurrent('no-ready-pod: an image that is not there, until it names one that is', async () => {
    const { times } = world
    const what = 'no such image'
    await put(workload('noimage', { ...httpContainer(), image: 'testbed.local/none:1' }))
    const { id } = await world.create({ target: { kind: 'deployment', name: 'noimage' }, ports: [{ remote: 8080 }] })
    const said = await podSays('noimage', (waiting) => waiting === 'ErrImageNeverPull')
    await times.shown(id, 'no-ready-pod', said, { detail: /ErrImageNeverPull/, what })
    await times.recovered(id, 'no-ready-pod', await put(workload('noimage')), { goneAt: await ready('noimage'), what })
  })

  it.concurrent('no-ready-pod: scaled to nothing, until it is scaled up', async () => {
    const { namespace, times } = world
    await put(workload('scaled'))
    await bed.a.waitForPods(namespace, 'app=scaled', 1)
    const { id } = await world.live({ target: { kind: 'deployment', name: 'scaled' }, ports: [{ remote: 8080 }] })
    const down = await scale(bed.a, namespace, 'deployment/scaled', 0, 1)
    const gone = await momentOf(
      'the pod to go',
      20,
      async () => (await bed.a.pods(namespace, 'app=scaled')).length === 0,
    )
    const what = 'scaled to 0'
    await times.shown(id, 'no-ready-pod', gone, { detail: /no-pods/, what })
    const since = performance.now()
    await down.undo()
    await times.recovered(id, 'no-ready-pod', since, { goneAt: await ready('scaled'), what })
  })

  it.concurrent(
    'container-not-listening: the port is declared and nobody listens on it, until somebody does',
    async () => {
      const { namespace, times } = world
      await put(workload('wrong', wrongPortContainer()))
      await bed.a.waitForPods(namespace, 'app=wrong', 1)
      const forward = await world.create({ target: { kind: 'deployment', name: 'wrong' }, ports: [{ remote: 8080 }] })
      // kubectl's own line is the first that anybody can know of it.
      await times.shown(forward.id, 'container-not-listening', await lineOf(forward.id, /error forwarding port/))
      const since = await put(workload('wrong'))
      await times.recovered(forward.id, 'container-not-listening', since, { goneAt: await ready('wrong') })
    },
  )

  it.concurrent('reset-by-pod: the program resets what connects, until another one answers there', async () => {
    const { namespace, times } = world
    await put(workload('resets', workloadContainer()))
    await bed.a.waitForPods(namespace, 'app=resets', 1)
    const forward = await world.create({ target: { kind: 'deployment', name: 'resets' }, ports: [{ remote: 7006 }] })
    // kubectl's own line is the first that anybody can know of it.
    await times.shown(forward.id, 'reset-by-pod', await lineOf(forward.id, /error forwarding port/))
    const since = await put(workload('resets', workloadContainer({ HTTP_ONLY: 1, HTTP_PORT: 7006 })))
    await times.recovered(forward.id, 'reset-by-pod', since, { goneAt: await ready('resets') })
  })

  it.concurrent('pod-replaced: in the row as soon as the pod is going, and another one serves', async () => {
    const { namespace, times, client } = world
    await put(deployment({ namespace, name: 'replaced', container: httpContainer(), replicas: 2 }))
    await bed.a.waitForPods(namespace, 'app=replaced', 2)
    const { id } = await world.live({ target: { kind: 'deployment', name: 'replaced' }, ports: [{ remote: 8080 }] })
    const { observed } = await expectOk(client.forwards.get({ id }))
    const at = performance.now()
    await deletePod(bed.a, namespace, observed.pod ?? '')
    await times.shown(id, 'pod-replaced', at)
    await times.recovered(id, 'pod-replaced', at)
    expect((await expectOk(client.forwards.get({ id }))).observed.pod).not.toBe(observed.pod)
  })
})

describe('targets', () => {
  it.concurrent('target-missing, until it is made', async () => {
    const { namespace, times } = world
    const forward = await world.create({ target: { kind: 'service', name: 'late' } })
    const held = await times.shown(forward.id, 'target-missing', forward.at)
    expect(held.state).toBe('holding')
    const made = await put(
      service({ namespace, name: 'late', workload: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    )
    await times.recovered(forward.id, 'target-missing', made)
  })

  it.concurrent('namespace-missing, until it is made with what is in it', async () => {
    const { times } = world
    const namespace = `${world.namespace}-late`
    const forward = await world.create({ namespace })
    const held = await times.shown(forward.id, 'namespace-missing', forward.at)
    expect(held.state).toBe('holding')
    const since = performance.now()
    await bed.a.api.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`
    await momentOf('its service account', 30, async () => (await bed.a.api.request('GET', account)).status === 200)
    await put(
      deployment({ namespace, name: 'web', container: httpContainer() }),
      service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    )
    await times.recovered(forward.id, 'namespace-missing', since, { goneAt: await ready('web', namespace) })
    await bed.a.deleteNamespace(namespace)
  })

  it.concurrent('port-not-in-target names the ports there are, until the service has it', async () => {
    const { namespace, times } = world
    const shop = (ports: { name: string; port: number; targetPort: string }[]): Manifest =>
      service({ namespace, name: 'shop', workload: 'web', ports })
    const first = { name: 'http', port: 80, targetPort: 'http' }
    await put(shop([first]))
    const forward = await world.create({ target: { kind: 'service', name: 'shop' }, ports: [{ remote: 9999 }] })
    const held = await times.shown(forward.id, 'port-not-in-target', forward.at)
    expect(held.message).toContain('80')
    const made = await put(shop([first, { name: 'other', port: 9999, targetPort: 'http' }]))
    await times.recovered(forward.id, 'port-not-in-target', made)
  })

  it.concurrent('connecting, and stopping while connections are ended', async () => {
    const { times, client, rows } = world
    const forward = await world.create()
    await times.shown(forward.id, 'connecting', forward.at)
    await rows.until(forward.id, 'live', 40, ({ state }) => state === 'live')
    const at = performance.now()
    await expectOk(client.forwards.stop({ id: forward.id }))
    await times.shown(forward.id, 'stopping', at)
    await rows.until(forward.id, 'off', 15, ({ state }) => state === 'off', at)
  })
})
