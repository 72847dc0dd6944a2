import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ToSidecar } from '../../../contract/sidecar.ts'
import { plainConnection, sendJson, startServer, type TestServer } from '../../../network/api-server.testing.ts'
import { eventually } from '../../../network/eventually.testing.ts'
import { systemClock } from '../clock.ts'
import { FakeClock } from '../clock.testing.ts'
import { Log, LogRing } from '../log.ts'
import { isAlive } from '../processes/child-processes.testing.ts'
import { createForkLauncher, sidecarEnvironment } from './fork-launcher.ts'
import { SidecarClient, type WatchNews } from './sidecar-client.ts'
import type { SidecarEvents, SidecarLauncher } from './sidecar-launcher.ts'

const entry = path.resolve(import.meta.dirname, '../../../sidecar/main.ts')
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A cluster with one pod, whose watch stays open. */
async function startCluster(): Promise<TestServer> {
  const server = await startServer((request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/slow')) return
    if (url.includes('watch=true')) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      return
    }
    if (url.startsWith('/version')) {
      sendJson(response, { gitVersion: 'v9' })
      return
    }
    const conditions = [{ type: 'Ready', status: 'True' }]
    const pod = {
      metadata: { name: 'web-0', namespace: 'shop', uid: 'u' },
      spec: {},
      status: { phase: 'Running', conditions },
    }
    sendJson(response, { metadata: { resourceVersion: '1' }, items: url.includes('/pods') ? [pod] : [] })
  })
  ends.push(() => server[Symbol.asyncDispose]())
  return server
}

async function startClient(): Promise<{ client: SidecarClient; server: TestServer; states: string[]; lines: LogRing }> {
  const server = await startCluster()
  const lines = new LogRing()
  const client = new SidecarClient({
    launch: createForkLauncher(entry),
    clock: systemClock,
    log: new Log([lines.sink]),
  })
  ends.push(() => client.close())
  const states: string[] = []
  client.onState(({ state }) => states.push(state))
  client.setCluster('c', plainConnection(`http://127.0.0.1:${server.port}`, { token: 'canary-token' }))
  client.start()
  return { client, server, states, lines }
}

const pods = { clusterId: 'c', namespace: 'shop', target: { kind: 'selector', selector: 'app=web' } } as const

