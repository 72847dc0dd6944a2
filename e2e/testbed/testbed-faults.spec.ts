import fs from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { componentPid } from './cluster.ts'
import { exchange } from './exchange.ts'
import * as faults from './faults.ts'
import * as hostFaults from './host-faults.ts'
import { startKubectlForward, type KubectlForward } from './kubectl-forward.ts'
import { sharedBed } from './shared-bed.ts'
import { isAlive, identifyProcess } from './state-folder.ts'
import { startTestbed, type Testbed } from './testbed.ts'
import { waitUntil } from '../support/wait-until.ts'
import * as workloads from './workloads.ts'

// A bed of its own, beside the shared one: faults here would be the other specs' failures.
let bed: Testbed
let namespace: string
const undone: faults.Fault[] = []

beforeAll(async () => {
  bed = await startTestbed({ images: [] })
  namespace = await bed.a.createNamespace('faults')
  const web = { namespace, name: 'web', replicas: 2, container: workloads.workloadContainer() }
  await bed.a.apply(workloads.deployment(web), workloads.service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
})

afterEach(async () => {
  for (const fault of undone.splice(0)) await fault.undo()
})

afterAll(async () => {
  await bed.close()
})

const track = <T extends faults.Fault>(fault: T): T => {
  undone.push(fault)
  return fault
}
const forwardWeb = (): Promise<KubectlForward> =>
  startKubectlForward(bed.a, bed.kubectl, { namespace, target: 'svc/web', ports: [7000] })
const askApi = (): Promise<string> =>
  bed.a.api.request('GET', '/readyz', undefined, 700).then(
    ({ body }) => String(body),
    (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error),
  )
const apiAnswers = (): Promise<unknown> =>
  waitUntil('the API server to answer', 10, async () => (await askApi()) === 'ok')
const echo = (forward: KubectlForward, limitMs = 10_000): Promise<{ received: Buffer }> =>
  exchange(forward.localPort(7000), { send: 'hello', until: (data) => data.length === 5, limitMs })

test('a bed of its own runs beside the shared one', () => {
  const shared = sharedBed()
  expect(bed.description.number).not.toBe(shared.number)
  expect(identifyProcess(bed.a.layout.initPid)).not.toBeNull()
})

describe('API server', () => {
  test('killed: refuses, and is back with its data after undo', async () => {
    const fault = track(await faults.stopComponent(bed.a, 'apiserver'))
    expect(await askApi()).toBe('ECONNREFUSED')
    await fault.undo()
    await apiAnswers()
    expect(await bed.a.pods(namespace, 'app=web')).toHaveLength(2)
  })

  test('paused: accepts and never answers, then goes on', async () => {
    const fault = track(await faults.pauseComponent(bed.a, 'apiserver'))
    expect(await askApi()).toBe('ETIMEDOUT')
    await fault.undo()
    await apiAnswers()
  })

  test('restarted: is another process that serves', async () => {
    const before = componentPid(bed.a.layout, 'apiserver')
    await faults.restartComponent(bed.a, 'apiserver')
    expect(componentPid(bed.a.layout, 'apiserver')).not.toBe(before)
    await apiAnswers()
  })

  test('without etcd: not ready, and ready again afterwards', async () => {
    const fault = track(await faults.stopComponent(bed.a, 'etcd'))
    await waitUntil('the API server to notice', 10, async () => (await askApi()) !== 'ok')
    await fault.undo()
    await apiAnswers()
  })
})

describe.skipIf(!sharedBed().containers)('network and node', () => {
  test('link down: packets get nowhere until undo', async () => {
    const fault = track(await faults.linkDown(bed.a))
    expect(await askApi()).not.toBe('ok')
    await fault.undo()
    await apiAnswers()
  })

  test('packets dropped: a forward freezes and goes on after undo', async () => {
    await using forward = await forwardWeb()
    expect((await echo(forward)).received.toString()).toBe('hello')
    const fault = track(await faults.dropPackets(bed.a))
    expect((await echo(forward, 1000)).received).toHaveLength(0)
    await fault.undo()
    await waitUntil('an echo', 40, async () => (await echo(forward, 1000)).received.length === 5)
  })

  test('connections reset: a forward ends at once, the API serves on', async () => {
    await using forward = await forwardWeb()
    expect(await faults.resetConnections(bed.a)).toBeGreaterThan(0)
    await waitUntil('kubectl to end', 5, () => forward.exitCode() !== null)
    expect(forward.said()).toContain('lost connection to pod')
    await apiAnswers()
  })

  test('connections rejected: refused until undo', async () => {
    const fault = track(await faults.rejectConnections(bed.a))
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(await askApi())
    await fault.undo()
    await apiAnswers()
  })

  test.for(['kubelet', 'containerd'] as const)('%s stopped: forwards fail until undo', async (name) => {
    const fault = track(await faults.stopComponent(bed.a, name))
    await expect(forwardWeb()).rejects.toThrow(/connection refused/)
    await fault.undo()
    const forward = await waitUntil('a forward', 20, forwardWeb, 500)
    await forward.close()
  })

  test('kubelet paused: a new connection hangs until it goes on', async () => {
    await using forward = await forwardWeb()
    const fault = track(await faults.pauseComponent(bed.a, 'kubelet'))
    expect((await echo(forward, 1000)).received).toHaveLength(0)
    await fault.undo()
    await waitUntil('an echo', 20, async () => (await echo(forward, 1000)).received.length === 5)
  })

  test('pods deleted, evicted or rolled are replaced by others', async () => {
    const replaced = async (act: (name: string) => Promise<unknown>): Promise<void> => {
      const [first] = await bed.a.waitForPods(namespace, 'app=web', 2)
      await act(first?.name ?? '')
      await waitUntil('another pod', 30, async () => {
        const pods = await bed.a.pods(namespace, 'app=web')
        return pods.length === 2 && pods.every((pod) => pod.ready && !pod.deleting && pod.uid !== first?.uid)
      })
    }
    await replaced((name) => faults.deletePod(bed.a, namespace, name))
    await replaced((name) => faults.deletePod(bed.a, namespace, name, true))
    await replaced(async (name) => expect(await faults.evictPod(bed.a, namespace, name)).toBe(201))
    await replaced(() => faults.restartRollout(bed.a, namespace, 'deployment/web'))
    const scaled = track(await faults.scale(bed.a, namespace, 'deployment/web', 0, 2))
    await bed.a.waitForPods(namespace, 'app=web', 0)
    await scaled.undo()
    await bed.a.waitForPods(namespace, 'app=web', 2)
  })

  test('a paused kubectl hangs, and serves after undo', async () => {
    await using forward = await forwardWeb()
    const fault = track(await hostFaults.pauseProcess(forward.pid))
    expect((await echo(forward, 1000)).received).toHaveLength(0)
    await fault.undo()
    expect((await echo(forward)).received.toString()).toBe('hello')
  })

  test('a small disk is full when filled, and writable again when freed', async () => {
    const disk = track(await hostFaults.smallDisk(bed.description, 1024 * 1024))
    await disk.fill()
    await expect(fs.writeFile(path.join(disk.folder, 'more'), 'x'.repeat(100))).rejects.toThrow('ENOSPC')
    await disk.free()
    await fs.writeFile(path.join(disk.folder, 'more'), 'x'.repeat(100))
    await disk.undo()
    await expect(fs.access(disk.folder)).rejects.toThrow('ENOENT')
  })
})

describe('this computer', () => {
  test('a taken port is held by another process until undo', async () => {
    const fault = track(await hostFaults.takePort(0))
    expect((await exchange(fault.port)).received.toString()).toBe('taken\n')
    const owner = identifyProcess(fault.pid)
    await fault.undo()
    expect(await exchange(fault.port)).toMatchObject({ ended: 'refused' })
    expect(owner !== null && isAlive(owner)).toBe(false)
  })

  test('a private kubectl can go missing and come back', async () => {
    const kubectl = await hostFaults.privateKubectl(bed.description)
    const fault = track(await hostFaults.hideFile(kubectl))
    await expect(fs.access(kubectl)).rejects.toThrow('ENOENT')
    await fault.undo()
    await fs.access(kubectl, fs.constants.X_OK)
  })
})

describe('credentials and proxies', () => {
  const asUser = (user: string): ReturnType<Testbed['a']['kubectl']> =>
    bed.a.kubectl(['get', '--raw', '/api/v1/namespaces/default'], { user, timeoutMs: 20_000 })

  test('the plugin can fail, and each run is counted', async () => {
    const runs = await hostFaults.loginRuns(bed.description)
    const fault = track(await hostFaults.loginPlugin(bed.description, { mode: 'fail' }))
    const failed = await asUser('exec')
    expect(failed.stderr).toContain('your session has ended')
    expect(await hostFaults.loginRuns(bed.description)).toBe(runs + 1)
    await fault.undo()
    expect(await asUser('exec')).toMatchObject({ code: 0 })
  })

  test('a plugin token that has expired is refused by the API server', async () => {
    track(await hostFaults.loginPlugin(bed.description, { lifetimeSeconds: -5 }))
    expect((await asUser('exec')).stderr).toContain('Unauthorized')
  })

  test('the issuer can refuse to refresh', async () => {
    const fault = track(await hostFaults.issuerBehaviour(bed.description, { refreshes: 'refused' }))
    const refused = await asUser('oidc-refresh')
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('invalid_grant')
    await fault.undo()
    expect(await asUser('oidc-refresh')).toMatchObject({ code: 0 })
  })

  test('proxies can want a login, fail, and reset', async () => {
    for (const [mode, words] of [
      ['login', 'Proxy Authentication Required'],
      ['bad-gateway', 'Bad Gateway'],
      ['reset', 'connection reset by peer'],
    ] as const) {
      await using _fault = await hostFaults.proxyBehaviour(bed.description, { mode })
      expect((await asUser('http-proxy')).stderr).toContain(words)
      expect(await asUser('socks5-proxy')).toMatchObject({ code: 1 })
    }
    expect(await asUser('http-proxy')).toMatchObject({ code: 0 })
    expect(await asUser('socks5-proxy')).toMatchObject({ code: 0 })
  })
})
