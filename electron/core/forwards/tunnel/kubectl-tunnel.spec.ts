import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { appError, fail, ok } from '../../../../contract/errors.ts'
import { systemClock, type Clock } from '../../clock.ts'
import { FakeClock } from '../../clock.testing.ts'
import { lastWordsMs } from './kubectl-child.ts'
import { KubectlStandIns } from './kubectl-stand-in.testing.ts'
import { someConnection, someRequest } from './tunnel.testing.ts'

/**
 * What kubectl does on a real cluster is proven there. Here a small program stands in for kubectls that are broken,
 * missing, or put in place by somebody else.
 */
describe.runIf(process.platform !== 'win32')('a tunnel through kubectl', () => {
  let standIns: KubectlStandIns

  beforeEach(() => {
    standIns = new KubectlStandIns()
  })
  afterEach(() => standIns.close())

  const isLost = (): Promise<void> => eventually(() => expect(standIns.lost).toHaveLength(1))
  const isReady = (): Promise<void> => eventually(() => expect(standIns.ready).toBe(1))

  it('asks for exactly one pod and port on loopback, with neither kuberc nor a secret in sight', async () => {
    const request = { ...someRequest('db-0'), connection: () => ({ ...someConnection, token: 'canary-token' }) }
    standIns.start(ok({ path: standIns.script('echo "$@" >&2; env >&2; exit 1') }), systemClock, request)
    await isLost()
    expect(standIns.lines[0]).toMatch(
      /^stderr: port-forward pod\/db-0 :8080 --namespace default --address 127\.0\.0\.1 --kubeconfig \S+$/,
    )
    expect(standIns.lines).toContain('stderr: KUBERC=off')
    expect(standIns.lines.join('\n')).not.toContain('canary')
  })

  it('starts nothing once the credentials were taken back', async () => {
    const request = { ...someRequest(), connection: () => null }
    standIns.start(ok({ path: standIns.script('echo started >&2; exit 1') }), systemClock, request)
    await isLost()
    expect(standIns.lost[0]).toMatchObject({ code: 'vault-locked' })
    expect(standIns.lines).toEqual([])
  })

  it('lets kubectl find the pod where it is given a name only', async () => {
    const request = { ...someRequest(), target: { kind: 'reference', reference: 'svc/web' }, remote: 'http' } as const
    standIns.start(ok({ path: standIns.script('echo "$@" >&2; exit 1') }), systemClock, request)
    await isLost()
    expect(standIns.lines[0]).toContain('port-forward svc/web :http ')
  })

  it('says that kubectl is missing, and passes on why none was found', async () => {
    standIns.start(ok({ path: join(standIns.folder, 'nowhere') }))
    await isLost()
    expect(standIns.lost[0]).toMatchObject({ code: 'kubectl-missing' })
    standIns.lost = []
    standIns.start(fail(appError('kubectl-missing', 'No kubectl in six places.', 'Install it.')))
    await isLost()
    expect(standIns.lost[0]).toEqual({
      code: 'kubectl-missing',
      detail: null,
      message: 'No kubectl in six places.',
      next: 'Install it.',
    })
    standIns.lost = []
    standIns.start(fail(appError('kubectl-unusable', 'The kubectl /x/kubectl cannot be used.', 'Repair it.')))
    await isLost()
    expect(standIns.lost[0]).toEqual({
      code: 'kubectl-failed',
      detail: 'kubectl-unusable',
      message: 'The kubectl /x/kubectl cannot be used.',
      next: 'Repair it.',
    })
  })

  it('takes the last line for the cause when kubectl ends before it listens', async () => {
    const script = [
      `echo 'E1121 03:24:20.5 1 memcache.go:265] "Unhandled Error" err="couldn'"'"'t get current server API group list: dial tcp 127.0.0.1:6443: connect: connection refused"' >&2`,
      `echo 'error: You must be logged in to the server (Unauthorized)' >&2`,
      'exit 1',
    ]
    const failed = standIns.start(ok({ path: standIns.script(script.join('\n')) }))
    await isLost()
    expect(standIns.lost[0]).toEqual({
      code: 'credentials-rejected',
      detail: 'unauthorized',
      message: 'You must be logged in to the server (Unauthorized)',
    })
    expect(failed.state).toBe('closed')
  })

  it('names words it does not know as kubectl said them', async () => {
    standIns.start(ok({ path: standIns.script('echo "error: the moon is in the wrong house" >&2; exit 3') }))
    await isLost()
    const message = 'kubectl ended with code 3: the moon is in the wrong house'
    expect(standIns.lost[0]).toEqual({ code: 'kubectl-failed', detail: 'exit-3', message })
  })

  it('gives up a kubectl that says nothing for 20 s, and ends it', async () => {
    const clock = new FakeClock()
    const running = standIns.start(ok({ path: standIns.script('exec sleep 600') }), clock)
    await eventually(() => expect(running.usage()).not.toBeNull())
    const [pid = 0] = running.usage()!.pids
    clock.advance(19_999)
    expect(standIns.lost).toEqual([])
    clock.advance(1)
    await isLost()
    expect(standIns.lost[0]).toMatchObject({ code: 'api-unavailable', detail: 'kubectl-silent' })
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it.runIf(process.platform === 'linux')('sends nothing to a port that belongs to somebody else', async () => {
    // It claims the port of this very process.
    const { createServer } = await import('node:net')
    let called = 0
    const other = createServer(() => (called += 1)).listen(0, '127.0.0.1')
    await eventually(() => expect(other.listening).toBe(true))
    const address = other.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    standIns.start(ok({ path: standIns.script(`echo 'Forwarding from 127.0.0.1:${port} -> 8080'; exec sleep 600`) }))
    await isLost()
    expect(standIns.lost[0]).toMatchObject({ code: 'kubectl-failed', detail: 'port-not-ours' })
    expect(standIns.ready).toBe(0)
    expect(called).toBe(0)
    await new Promise((resolve) => other.close(resolve))
  })

  it('carries streams, and a second kubectl joins while one is open', async () => {
    const running = standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }))
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    expect(running.connections).toBe(1)
    let heard = ''
    opened.value.receive?.((chunk) => {
      heard += chunk.toString()
      return true
    })
    opened.value.write('hello')
    opened.value.resume()
    await eventually(() => expect(heard).toBe('hello'))
    await eventually(() => expect(running.usage()?.pids).toHaveLength(2), { timeout: 10_000 })
    opened.value.destroy()
    await eventually(() => expect(running.connections).toBe(0))
  })

  /** The real one, and what a test adds to it. */
  const movedClock = (): Clock & { ahead: number } => ({
    ...systemClock,
    ahead: 0,
    monotonic() {
      return systemClock.monotonic() + this.ahead
    },
  })

  it('ends clients that wait for a pod that is gone once it is asked beside them', async () => {
    // As kubectl does: what is open stays as it is, and the next stream tells it.
    const gone = `socket.once('data', () => console.log('heard'))
    if (sockets.length > 1) {
      console.error('E1121 03:24:20.5 18078 portforward.go:522] "Unhandled Error" err="an error occurred forwarding 4 -> 80: error forwarding port 80 to pod abc, uid : network namespace for sandbox \\"abc\\" is closed"')
      console.error('error: lost connection to pod')
      process.exit(1)
    }`
    const clock = movedClock()
    const running = standIns.start(ok({ path: standIns.listening(gone) }), clock)
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    opened.value.write('hello')
    opened.value.resume()
    running.drain()
    expect(running).toMatchObject({ state: 'draining', connections: 1 })
    // A program that ends before it has read resets its client.
    await eventually(() => expect(standIns.lines).toContain('stdout: heard'))
    // Who came a moment ago may be answered yet.
    await running.probeBeside('strangers')
    expect(opened.value.readableEnded).toBe(false)
    clock.ahead = 10_000
    await running.probeBeside('strangers')
    await eventually(() => expect(opened.value.readableEnded).toBe(true))
    expect(await opened.value.verdict?.()).toMatchObject({ kind: 'tunnel-failed', failure: { detail: 'pod-gone' } })
    opened.value.destroy()
    await eventually(() => expect(running.state).toBe('closed'))
    expect(standIns.connectionsLost).toEqual([])
  })

  it('keeps clients whose pod answers when it is asked beside them', async () => {
    const clock = movedClock()
    const running = standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }), clock)
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    opened.value.resume()
    running.drain()
    clock.ahead = 10_000
    await running.probeBeside('strangers')
    expect(running).toMatchObject({ state: 'draining', connections: 1 })
    expect(opened.value.closed).toBe(false)
    opened.value.destroy()
    await eventually(() => expect(running.state).toBe('closed'))
  })

  it.runIf(process.platform === 'linux')('is lost with the one child that was not stopped', async () => {
    const tunnel = standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }))
    await isReady()
    const [first = 0] = tunnel.usage()?.pids ?? []
    const opened = await tunnel.open()
    expect(opened.ok).toBe(true)
    const spare = await eventually(() => {
      const [other] = tunnel.usage()?.pids.filter((pid) => pid !== first) ?? []
      expect(other).toBeDefined()
      return other ?? 0
    })
    // The free one is asked: it is ready, and later it has stopped.
    await eventually(async () => expect((await tunnel.probe()).kind).toBe('live'))
    process.kill(spare, 'SIGSTOP')
    await eventually(async () => expect((await tunnel.probe()).kind).toBe('stalled'))
    process.kill(first, 'SIGKILL')
    await isLost()
    expect(standIns.lost).toMatchObject([{ code: 'tunnel-lost', detail: 'killed' }])
    process.kill(spare, 'SIGCONT')
  })

  it('says so when its one child has ended and the spare is not there yet, and waits for that', async () => {
    // The first listens at once, the others when they may.
    const tunnel = standIns.start(
      ok({
        path: standIns.program(`const server = net.createServer((socket) => socket.pipe(socket))
          const listen = () => server.listen(0, '127.0.0.1', () => console.log('Forwarding from 127.0.0.1:' + server.address().port + ' -> 8080'))
          const timer = setInterval(() => {
            if (!first && !existsSync('${standIns.folder}/others')) return
            clearInterval(timer)
            listen()
          }, 10)`),
      }),
    )
    await isReady()
    const [first = 0] = tunnel.usage()?.pids ?? []
    const opened = await tunnel.open()
    expect(opened.ok).toBe(true)
    await eventually(() => expect(tunnel.usage()?.pids).toHaveLength(2))
    process.kill(first, 'SIGKILL')
    await eventually(() => expect(standIns.reopening).toMatchObject([{ code: 'tunnel-lost', detail: 'killed' }]))
    expect(tunnel.state).toBe('opening')
    writeFileSync(join(standIns.folder, 'others'), '')
    await eventually(() => expect(standIns.ready).toBe(2))
    expect(tunnel.state).toBe('ready')
    expect(standIns.lost).toEqual([])
  })

  it('goes on at the limit of processes, and says that it cannot be asked whether it works', async () => {
    standIns.limits = { maxChildren: 1, maxStarting: 4 }
    const running = standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }))
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    await eventually(async () =>
      expect(await running.probe()).toMatchObject({ kind: 'inconclusive', hindrance: { code: 'limit-reached' } }),
    )
    let heard = ''
    opened.value.receive?.((chunk) => {
      heard += chunk.toString()
      return true
    })
    opened.value.resume()
    opened.value.write('still there')
    await eventually(() => expect(heard).toBe('still there'))
    expect(standIns.lost).toEqual([])
    // It is tried again as soon as there is room.
    standIns.limits = { maxChildren: 2, maxStarting: 4 }
    await eventually(async () => expect((await running.probe()).kind).toBe('live'), { timeout: 10_000 })
  })

  it('tells that it waits for its turn, and when that has come', async () => {
    standIns.limits = { maxChildren: 128, maxStarting: 1 }
    standIns.start(ok({ path: standIns.script('exec sleep 600') }))
    await eventually(() => expect(standIns.bed.children.counts().starting).toBe(1))
    expect(standIns.waits).toEqual([])
    standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }))
    // A turn lasts 2 s at most.
    await eventually(() => expect(standIns.waits).toEqual([true, false]), { timeout: 10_000 })
    await isReady()
  })

  it.runIf(process.platform === 'linux')(
    'refuses with the last words of a kubectl, though nobody has read them yet',
    async () => {
      const refusal = '"error forwarding port 8080 to pod x, uid : network namespace for sandbox \\"x\\" is closed"'
      const running = standIns.start(ok({ path: standIns.listening(`console.error(${refusal}); process.exit(1)`) }))
      await isReady()
      const system = { ...standIns.platform }
      let looked = false
      standIns.platform.processState = (pid) => {
        // As on a busy machine: connected, and before anybody looks again kubectl is dead. Its successor lives.
        const until = performance.now() + 10_000
        while (!looked && system.processState(pid) !== 'dead' && performance.now() < until);
        looked = true
        return system.processState(pid)
      }
      expect(await running.open()).toMatchObject({ ok: false, error: { code: 'pod-replaced', detail: 'pod-gone' } })
      await isLost()
    },
  )

  it('waits for no last words while another kubectl takes the client', async () => {
    // The first takes one connection, and lives on without a word.
    const tunnel = standIns.start(ok({ path: standIns.listening('socket.pipe(socket); if (first) server.close()') }), {
      ...systemClock,
      after: (ms, run) => systemClock.after(ms === lastWordsMs ? 3_600_000 : ms, run),
    })
    await isReady()
    expect((await tunnel.open()).ok).toBe(true)
    await eventually(async () => expect((await tunnel.probe()).kind).toBe('live'), { timeout: 10_000 })
    expect((await tunnel.open()).ok).toBe(true)
  }, 30_000)

  it('cannot tell which of two silent streams was refused, so it claims of neither that the pod saw nothing', async () => {
    const refusal =
      '"an error occurred forwarding 1 -> 8080: error forwarding port 8080 to pod x, uid : connect: connection refused"'
    const running = standIns.start(
      ok({
        path: standIns.listening(
          `socket.on('data', (d) => { if (String(d) === 'go') { console.error(${refusal}); process.exit(1) } })`,
        ),
      }),
    )
    await isReady()
    // Long enough apart that the second does not wait for the first one's fate.
    const first = await running.open()
    const second = await running.open()
    if (!first.ok || !second.ok) throw new Error('no stream')
    const ends = [first.value, second.value].map(async (stream) => {
      stream.receive?.(() => true)
      stream.resume()
      await new Promise((resolve) => stream.once('end', resolve).once('error', resolve))
      return stream.verdict?.()
    })
    first.value.write('a question')
    second.value.write('go')
    for (const verdict of await Promise.all(ends)) {
      expect(verdict).toMatchObject({
        kind: 'tunnel-failed',
        neverReachedPod: false,
        failure: { code: 'container-not-listening' },
      })
    }
    await isLost()
  })

  it('proves it where a single stream can be meant, and where nothing was sent', async () => {
    const refusal =
      '"an error occurred forwarding 1 -> 8080: error forwarding port 8080 to pod x, uid : connect: connection refused"'
    const running = standIns.start(
      ok({ path: standIns.listening(`socket.on('data', () => { console.error(${refusal}); process.exit(1) })`) }),
    )
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    opened.value.receive?.(() => true)
    opened.value.resume()
    opened.value.write('a question')
    await new Promise((resolve) => opened.value.once('end', resolve).once('error', resolve))
    expect(await opened.value.verdict?.()).toMatchObject({ kind: 'tunnel-failed', neverReachedPod: true })
  })

  it('leaves no timer behind that would know its credentials, also when a client was there until the end', async () => {
    const clock = new FakeClock()
    const running = standIns.start(ok({ path: standIns.listening('socket.pipe(socket)') }), clock)
    await isReady()
    const opened = await running.open()
    if (!opened.ok) throw new Error(opened.error.message)
    opened.value.receive?.(() => true)
    opened.value.resume()
    await running.close()
    await eventually(() => expect(running.connections).toBe(0))
    await eventually(() => expect(clock.pending).toBe(0))
  })

  it('ends its kubectl on close, also one that has not begun', async () => {
    const waiting = standIns.start(ok({ path: standIns.script('exec sleep 600') }))
    await waiting.close()
    expect(waiting.state).toBe('closed')
    expect(standIns.lost).toEqual([])
    expect(standIns.bed.children.counts()).toMatchObject({ running: 0, starting: 0, queued: 0 })
  })
})
