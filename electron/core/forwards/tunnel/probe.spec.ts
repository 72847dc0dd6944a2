import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { ok } from '../../../../contract/errors.ts'
import { systemClock } from '../../clock.ts'
import { KubectlStandIns } from './kubectl-stand-in.testing.ts'
import type { Tunnel } from './tunnel.ts'

/** What kubectl itself does is proven on real clusters. Here small programs act like kubectls before all kinds of runtimes. */
describe.runIf(process.platform !== 'win32')('a probe', () => {
  let standIns: KubectlStandIns
  beforeEach(() => {
    standIns = new KubectlStandIns()
  })
  afterEach(() => standIns.close())

  /** Waits as long as ever, but the three seconds of a probe last fifteen: a machine may stand still for a moment. */
  const patientClock = { ...systemClock, monotonic: () => systemClock.monotonic() / 5 }

  async function ready(onConnection: string, clock = patientClock): Promise<Tunnel> {
    const tunnel = standIns.start(ok({ path: standIns.listening(onConnection) }), clock)
    await eventually(() => expect(tunnel.state).toBe('ready'))
    return tunnel
  }

  /** kubectl's line about a client's reset; `told` is the port it names. */
  const tellsOfResets = (told: string): string => `
    const told = ${told}
    socket.resume()
    socket.on('error', () => console.error('E1121 1 portforward.go:502] "Unhandled Error" err="error copying from local connection to remote stream: read tcp4 127.0.0.1:1->127.0.0.1:' + told + ': read: connection reset by peer"'))`

  it('is answered by an end that nobody complains about', async () => {
    const tunnel = await ready(`socket.resume(); socket.on('end', () => setTimeout(() => socket.end(), 200))`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
  })

  it('is answered by a server that speaks first', async () => {
    const tunnel = await ready(`socket.write('220 hello')`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
  })

  it('is refused in the words of kubectl', async () => {
    const refusal =
      'an error occurred forwarding 1 -> 8080: error forwarding port 8080 to pod 1: dial tcp4 127.0.0.1:8080: connect: connection refused'
    const tunnel = await ready(`console.error('${refusal}'); socket.end(); setTimeout(() => process.exit(1), 5)`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'refused', failure: { code: 'container-not-listening' } })
  })

  it('of a runtime that never ends a stream is answered by the reset that kubectl meets', async () => {
    const tunnel = await ready(`console.error('a connection'); ${tellsOfResets('socket.remotePort')}`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
    // From then on it is not asked for an end first.
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
    await eventually(() => expect(standIns.lines.filter((line) => line.includes('a connection'))).toHaveLength(3))
    expect(standIns.lines.filter((line) => line.includes('reset by peer'))).toEqual([])
    expect(standIns.lost).toEqual([])
  })

  it('of such a runtime is refused when the port is not listened on any more', async () => {
    const refusal =
      'an error occurred forwarding 1 -> 8080: error forwarding port 8080 to pod 1: dial tcp4 127.0.0.1:8080: connect: connection refused'
    const tunnel = await ready(`if (sockets.length === 3) {
        console.error('${refusal}')
        socket.end()
        setTimeout(() => process.exit(1), 5)
      } else { ${tellsOfResets('socket.remotePort')} }`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
    expect(await tunnel.probe()).toMatchObject({ kind: 'refused', failure: { code: 'container-not-listening' } })
  })

  it('stalls within 3 s where nothing ends and nothing is read', async () => {
    const tunnel = await ready('socket.pause()', systemClock)
    const startedAt = performance.now()
    expect(await tunnel.probe()).toMatchObject({ kind: 'stalled' })
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })

  it("does not take another client's reset for its own", async () => {
    const tunnel = await ready(tellsOfResets('1'))
    expect(await tunnel.probe()).toMatchObject({ kind: 'stalled' })
    await eventually(() => expect(standIns.lines.some((line) => line.includes('reset by peer'))).toBe(true))
  })

  it('of a kubectl that stops answering after it was proven never to end streams stalls too', async () => {
    const tunnel = await ready(`if (sockets.length > 2) socket.pause()
      else { ${tellsOfResets('socket.remotePort')} }`)
    expect(await tunnel.probe()).toMatchObject({ kind: 'live' })
    expect(await tunnel.probe()).toMatchObject({ kind: 'stalled' })
  })
})
