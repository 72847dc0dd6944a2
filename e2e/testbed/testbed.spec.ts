import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from './exchange.ts'
import { startKubectlForward } from './kubectl-forward.ts'
import { mustRun } from './run-command.ts'
import { sharedBed } from './shared-bed.ts'
import { attachTestbed, crashContainer, type Testbed } from './testbed.ts'
import { FAILING_USERS, GOOD_USERS, type UserName } from './users.ts'
import { waitUntil } from '../support/wait-until.ts'
import * as workloads from './workloads.ts'

const { containers } = sharedBed()
let bed: Testbed
let namespace: string

beforeAll(async () => {
  bed = await attachTestbed(sharedBed())
  namespace = await bed.a.createNamespace('bed')
  const web = { namespace, name: 'web', replicas: 2 }
  await bed.a.apply(workloads.deployment(web), workloads.service(web))
  await bed.a.waitForPods(namespace, 'app=web', 2)
})

afterAll(async () => {
  await bed.a.deleteNamespace(namespace)
  await bed.close()
})

const forwardTo = (target: string, ports: number[], user?: string): ReturnType<typeof startKubectlForward> =>
  startKubectlForward(bed.a, bed.kubectl, { namespace, target, ports, ...(user === undefined ? {} : { user }) })

describe('both clusters', () => {
  test('have nodes that are ready and of the version that was built', async () => {
    for (const cluster of [bed.a, bed.b]) {
      const version = await cluster.kubectl(['version', '-o', 'json'])
      expect(JSON.parse(version.stdout)).toMatchObject({ serverVersion: { gitVersion: 'v1.36.3' } })
      const wait = await cluster.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=30s'])
      expect(wait).toMatchObject({ code: 0 })
    }
  })

  test('cluster B runs fake pods that can be deleted', async () => {
    const own = await bed.b.createNamespace('bed')
    await bed.b.apply(workloads.deployment({ namespace: own, name: 'web', replicas: 3 }))
    const [pod] = await bed.b.waitForPods(own, 'app=web', 3)
    await bed.b.api.request('DELETE', `/api/v1/namespaces/${own}/pods/${pod?.name ?? ''}`)
    await waitUntil('the pod to go', 20, async () => (await bed.b.pods(own)).every(({ uid }) => uid !== pod?.uid))
    await bed.b.deleteNamespace(own)
  })
})

describe('users who may do everything', () => {
  test.for(GOOD_USERS.map((name) => [name] as const))('%s connects and forwards', async ([user]) => {
    const who = await bed.a.kubectl(['auth', 'whoami'], { user })
    expect(who).toMatchObject({ code: 0 })
    await using forward = await forwardTo('svc/web', [8080], user)
    const answer = await fetch(`http://127.0.0.1:${forward.localPort(8080)}/hello`)
    expect(answer.status).toBe(200)
  })
})

const LAST_WORDS: Record<(typeof FAILING_USERS)[number], RegExp> = {
  restricted: /User "reader" cannot list resource "nodes"/,
  'expired-certificate': /You must be logged in to the server \(Unauthorized\)/,
  'wrong-ca': /certificate signed by unknown authority/,
  'wrong-server-name': /certificate is valid for .* not|certificate is not valid for|not localhost/,
  // Without a network of its own, a bed cannot say what becomes of packets to nowhere.
  unreachable: containers ? /no route to host/ : /no route|timeout|Timeout|unreachable|refused/,
  blackhole: containers
    ? /Client\.Timeout exceeded|context deadline exceeded|i\/o timeout/
    : /no route|timeout|Timeout|unreachable|refused/,
  refused: /was refused - did you specify the right host or port/,
  'no-such-host': /no such host/,
  'expired-token': /You must be logged in to the server \(Unauthorized\)/,
  'wrong-token': /You must be logged in to the server \(Unauthorized\)/,
  'exec-missing': /executable testbed-login-that-is-not-installed not found/,
  'proxy-refused': /was refused - did you specify the right host or port/,
  'removed-provider': /The gcp auth plugin has been removed/,
}

