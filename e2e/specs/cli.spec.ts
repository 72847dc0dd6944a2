import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Cluster, ConnectionTest } from '../../contract/clusters.ts'
import type { Forward } from '../../contract/forwards.ts'
import type { AppStatus } from '../../contract/system.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { localAddress, sharedTestbed, waitForState, withKubectl } from '../support/main-job.ts'
import { mergeKubeconfigs } from '../support/merged-kubeconfig.ts'
import { httpContainer, deployment, service } from '../testbed/workloads.ts'
import type { Testbed } from '../testbed/testbed.ts'

/** The `mooring` command as it is built, attached to a host. */
const program = join(import.meta.dirname, '..', '..', 'dist', 'cli.mjs')
const exitCode = { ok: 0, failed: 1, usage: 2, notRunning: 3, notConnected: 4 }

let bed: Testbed
let host: RunningHost
let namespace: string
let empty: string

beforeAll(async () => {
  bed = await sharedTestbed()
  empty = await mkdtemp(join(tmpdir(), 'mooring-cli-'))
  host = await startHost({ environment: withKubectl(bed) })
  if (!bed.containers) return
  namespace = await bed.a.createNamespace('cli')
  await bed.a.apply(
    deployment({ namespace, name: 'web', container: httpContainer() }),
    service({ namespace, name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
  )
  await bed.a.waitForPods(namespace, 'app=web', 1)
})
afterAll(async () => {
  await host.close()
  await rm(empty, { recursive: true })
  if (bed.containers) await bed.a.deleteNamespace(namespace)
  await bed.close()
})

type Outcome = { code: number | null; stdout: string; stderr: string }

async function run(args: readonly string[], options: { dataDir?: string; input?: string } = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [program, '--data-dir', options.dataDir ?? host.dataDir, ...args])
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin.end(options.input ?? '')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await closed, stdout, stderr }
}

/** What a person reads when a command fails: words and a next step, nothing of the program's inside. */
async function expectRefusal(args: readonly string[], code: number, words: RegExp): Promise<void> {
  const outcome = await run(args)
  expect(outcome, args.join(' ')).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toMatch(words)
  expect(outcome.stderr).not.toMatch(/\bat .*:\d+:\d+|ENOENT|EISDIR|Error:/)
}
async function json<T>(...args: string[]): Promise<T> {
  const outcome = await run([...args, '--json'])
  expect(outcome, outcome.stderr).toMatchObject({ code: exitCode.ok, stderr: '' })
  return JSON.parse(outcome.stdout) as T
}
/** Rows of a printed table by the column's heading. */
function rowsOf(table: string): Record<string, string>[] {
  const [heading = '', ...lines] = table.trimEnd().split('\n')
  const columns = [...heading.matchAll(/\S+/g)].map((match) => ({ name: match[0], at: match.index }))
  return lines.map((line) =>
    Object.fromEntries(columns.map(({ name, at }, index) => [name, line.slice(at, columns[index + 1]?.at).trim()])),
  )
}