describe('the sidecar', () => {
  it('answers a question that was asked before it was ready', async () => {
    const { client } = await startClient()
    expect(await client.request('version', { clusterId: 'c' })).toEqual({ ok: true, value: { gitVersion: 'v9' } })
    const rows = await client.request('pods', { clusterId: 'c', namespace: 'shop' })
    expect(rows).toMatchObject({ ok: true, value: [{ name: 'web-0', ready: true }] })
    expect(client.state().state).toBe('ready')
  })

  it('comes back after it was killed, with its clusters and watches', async () => {
    const { client, states } = await startClient()
    const news: WatchNews[] = []
    client.watchTarget(pods, (one) => news.push(one))
    await eventually(() => expect(news.at(-1)).toMatchObject({ pods: [{ name: 'web-0', usable: true }] }))
    news.length = 0
    process.kill(client.state().pid ?? 0, 'SIGKILL')
    await eventually(() =>
      expect(news).toEqual([{ kind: 'unwatched' }, expect.objectContaining({ targetExists: true })]),
    )
    expect(states).toEqual(['starting', 'ready', 'restarting', 'ready'])
    expect(client.state().restarts).toBe(1)
    expect(client.state().lastLines.join()).toContain('SIGKILL')
  })

  it('fails the questions that were open when it was killed', async () => {
    const { client } = await startClient()
    await client.request('version', { clusterId: 'c' })
    const silent = await startServer(() => undefined)
    ends.push(() => silent[Symbol.asyncDispose]())
    client.setCluster('silent', plainConnection(`http://127.0.0.1:${silent.port}`))
    const open = client.request('version', { clusterId: 'silent' })
    await eventually(() => expect(silent.requests).toHaveLength(1))
    process.kill(client.state().pid ?? 0, 'SIGKILL')
    expect(await open).toMatchObject({ ok: false, error: { class: 'sidecar-unavailable' } })
  })

  it('stops asking the cluster when the caller stops waiting', async () => {
    const { client } = await startClient()
    await client.request('version', { clusterId: 'c' })
    let ended = false
    const silent = await startServer((_request, response) => void response.on('close', () => (ended = true)))
    ends.push(() => silent[Symbol.asyncDispose]())
    client.setCluster('silent', plainConnection(`http://127.0.0.1:${silent.port}`))
    const caller = new AbortController()
    const open = client.request('version', { clusterId: 'silent' }, { signal: caller.signal })
    await eventually(() => expect(silent.requests).toHaveLength(1))
    caller.abort()
    expect(await open).toMatchObject({ ok: false, error: { class: 'timeout' } })
    await eventually(() => expect(ended).toBe(true))
  })

  it('refuses what is not in the contract, and goes on', async () => {
    const { client } = await startClient()
    const wrong = { clusterId: 7 } as unknown as { clusterId: string }
    expect(await client.request('version', wrong)).toMatchObject({ ok: false, error: { class: 'bad-request' } })
    expect(await client.request('version', { clusterId: 'unknown' })).toMatchObject({
      ok: false,
      error: { class: 'bad-request' },
    })
    expect(await client.request('version', { clusterId: 'c' })).toMatchObject({ ok: true })
  })

  it('survives a cluster whose answers have another shape', async () => {
    const { client } = await startClient()
    const strange = await startServer((_request, response) =>
      sendJson(response, { items: [null, 7, { metadata: 'x' }] }),
    )
    ends.push(() => strange[Symbol.asyncDispose]())
    client.setCluster('strange', plainConnection(`http://127.0.0.1:${strange.port}`))
    for (const method of ['pods', 'services', 'workloads', 'namespaces'] as const) {
      expect(await client.request(method, { clusterId: 'strange' })).toBeDefined()
    }
    expect(await client.request('version', { clusterId: 'c' })).toMatchObject({ ok: true })
    expect(client.state().restarts).toBe(0)
  })

  it('makes new connections when the network changed, and its watches go on', async () => {
    const { client, server } = await startClient()
    const news: WatchNews[] = []
    client.watchTarget(pods, (one) => news.push(one))
    await eventually(() => expect(news.at(-1)).toMatchObject({ pods: [{ name: 'web-0' }] }))
    await eventually(() => expect(server.requests.some(({ path }) => path.includes('watch=true'))).toBe(true))
    const before = server.connections()
    client.hint()
    await eventually(() => expect(server.connections()).toBeGreaterThan(before))
    expect(news.at(-1)).toMatchObject({ failure: null })
  })

  it('keeps no credentials while the vault is locked: nobody watches, and after the unlock it goes on by itself', async () => {
    const { client, server } = await startClient()
    const news: WatchNews[] = []
    client.watchTarget(pods, (view) => news.push(view))
    await eventually(() => expect(news.at(-1)).toMatchObject({ pods: [{ name: 'web-0' }] }))
    await eventually(() => expect(server.requests.some(({ path }) => path.includes('watch=true'))).toBe(true))
    const asked = server.requests.length
    client.forgetCredentials()
    expect(news.at(-1)).toEqual({ kind: 'unwatched' })
    expect(await client.request('version', { clusterId: 'c' })).toMatchObject({ error: { class: 'bad-request' } })
    const later: WatchNews[] = []
    client.watchTarget({ ...pods, namespace: 'other' }, (view) => later.push(view))
    await eventually(() => expect(later).toEqual([{ kind: 'unwatched' }]))
    expect(server.requests).toHaveLength(asked)
    client.setCluster('c', plainConnection(`http://127.0.0.1:${server.port}`, { token: 'canary-token' }))
    await eventually(() => expect(news.at(-1)).toMatchObject({ pods: [{ name: 'web-0' }] }))
    await eventually(() => expect(later.at(-1)).toMatchObject({ pods: [{ name: 'web-0' }] }))
  })

  it('is started anew when a person asks for it, and that is no crash', async () => {
    const { client } = await startClient()
    await client.request('version', { clusterId: 'c' })
    const { pid } = client.state()
    client.restart()
    expect(await client.request('version', { clusterId: 'c' })).toMatchObject({ ok: true })
    expect(client.state().pid).not.toBe(pid)
    expect(isAlive(pid ?? 0)).toBe(false)
  })

  it('ends when it is asked to, and its end is no crash', async () => {
    const { client, states } = await startClient()
    await client.request('version', { clusterId: 'c' })
    const { pid } = client.state()
    await client.close()
    expect(isAlive(pid ?? 0)).toBe(false)
    expect(states.at(-1)).toBe('stopped')
    expect(client.state()).toMatchObject({ restarts: 0, pid: null })
    expect(await client.request('version', { clusterId: 'c' })).toMatchObject({
      error: { class: 'sidecar-unavailable' },
    })
  })

  it.skipIf(process.platform !== 'linux')(
    'ends with the process that started it, also when that one is killed',
    async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sidecar-'))
      ends.push(() => fs.rmSync(folder, { recursive: true }))
      const script = path.join(folder, 'owner.ts')
      const here = import.meta.dirname
      fs.writeFileSync(
        script,
        `import { createForkLauncher } from ${JSON.stringify(path.join(here, 'fork-launcher.ts'))}
       const child = createForkLauncher(${JSON.stringify(entry)})({ line() {}, exited() {}, message: () => {
         console.log(child.pid); process.kill(process.pid, 'SIGKILL') } })`,
      )
      let printed = ''
      try {
        execFileSync(process.execPath, [script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      } catch (error) {
        printed = (error as { stdout: string }).stdout
      }
      const pid = Number(printed)
      expect(pid).toBeGreaterThan(0)
      await eventually(() => expect(isAlive(pid)).toBe(false))
    },
  )

  it.skipIf(process.platform !== 'linux')(
    'gets credentials over its channel, never in arguments, environment or logs',
    async () => {
      const { client, lines } = await startClient()
      await client.request('version', { clusterId: 'c' })
      const { pid } = client.state()
      for (const file of ['cmdline', 'environ']) {
        expect(fs.readFileSync(`/proc/${pid}/${file}`, 'latin1')).not.toContain('canary')
      }
      expect(JSON.stringify(lines.entries())).not.toContain('canary')
    },
  )
})

describe('its environment', () => {
  it('holds what names and trust need, and no proxy or variable of ours', () => {
    const environment = sidecarEnvironment({
      PATH: '/bin',
      HTTPS_PROXY: 'x',
      MOORING_PASSPHRASE: 'x',
      NODE_OPTIONS: 'x',
    })
    expect(environment).toEqual({ PATH: '/bin' })
  })
})

describe('a sidecar that hangs', () => {
  /** Starts processes that do what the spec says. */
  function scripted(): { launch: SidecarLauncher; launched: SidecarEvents[]; sent: ToSidecar[]; kills: () => number } {
    const launched: SidecarEvents[] = []
    const sent: ToSidecar[] = []
    let killed = 0
    return {
      launched,
      sent,
      kills: () => killed,
      launch: (events) => {
        launched.push(events)
        return {
          pid: launched.length,
          send: (message) => sent.push(message),
          kill: () => {
            killed += 1
            events.exited({ code: null, signal: 'SIGKILL', error: null })
          },
        }
      },
    }
  }

  it('is ended after two heartbeats without an answer, and started again', () => {
    const clock = new FakeClock()
    const { launch, launched, sent, kills } = scripted()
    const client = new SidecarClient({ launch, clock, log: new Log([]) })
    client.start()
    launched[0]?.message({ kind: 'ready', pid: 1 })
    clock.advance(5_000)
    const ping = sent.find(({ kind }) => kind === 'ping')
    launched[0]?.message({ kind: 'pong', id: ping?.kind === 'ping' ? ping.id : 0 })
    clock.advance(10_000)
    expect(kills()).toBe(0)
    clock.advance(5_000)
    expect(kills()).toBe(1)
    clock.advance(250)
    expect(launched).toHaveLength(2)
  })

  it('that is never ready is ended and ends as failed, with its last lines and a way back', () => {
    const clock = new FakeClock()
    const { launch, launched } = scripted()
    const client = new SidecarClient({ launch, clock, log: new Log([]) })
    client.start()
    for (let count = 0; count < 5; count += 1) {
      launched.at(-1)?.line('stderr', `cannot start, token=abcdef123456`)
      launched.at(-1)?.exited({ code: 1, signal: null, error: null })
      clock.advance(30_000)
    }
    expect(client.state().state).toBe('failed')
    expect(client.state().lastLines.join()).toContain('cannot start')
    expect(client.state().lastLines.join()).not.toContain('abcdef123456')
    client.restart()
    expect(client.state().state).not.toBe('failed')
    expect(launched).toHaveLength(6)
  })

  it('and comes back while the vault is locked gets no credentials, and after the unlock the same again', () => {
    const clock = new FakeClock()
    const { launch, launched, sent } = scripted()
    const client = new SidecarClient({ launch, clock, log: new Log([]) })
    const connection = plainConnection('https://10.0.0.1', { token: 'canary' })
    const given = (): number => sent.filter((message) => JSON.stringify(message).includes('canary')).length
    client.start()
    launched[0]?.message({ kind: 'ready', pid: 1 })
    client.setCluster('c', connection)
    client.setCluster('c', connection)
    expect(given()).toBe(1)
    client.forgetCredentials()
    launched[0]?.exited({ code: 1, signal: null, error: null })
    clock.advance(30_000)
    launched[1]?.message({ kind: 'ready', pid: 2 })
    expect(given()).toBe(1)
    client.setCluster('c', connection)
    expect(given()).toBe(2)
  })

  it('does not keep a question waiting for ever', async () => {
    const clock = new FakeClock()
    const { launch, launched } = scripted()
    const client = new SidecarClient({ launch, clock, log: new Log([]) })
    client.start()
    launched[0]?.message({ kind: 'ready', pid: 1 })
    const answer = client.request('version', { clusterId: 'c' }, { timeoutMs: 1_000 })
    await Promise.resolve()
    clock.advance(1_001)
    expect(await answer).toMatchObject({ ok: false, error: { class: 'timeout' } })
  })
})