describe('users who fail', () => {
  test.for(FAILING_USERS.map((name) => [name] as const))('%s fails as promised', async ([user]) => {
    const result = await bed.a.kubectl(['--request-timeout=5s', 'get', '--raw', '/api/v1/nodes'], {
      user: user satisfies UserName,
    })
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(LAST_WORDS[user])
  })

  test('restricted lists pods in the namespace team, and nowhere else', async () => {
    expect(await bed.a.kubectl(['get', 'pods'], { user: 'restricted' })).toMatchObject({ code: 0 })
    expect(await bed.a.kubectl(['-n', 'default', 'get', 'pods'], { user: 'restricted' })).toMatchObject({ code: 1 })
    const may = await bed.a.kubectl(['auth', 'can-i', 'create', 'pods/portforward'], { user: 'restricted' })
    expect(may.stdout.trim()).toBe('no')
  })
})

describe.skipIf(!containers)('pods with real containers', () => {
  test('HTTP answers say which pod served', async () => {
    const pods = await bed.a.pods(namespace, 'app=web')
    await using forward = await forwardTo(`pod/${pods[1]?.name ?? ''}`, [8080])
    const answer = await fetch(`http://127.0.0.1:${forward.localPort(8080)}/`, { method: 'POST', body: 'echo me' })
    expect(await answer.json()).toMatchObject({ pod: pods[1]?.name, uid: pods[1]?.uid, body: 'echo me' })
  })

  test('sources and sinks agree about bytes and checksums', async () => {
    await using forward = await forwardTo('svc/web', [8080, 7001, 7002])
    const base = `http://127.0.0.1:${forward.localPort(8080)}`
    const answer = await fetch(`${base}/bytes?n=3000001`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const sum = createHash('sha256').update(bytes).digest('hex')
    expect(answer.headers.get('x-sha256')).toBe(sum)
    const sunk = await fetch(`${base}/sink`, { method: 'POST', body: bytes })
    expect(await sunk.json()).toEqual({ sha256: sum, count: bytes.length })

    const sent = await exchange(forward.localPort(7001), { send: '3000001\n' })
    expect(sent.received.equals(bytes)).toBe(true)
    const send = Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes])
    const counted = await exchange(forward.localPort(7002), { send })
    expect(counted.received.toString()).toBe(`${sum} ${bytes.length}\n`)
  })

  test('each TCP protocol behaves as named', async () => {
    await using forward = await forwardTo('svc/web', [7000, 7002, 7003, 7004, 7007])
    const echoed = await exchange(forward.localPort(7000), { send: 'hello', until: (data) => data.length === 5 })
    expect(echoed.received.toString()).toBe('hello')
    const banner = await exchange(forward.localPort(7003), { until: (data) => data.includes('\n') })
    expect(banner.received.toString()).toMatch(/^220 web-\S+ [0-9a-f-]{36}\r\n$/)
    const checksum = `${createHash('sha256').update('abc').digest('hex')} 3\n`
    const counted = await exchange(forward.localPort(7002), { send: '3 200\nabc', finish: true })
    expect(counted.received.toString()).toBe(checksum)
    // The runtime never tells the server that the client has ended its side.
    const half = await exchange(forward.localPort(7004), { send: 'abc', finish: true })
    expect(half).toEqual({ received: Buffer.alloc(0), ended: 'eof' })
    const pod = (await bed.a.pods(namespace, 'app=web'))[0]
    const direct = ['-c', `exec 3<>/dev/tcp/${pod?.ip ?? ''}/7002; printf '3\\nabc' >&3; cat <&3`]
    expect(await mustRun('nsenter', ['-t', String(bed.a.layout.initPid), '-n', 'bash', ...direct])).toBe(checksum)
    const silent = await exchange(forward.localPort(7007), { send: 'anybody?', limitMs: 300 })
    expect(silent).toMatchObject({ ended: 'open', received: Buffer.alloc(0) })
  })

  test('a pod that declares another port than it listens on refuses', async () => {
    const container = workloads.wrongPortContainer()
    await bed.a.apply(workloads.barePod({ namespace, name: 'wrong-port', container }))
    await bed.a.waitForPods(namespace, 'app=wrong-port', 1)
    await using forward = await forwardTo('pod/wrong-port', [8080])
    expect((await exchange(forward.localPort(8080))).received).toHaveLength(0)
    await waitUntil('kubectl to end', 5, () => forward.exitCode() !== null)
    expect(forward.said()).toContain('connection refused')
  })

  test('a slow starter runs long before it is ready', async () => {
    const container = workloads.workloadContainer({ READY_MS: 10_000 })
    await bed.a.apply(workloads.barePod({ namespace, name: 'slow', container }))
    const running = await waitUntil('running', 20, async () => {
      const [pod] = await bed.a.pods(namespace, 'app=slow')
      return pod?.phase === 'Running' ? pod : null
    })
    expect(running.ready).toBe(false)
    await bed.a.waitForPods(namespace, 'app=slow', 1)
  })

  test('a crash-looper restarts in the same pod and ends up waiting', async () => {
    const container = workloads.workloadContainer({ CRASH_MS: 200 }, 'crash')
    await bed.a.apply(workloads.barePod({ namespace, name: 'crash', container }))
    await waitUntil('a restart and a wait', 60, async () => {
      const [pod] = await bed.a.pods(namespace, 'app=crash')
      return pod !== undefined && pod.restarts >= 1 && pod.waiting === 'CrashLoopBackOff'
    })
  })

  test('a killed container comes back in the same pod', async () => {
    await bed.a.apply(workloads.barePod({ namespace, name: 'killed' }))
    const [before] = await bed.a.waitForPods(namespace, 'app=killed', 1)
    if (before === undefined) throw new Error('no pod')
    await crashContainer(bed.a, before)
    await waitUntil('the restart', 30, async () => {
      const [pod] = await bed.a.pods(namespace, 'app=killed')
      return pod?.uid === before.uid && pod.restarts === 1 && pod.ready
    })
  })

  test('every kind of owner brings its pods up', async () => {
    const make = (name: string): workloads.WorkloadOptions => ({
      namespace,
      name,
      container: workloads.httpContainer(),
    })
    await bed.a.apply(
      workloads.statefulSet({ ...make('sts'), replicas: 2 }),
      workloads.service({ namespace, name: 'sts', headless: true }),
      workloads.replicaSet(make('rs')),
      workloads.daemonSet(make('ds')),
      workloads.job(make('job')),
    )
    const statefulPods = await bed.a.waitForPods(namespace, 'app=sts', 2)
    expect(statefulPods.map(({ name }) => name)).toEqual(['sts-0', 'sts-1'])
    for (const name of ['rs', 'ds', 'job']) await bed.a.waitForPods(namespace, `app=${name}`, 1)
  })

  test('a real Postgres answers a query', async () => {
    await bed.a.apply(workloads.deployment({ namespace, name: 'pg', container: workloads.postgresContainer() }))
    await bed.a.waitForPods(namespace, 'app=pg', 1)
    await using forward = await forwardTo('deploy/pg', [5432])
    const client = new pg.Client({ host: '127.0.0.1', port: forward.localPort(5432), user: 'postgres' })
    await client.connect()
    const { rows } = await client.query<{ sum: string }>('select sum(n) from generate_series(1, 100) n')
    await client.end()
    expect(rows).toEqual([{ sum: '5050' }])
  })

  test('a real Redis answers a command', async () => {
    await bed.a.apply(workloads.deployment({ namespace, name: 'redis', container: workloads.redisContainer() }))
    await bed.a.waitForPods(namespace, 'app=redis', 1)
    await using forward = await forwardTo('deploy/redis', [6379])
    const answer = await exchange(forward.localPort(6379), { send: 'PING\r\n', until: (data) => data.includes('\n') })
    expect(answer.received.toString()).toBe('+PONG\r\n')
  })
})