describe('clusters', () => {
  it('adds every context of a file, and lists them', async () => {
    const none = await run(['clusters', 'list'])
    expect(none.stdout.trim()).toMatch(/^NAME .*ID$/)
    expect(none.stderr).toContain('clusters add')
    const added = await json<Cluster[]>('clusters', 'add', bed.a.kubeconfig)
    expect(added).toHaveLength(1)
    const listed = await run(['clusters', 'list'])
    expect(listed.code).toBe(exitCode.ok)
    expect(rowsOf(listed.stdout)).toMatchObject([
      { NAME: 'admin', SERVER: added[0]?.server, NAMESPACE: 'default', FORWARDS: '0/0', ID: added[0]?.id },
    ])
    expect(await json<Cluster[]>('clusters')).toMatchObject([{ id: added[0]?.id }])
    expect(JSON.stringify(added)).not.toMatch(/PRIVATE KEY|client-key/)
  })

  it('adds the named contexts from standard input, and runs a command only when it is allowed', async () => {
    const input = await mergeKubeconfigs({ shop: bed.a.users.exec, gone: bed.a.users.refused, late: bed.a.users.token })
    const refused = await run(['clusters', 'add', '-', '--context', 'shop'], { input })
    expect(refused).toMatchObject({ code: exitCode.failed, stdout: '' })
    expect(refused.stderr).toContain('testbed-login')
    expect(refused.stderr).toContain('--allow-command')
    expect((await json<Cluster[]>('clusters')).map(({ name }) => name)).toEqual(['admin'])

    const { contexts } = await expectOk(host.client.kubeconfigs.preview({ text: input }))
    const command = contexts.find(({ context }) => context === 'shop')?.command
    const line = [command?.command, ...(command?.args ?? [])].join(' ')
    const added = await run(['clusters', 'add', '-', '--context', 'shop', 'gone', '--allow-command', line], { input })
    expect(added, added.stderr).toMatchObject({ code: exitCode.ok })
    expect(rowsOf(added.stdout).map(({ NAME }) => NAME)).toEqual(['shop', 'gone'])
  })

  it('finds the files that a kubeconfig names beside it', async () => {
    const { clusters } = parse(await readFile(bed.a.kubeconfig, 'utf8')) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
    }
    const { server, 'certificate-authority-data': authority } = clusters[0].cluster
    const folder = join(empty, 'lab')
    await mkdir(folder)
    await writeFile(join(folder, 'ca.crt'), authority, 'base64')
    const cluster = { server, 'certificate-authority': 'ca.crt' }
    await writeFile(
      join(folder, 'config'),
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'lab', cluster }],
        users: [{ name: 'lab', user: { token: 'some-token' } }],
        contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
      }),
    )
    const added = await run(['clusters', 'add', join(folder, 'config')])
    expect(added, added.stderr).toMatchObject({ code: exitCode.ok, stderr: '' })
    expect(await run(['clusters', 'remove', 'lab'])).toMatchObject({ code: exitCode.ok })
  })

  it('says what is wrong with a file', async () => {
    const folder = join(empty, 'folder')
    await mkdir(folder)
    await expectRefusal(['clusters', 'add', join(empty, 'none')], exitCode.failed, /no such file.*\nName a kubeconfig/)
    await expectRefusal(['clusters', 'add', folder], exitCode.failed, /is a folder/)
    const broken = await run(['clusters', 'add', '-'], { input: 'contexts: [' })
    expect(broken).toMatchObject({ code: exitCode.failed, stdout: '' })
    expect(broken.stderr).toMatch(/Line \d+, column \d+\.\n\S/)
  })

  it('says on the way what is to be known about what was added', async () => {
    const again = await run(['clusters', 'add', bed.a.kubeconfig])
    expect(again).toMatchObject({ code: exitCode.ok, stderr: 'admin: it was stored before, as admin.\n' })
    const old = await run(['clusters', 'add', bed.a.users['expired-certificate'] ?? ''])
    expect(old).toMatchObject({ code: exitCode.ok })
    expect(old.stderr).toMatch(/^expired-certificate: The client certificate .*\n\S/)
    const ids = [again, old].flatMap(({ stdout }) => rowsOf(stdout).map(({ ID }) => ID ?? ''))
    const removed = await run(['clusters', 'remove', ...ids])
    expect(removed).toMatchObject({ code: exitCode.ok, stderr: '' })
    expect(removed.stdout).toMatch(/^.*admin.*: removed\nexpired-certificate: removed\n$/)
    expect((await json<Cluster[]>('clusters')).map(({ name }) => name)).toEqual(['admin', 'shop', 'gone'])
  })

  it('removes a cluster that has forwards only with them', async () => {
    const input = await mergeKubeconfigs({ spare: bed.a.users.token })
    expect(await run(['clusters', 'add', '-'], { input })).toMatchObject({ code: exitCode.ok })
    await json<Forward>('forwards', 'add', 'spare', 'svc/web', '8080', '--off')
    await expectRefusal(['clusters', 'remove', 'spare'], exitCode.failed, /has a forward\.\n.*--with-forwards/)
    expect(await json<Forward[]>('forwards')).toHaveLength(1)
    expect(await run(['clusters', 'remove', 'spare', '--with-forwards'])).toMatchObject({
      code: exitCode.ok,
      stdout: 'spare: removed\n',
    })
    expect(await json<Forward[]>('forwards')).toEqual([])
    await expectRefusal(['clusters', 'remove', 'spare'], exitCode.failed, /no cluster spare/)
  })
})

