import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { noHangMs } from '../../electron/core/fuzz.testing.ts'
import { canariesIn } from '../support/canaries.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { waitUntil } from '../support/wait-until.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const nobody = 65_534
const token = 'c4n4ry-token-of-a-cluster'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-surroundings-'))
  // Others may come this far.
  await chmod(folder, 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const needsRoot = (context: TestContext): void => {
  if (process.getuid?.() !== 0) context.skip('needs root to become another user')
}

/** A program that leaves a mark when it is run. */
async function trap(place: string, name: string, mode = 0o755): Promise<string> {
  await mkdir(place, { recursive: true })
  await writeFile(join(place, name), `#!/bin/sh\necho run >> '${join(folder, 'trapped')}'\nexit 1\n`)
  await chmod(join(place, name), mode)
  return join(place, name)
}
/** What must not make anybody wait. */
async function atOnce<T>(work: Promise<T>): Promise<T> {
  const begun = performance.now()
  const done = await work
  expect(performance.now() - begun).toBeLessThan(noHangMs)
  return done
}

const trapped = (): boolean => existsSync(join(folder, 'trapped'))

const kubeconfig = (user: object): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:9' } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  })

describe('a program of the right name in the wrong place', () => {
  let host: RunningHost
  const open = (): string => join(folder, 'open')

  beforeAll(async () => {
    const here = join(folder, 'here')
    for (const place of [here, join(here, 'relative'), open(), join(folder, 'writable')])
      for (const name of ['kubectl', 'get-credentials']) await trap(place, name)
    await chmod(open(), 0o777)
    await chmod(join(folder, 'writable', 'kubectl'), 0o777)
    await chmod(join(folder, 'writable', 'get-credentials'), 0o777)
    const good = join(folder, 'good')
    await mkdir(good)
    const version = JSON.stringify({ clientVersion: { gitVersion: 'v1.36.3' } })
    await writeFile(join(good, 'kubectl'), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })
    host = await startHost({
      dataDir: join(folder, 'data-path'),
      through: ['sh', '-c', `cd '${here}' && exec "$@"`, 'sh'],
      environment: {
        PATH: ['', '.', 'relative', open(), join(folder, 'writable'), good, '/usr/bin', '/bin'].join(delimiter),
        TERM: 'dumb',
      },
    })
  })
  afterAll(() => host.close())

  it('is never run: another kubectl is chosen, and each passed over says why', async () => {
    const status = await atOnce(host.client.kubectl.status({ refresh: 'true' }).then(expectOk))
    expect(status.chosen?.path).toBe(join(folder, 'good', 'kubectl'))
    expect(status.searched.every((place) => place.startsWith('/'))).toBe(true)
    const refused = status.found.filter(({ path }) => /\/(open|writable|here|relative)\/kubectl$/.test(path))
    expect(refused.map(({ usable, problem }) => [usable, problem])).toEqual([
      [false, `Everybody may write to ${open()}.`],
      [false, `Everybody may write to ${join(folder, 'writable', 'kubectl')}.`],
      [false, 'The PATH names its folder as ".", no full path.'],
      [false, 'The PATH names its folder as "relative", no full path.'],
    ])
    expect(trapped()).toBe(false)
  })

  it('is never run as a credential command, although its name was allowed', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'get-credentials',
      args: [],
      interactiveMode: 'Never',
    }
    const [cluster] = await expectOk(
      host.client.clusters.add({
        text: kubeconfig({ exec }),
        contexts: [{ context: 'x' }],
        allowCommands: ['get-credentials'],
      }),
    )
    const health = await expectOk(host.client.clusters.health({ id: cluster?.id ?? '' }))
    expect(health.cause?.message).toContain(`everybody on this machine may write to ${open()}`)
    const relative = await expectError(
      host.client.clusters.add({
        text: kubeconfig({ exec: { ...exec, command: './get-credentials' } }),
        contexts: [{ context: 'x', name: 'relative' }],
        allowCommands: ['./get-credentials'],
      }),
    )
    expect(relative.code).toBe('context-not-addable')
    expect(relative.message).toContain('runs ./get-credentials, a path relative to the folder of its kubeconfig')
    expect(trapped()).toBe(false)
  })
})

