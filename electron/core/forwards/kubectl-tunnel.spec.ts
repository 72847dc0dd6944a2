import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { systemClock } from '../clock.ts'
import { FakeClock } from '../clock.testing.ts'
import { kubeconfigForChild } from '../credentials/kubectl-kubeconfig.ts'
import { createPlatform } from '../platform/platform.ts'
import { testChildren } from '../processes/child-processes.testing.ts'
import { silentLog } from '../store/store.testing.ts'
import { kubectlTunnelFactory } from './kubectl-tunnel.ts'
import { someRequest } from './tunnel.testing.ts'
import type { Tunnel, TunnelFailure, TunnelRequest } from './tunnel.ts'

/**
 * What kubectl does on a real cluster is proven there. Here a small program stands in for kubectls that are broken,
 * missing, or put in place by somebody else.
 */
describe.runIf(process.platform !== 'win32')('a tunnel through kubectl', () => {
  let bed: ReturnType<typeof testChildren>
  let folder: string
  let tunnel: Tunnel | null
  let ready: number
  let lost: TunnelFailure[]
  let lines: string[]

  beforeEach(() => {
    bed = testChildren()
    folder = mkdtempSync(join(tmpdir(), 'mooring-kubectl-'))
    tunnel = null
    ready = 0
    lost = []
    lines = []
  })
  afterEach(async () => {
    await tunnel?.close()
    await bed.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A program in the place of kubectl. */
  const standIn = (script: string): string => {
    const path = join(folder, 'kubectl')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }
  /** The same in JavaScript: it has a server to listen with. */
  const program = (script: string): string => {
    const file = join(folder, 'kubectl.mjs')
    writeFileSync(file, `import net from 'node:net'\n${script}`)
    return standIn(`exec '${process.execPath}' '${file}' "$@"`)
  }
  const start = (
    kubectl: Result<{ path: string }>,
    clock = systemClock,
    request: TunnelRequest = someRequest(),
  ): Tunnel => {
    const factory = kubectlTunnelFactory({
      children: bed.children,
      kubectl: () => Promise.resolve(kubectl),
      kubeconfigFor: kubeconfigForChild,
      clock,
      log: silentLog,
      platform: createPlatform(),
    })
    tunnel = factory(request, {
      ready: () => (ready += 1),
      evidence: () => undefined,
      connectionsLost: () => undefined,
      lost: (failure) => lost.push(failure),
      line: (stream, text) => lines.push(`${stream}: ${text}`),
    })
    return tunnel
  }
  const isLost = (): Promise<void> => eventually(() => expect(lost).toHaveLength(1), { timeout: 10_000 })
  const isReady = (): Promise<void> => eventually(() => expect(ready).toBe(1), { timeout: 10_000 })

  it('asks for exactly one pod and port on loopback, with neither kuberc nor a secret in sight', async () => {
    const request = { ...someRequest('db-0'), connection: { ...someRequest().connection, token: 'canary-token' } }
    start(ok({ path: standIn('echo "$@" >&2; env >&2; exit 1') }), systemClock, request)
    await isLost()
    expect(lines[0]).toMatch(
      /^stderr: port-forward pod\/db-0 :8080 --namespace default --address 127\.0\.0\.1 --kubeconfig \S+$/,
    )
    expect(lines).toContain('stderr: KUBERC=off')
    expect(lines.join('\n')).not.toContain('canary')
  })

  it('lets kubectl find the pod where it is given a name only', async () => {
    const request = { ...someRequest(), target: { kind: 'reference', reference: 'svc/web' }, remote: 'http' } as const
    start(ok({ path: standIn('echo "$@" >&2; exit 1') }), systemClock, request)
    await isLost()
    expect(lines[0]).toContain('port-forward svc/web :http ')
  })

  it('says that kubectl is missing, and passes on why none was found', async () => {
    start(ok({ path: join(folder, 'nowhere') }))
    await isLost()
    expect(lost[0]).toMatchObject({ code: 'kubectl-missing' })
    lost = []
    start(fail(appError('kubectl-missing', 'No kubectl in six places.', 'Install it.')))
    await isLost()
    expect(lost[0]).toEqual({ code: 'kubectl-missing', detail: null, message: 'No kubectl in six places.' })
  })

  it('takes the last line for the cause when kubectl ends before it listens', async () => {
    const script = [
      `echo 'E1121 03:24:20.5 1 memcache.go:265] "Unhandled Error" err="couldn'"'"'t get current server API group list: dial tcp 127.0.0.1:6443: connect: connection refused"' >&2`,
      `echo 'error: You must be logged in to the server (Unauthorized)' >&2`,
      'exit 1',
    ]
    start(ok({ path: standIn(script.join('\n')) }))
    await isLost()
    expect(lost[0]).toEqual({
      code: 'credentials-rejected',
      detail: 'unauthorized',
      message: 'You must be logged in to the server (Unauthorized)',
    })
    expect(tunnel?.state).toBe('closed')
  })

  it('names words it does not know as kubectl said them', async () => {
    start(ok({ path: standIn('echo "error: the moon is in the wrong house" >&2; exit 3') }))
    await isLost()
    const message = 'kubectl ended with code 3: the moon is in the wrong house'
    expect(lost[0]).toEqual({ code: 'kubectl-failed', detail: 'exit-3', message })
  })

  it('gives up a kubectl that says nothing for 20 s, and ends it', async () => {
    const clock = new FakeClock()
    const running = start(ok({ path: standIn('exec sleep 600') }), clock)
    await eventually(() => expect(running.usage()).not.toBeNull())
    const [pid = 0] = running.usage()!.pids
    clock.advance(19_999)
    expect(lost).toEqual([])
    clock.advance(1)
    await isLost()
    expect(lost[0]).toMatchObject({ code: 'cluster-unreachable', detail: 'timeout' })
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
    start(ok({ path: standIn(`echo 'Forwarding from 127.0.0.1:${port} -> 8080'; exec sleep 600`) }))
    await isLost()
    expect(lost[0]).toMatchObject({ code: 'kubectl-failed', detail: 'port-not-ours' })
    expect(ready).toBe(0)
    expect(called).toBe(0)
    await new Promise((resolve) => other.close(resolve))
  })

  const listening = (onConnection: string): string =>
    program(`const server = net.createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}); ${onConnection} })
      server.listen(0, '127.0.0.1', () => console.log('Forwarding from 127.0.0.1:' + server.address().port + ' -> 8080'))`)

  it('carries streams, and a second kubectl joins while one is open', async () => {
    const running = start(ok({ path: listening('socket.pipe(socket)') }))
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

  it('cannot tell which of two silent streams was refused, so it claims of neither that the pod saw nothing', async () => {
    const refusal =
      '"an error occurred forwarding 1 -> 8080: error forwarding port 8080 to pod x, uid : connect: connection refused"'
    const running = start(
      ok({
        path: listening(
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
    const running = start(
      ok({ path: listening(`socket.on('data', () => { console.error(${refusal}); process.exit(1) })`) }),
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

  it('ends its kubectl on close, also one that has not begun', async () => {
    const waiting = start(ok({ path: standIn('exec sleep 600') }))
    await waiting.close()
    expect(waiting.state).toBe('closed')
    expect(lost).toEqual([])
    expect(bed.children.counts()).toMatchObject({ running: 0, starting: 0, queued: 0 })
  })
})