describe('test', () => {
  it('prints the ladder, and tells a script whether it is connected', async () => {
    const good = await run(['test', 'shop'])
    expect(good).toMatchObject({ code: exitCode.ok, stderr: '' })
    expect(rowsOf(good.stdout).map(({ RESULT }) => RESULT)).not.toContain('fail')

    const bad = await run(['test', 'gone'])
    expect(bad).toMatchObject({ code: exitCode.notConnected, stderr: '' })
    const lines = bad.stdout.trimEnd().split('\n')
    const failed = lines.findIndex((line) => /^\w+ +fail /.test(line))
    // What to do stands below the rung it is about, under its detail.
    expect(lines[failed + 1]).toMatch(/^ {15,}\S.*\S{3}/)
    expect(lines.at(-1)).toBe('gone: disconnected')
    expect(good.stdout.trimEnd()).toMatch(/\nshop: connected \(Kubernetes v1\.\S+\)$/)

    const asJson = await run(['test', 'gone', '--json'])
    expect(asJson.code).toBe(exitCode.notConnected)
    expect(JSON.parse(asJson.stdout) as ConnectionTest).toMatchObject({ status: 'disconnected' })
  })
})

describe('forwards', () => {
  beforeEach((context) => {
    if (!bed.containers) context.skip('needs real containers (root)')
  })

  it('adds one, which is live; stops, starts, restarts and removes it', async () => {
    const added = await json<Forward>(
      'forwards',
      'add',
      'admin',
      'svc/web',
      'http',
      ':80',
      '-n',
      namespace,
      '--name',
      'shop web',
    )
    expect(added).toMatchObject({ name: 'shop web', desired: 'on', namespace })
    expect(added.ports.map(({ remote }) => remote)).toEqual(['http', 80])
    const live = await waitForState(host.client, added.id, 'live')
    for (const index of [0, 1]) {
      const { host: address, port } = localAddress(live, index)
      expect((await fetch(`http://${address}:${port}/`)).status).toBe(200)
    }
    const { port } = localAddress(live)
    expect(rowsOf((await run(['forwards', 'list'])).stdout)).toMatchObject([
      { NAME: 'shop web', STATE: 'live', TARGET: `${namespace}/svc/web`, CLUSTER: 'admin', CAUSE: '-' },
    ])

    expect(await run(['forwards', 'stop', 'shop web'])).toMatchObject({ code: exitCode.ok, stderr: '' })
    await waitForState(host.client, added.id, 'off')
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    // By its id as well.
    expect(await run(['forwards', 'start', added.id])).toMatchObject({ code: exitCode.ok })
    await waitForState(host.client, added.id, 'live')
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    expect(await run(['forwards', 'restart', added.id])).toMatchObject({ code: exitCode.ok })
    await waitForState(host.client, added.id, 'live')

    expect(await run(['forwards', 'remove', 'shop web'])).toMatchObject({ code: exitCode.ok })
    expect(await json<Forward[]>('forwards')).toEqual([])
  })

  it('stores one without starting it, on the local port it is told', async () => {
    const taken = await json<Forward>('forwards', 'add', 'admin', 'deploy/web', '18931:8080', '-n', namespace, '--off')
    expect(taken).toMatchObject({ desired: 'off', state: 'off', ports: [{ local: 18931, remote: 8080 }] })
    const [row] = rowsOf((await run(['forwards', 'list'])).stdout)
    expect(row).toMatchObject({ STATE: 'off', LOCAL: '127.0.0.1:18931->8080' })
    expect(await run(['forwards', 'remove', taken.id])).toMatchObject({ code: exitCode.ok })
  })

  it('names what is not there, and asks for an id where a name is not enough', async () => {
    const missing = await json<Forward>(
      'forwards',
      'add',
      'admin',
      'svc/nowhere',
      '80',
      '-n',
      namespace,
      '--name',
      'lost',
    )
    await waitForState(host.client, missing.id, 'holding')
    expect((await run(['forwards'])).stdout).toMatch(/\n\nlost: There is no service nowhere .*\. \S.*\n$/)
    await expectRefusal(['forwards', 'remove', 'lost', 'nobody'], exitCode.failed, /no forward nobody/)
    expect(await run(['forwards', 'remove', 'lost'])).toMatchObject({ code: exitCode.ok, stdout: 'lost: removed\n' })
    await expectRefusal(['forwards', 'stop', 'nobody'], exitCode.failed, /no forward nobody\.\nAdd one: forwards add/)
    await expectRefusal(
      ['forwards', 'add', 'nobody', 'svc/web', '80'],
      exitCode.failed,
      /Name one of these: admin, shop, gone/,
    )
    const ids: string[] = []
    for (const target of ['svc/web', 'deploy/web']) {
      const { id } = await json<Forward>(
        'forwards',
        'add',
        'admin',
        target,
        '8080',
        '-n',
        namespace,
        '--off',
        '--name',
        'twin',
      )
      ids.push(id)
    }
    await expectRefusal(['forwards', 'remove', 'twin'], exitCode.failed, /Use an id/)
    expect(await run(['forwards', 'remove', ...ids])).toMatchObject({ code: exitCode.ok })
  })
})