describe('a data folder that is not ours alone', () => {
  /** Starts a host that must refuse; answers what it says and what it left in the folder. */
  async function refused(dataDir: string): Promise<string> {
    const before = existsSync(dataDir) ? await readdir(dataDir) : []
    const failure = await atOnce(
      startHost({ dataDir }).then(
        async (host) => {
          await host.kill()
          throw new Error('it was taken')
        },
        (error: unknown) => error as Error,
      ),
    )
    expect(failure.message).toContain('ended before it was ready')
    expect(failure.message).not.toMatch(/\bat .*\.m?js:\d+/)
    if (existsSync(dataDir)) expect(await readdir(dataDir)).toEqual(before)
    return failure.message
  }
  const make = async (name: string, mode = 0o700): Promise<string> => {
    const path = join(folder, name)
    await mkdir(path)
    await chmod(path, mode)
    return path
  }

  it('is refused: a link, open to everybody, or replaceable by everybody', async () => {
    const real = await make('real')
    await symlink(real, join(folder, 'link'))
    expect(await refused(join(folder, 'link'))).toContain('is a link')
    expect(await readdir(real)).toEqual([])
    expect(await refused(await make('open-data', 0o777))).toContain('Everybody may write')
    expect(await refused(join(await make('open-parent', 0o777), 'data'))).toContain('Everybody may write')
  })

  it.each(['mooring.db', 'lock.db', 'mooring.sock', 'owner.json', 'logs', 'snapshots'])(
    'is refused with a planted link at %s, and nothing is written through it',
    async (name) => {
      const dir = await make(`planted-${name}`)
      await symlink(join(folder, `target-of-${name}`), join(dir, name))
      expect(await refused(dir)).toContain(`${name} is a link`)
      expect(existsSync(join(folder, `target-of-${name}`))).toBe(false)
    },
  )

  it('is refused with something else in the place of the socket', async () => {
    const dir = await make('planted-folder')
    await mkdir(join(dir, 'mooring.sock'))
    const failure = await startHost({ dataDir: dir }).catch((error: unknown) => error as Error)
    expect(failure).toBeInstanceOf(Error)
    expect((failure as Error).message).toContain('mooring.sock cannot be opened')
    expect((failure as Error).message).not.toMatch(/\bat .*\.m?js:\d+/)
  })

  it('is refused with a socket or a lock of another user', async (context) => {
    needsRoot(context)
    for (const name of ['mooring.sock', 'lock.db']) {
      const dir = await make(`foreign-${name}`)
      await writeFile(join(dir, name), '')
      await chown(join(dir, name), nobody, nobody)
      expect(await refused(dir)).toContain(`${name} belongs to another user`)
    }
  })

  it('is not attached to: the command line sends nothing to a socket that somebody else put there', async (context) => {
    needsRoot(context)
    const dir = await make('theirs', 0o755)
    let callers = 0
    const theirs = createServer((socket) => {
      callers += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => theirs.listen(join(dir, 'mooring.sock'), resolve))
    const owner = {
      pid: 1,
      shell: 'host',
      version: '1',
      socketPath: join(dir, 'mooring.sock'),
      url: null,
      startedAt: 1,
    }
    await writeFile(join(dir, 'owner.json'), JSON.stringify(owner))
    await chown(dir, nobody, nobody)
    const attempt = await atOnce(
      run(process.execPath, [join(root, 'dist', 'cli.mjs'), '--data-dir', dir, 'clusters']).catch(
        (error: unknown) => error as { code: number; stderr: string },
      ),
    )
    expect(attempt).toMatchObject({ code: 1 })
    expect(attempt.stderr).toContain('belongs to another user')
    expect(callers).toBe(0)
    await new Promise((resolve) => theirs.close(resolve))
  })
})

describe('another user of this machine', () => {
  let host: RunningHost
  let sidecar: number
  const as = (command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    run('setpriv', ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', command, ...args])

  beforeAll(async () => {
    host = await startHost({
      dataDir: join(folder, 'data-others'),
      vault: 'passphrase',
      passphrase: 'c4n4ry-pass-phrase',
    })
    await expectOk(host.client.clusters.add({ text: kubeconfig({ token }), contexts: [{ context: 'x' }] }))
    sidecar = await waitUntil('the sidecar', 20, async () => (await expectOk(host.client.app.status())).sidecar.pid)
  })
  afterAll(() => host.close())

  it('reads nothing of the data folder', async (context) => {
    needsRoot(context)
    for (const name of ['', 'mooring.db', 'owner.json', 'logs/mooring.log', 'run'])
      await expect(as('cat', join(host.dataDir, name)), name).rejects.toThrow('Permission denied')
    await expect(as('ls', host.dataDir)).rejects.toThrow('Permission denied')
  })

  it('sees of the processes no more than their command lines, which hold no secret', async (context) => {
    needsRoot(context)
    for (const pid of [host.pid, sidecar]) {
      for (const name of ['environ', 'mem', 'maps'])
        await expect(as('cat', `/proc/${pid}/${name}`), name).rejects.toThrow('Permission denied')
      for (const name of ['fd', 'cwd'])
        await expect(as('ls', `/proc/${pid}/${name}/`), name).rejects.toThrow('Permission denied')
      const { stdout } = await as('cat', `/proc/${pid}/cmdline`)
      expect(canariesIn(stdout, { token, own: host.token, passphrase: 'c4n4ry-pass-phrase' })).toEqual([])
    }
  })

  it('cannot use the local socket, and over TCP gets nothing without the token', async (context) => {
    needsRoot(context)
    const connect = `const s = require('net').connect(process.argv[1]); s.on('error', (e) => { console.log(e.code) }); s.on('connect', () => { console.log('connected'); s.destroy() })`
    const { stdout } = await as(process.execPath, '-e', connect, join(host.dataDir, 'mooring.sock'))
    expect(stdout.trim()).toBe('EACCES')
    const ask = `fetch(process.argv[1]).then(async (r) => console.log(r.status, await r.text()))`
    for (const path of [
      '/api/v1/clusters',
      '/api/v1/login-url',
      '/api/v1/diagnostics/report',
      '/api/v1/openapi.json',
    ]) {
      const answer = await as(process.execPath, '-e', ask, host.url + path)
      expect(answer.stdout).toMatch(/^401 \{"error":\{"code":"unauthenticated"/)
    }
  })
})

describe('others on the network', () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address

  /** `connected`, or why not. */
  const attempt = (address: string, port: number): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, address, () => resolve('connected'))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      socket.once('connect', () => socket.destroy())
    })

  it('reach neither Mooring nor a forward, unless the user names an address for it', async (context) => {
    if (outside === undefined) return context.skip('needs an address besides loopback')
    await using host = await startHost()
    const [cluster] = await expectOk(
      host.client.clusters.add({ text: kubeconfig({ token }), contexts: [{ context: 'x' }] }),
    )
    const listening = async (bind?: string): Promise<number> => {
      const { id } = await expectOk(
        host.client.forwards.create({
          clusterId: cluster?.id ?? '',
          namespace: 'default',
          target: { kind: 'service', name: 'web' },
          ports: [{ remote: 80, ...(bind === undefined ? {} : { bind }) }],
        }),
      )
      // Bound while it is wanted, whatever the cluster says.
      return waitUntil('the port', 10, async () => (await expectOk(host.client.forwards.get({ id }))).ports[0]?.local)
    }
    const usual = await listening()
    const named = await listening('0.0.0.0')
    await waitUntil('both listeners', 10, async () => {
      const both = await Promise.all([usual, named].map((port) => attempt('127.0.0.1', port)))
      return both.every((outcome) => outcome === 'connected')
    })
    expect(await attempt(outside, named)).toBe('connected')
    expect(await attempt(outside, usual)).toBe('ECONNREFUSED')
    expect(await attempt(outside, Number(new URL(host.url).port))).toBe('ECONNREFUSED')
    const ports = [{ remote: 80 }, { remote: 80, bind: '0.0.0.0' }, { remote: 80, bind: outside }]
    const check = await expectOk(host.client.forwards.check({ ports }))
    expect(check.ports.map(({ exposed }) => exposed)).toEqual([false, true, true])
  })
})