describe('status', () => {
  it('says what runs, for people and for scripts', async () => {
    const words = await run(['status'])
    expect(words).toMatchObject({ code: exitCode.ok, stderr: '' })
    expect(words.stdout).toContain('3 clusters')
    expect(words.stdout).toMatch(/^Vault unlocked$/m)
    const status = await json<{ app: AppStatus; clusters: Cluster[]; forwards: Forward[] }>('status')
    expect(status).toMatchObject({ app: { shell: 'host', dataDir: host.dataDir }, forwards: [] })
    expect(status.clusters.map(({ name }) => name)).toEqual(['admin', 'shop', 'gone'])
  })
})

describe('exit codes', () => {
  it.each([
    ['an unknown command', ['cows']],
    ['an unknown option', ['clusters', 'list', '--cows']],
    ['a missing argument', ['forwards', 'add', 'admin']],
    ['a port of three parts', ['forwards', 'add', 'admin', 'svc/web', '9000:80:90']],
    ['a port out of range', ['forwards', 'add', 'admin', 'svc/web', '70000']],
    ['a target of no kind', ['forwards', 'add', 'admin', 'cow/web', '80']],
  ])('wrong usage: %s', (_what, args) => expectRefusal(args, exitCode.usage, /^error: /m))

  it('asking for help is no mistake', async () => {
    expect(await run(['--help'])).toMatchObject({ code: exitCode.ok, stderr: '' })
    expect(await run(['forwards', 'add', '--help'])).toMatchObject({ code: exitCode.ok, stderr: '' })
  })

  it('nobody runs: never, and no longer after kill -9', async () => {
    const never = await run(['status'], { dataDir: empty })
    expect(never).toMatchObject({ code: exitCode.notRunning, stdout: '' })
    expect(never.stderr).toMatch(/not running.\nStart it/)

    const dataDir = await mkdtemp(join(tmpdir(), 'mooring-cli-'))
    const other = await startHost({ dataDir })
    expect(await run(['status'], { dataDir })).toMatchObject({ code: exitCode.ok })
    await other.kill()
    // What it wrote about itself is still there; nobody answers.
    expect(await readFile(join(dataDir, 'owner.json'), 'utf8')).toContain(String(other.pid))
    const after = await run(['status'], { dataDir })
    expect(after).toMatchObject({ code: exitCode.notRunning, stdout: '' })
    expect(after.stderr).toMatch(/\S+\n\S+/)
    await rm(dataDir, { recursive: true })
  })
})
