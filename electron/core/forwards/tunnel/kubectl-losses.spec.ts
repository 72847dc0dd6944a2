import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../network/eventually.testing.ts'
import { ok } from '../../../../contract/errors.ts'
import { isCutOff } from './kubectl-losses.ts'
import { KubectlStandIns } from './kubectl-stand-in.testing.ts'
import type { KubectlStream } from './kubectl-streams.ts'
import type { StreamClient, Tunnel, TunnelStream } from './tunnel.ts'

describe('who lost a connection', () => {
  const now = 100_000
  /** `sent` bytes, and an answer that began and ended so many ms ago. */
  const stream = (sent: number, began: number, ended: number, answeredBytes = sent): KubectlStream =>
    ({
      socket: { bytesWritten: sent } as unknown,
      lastByteAt: now - ended,
      answerBeganAt: now - began,
      answeredBytes,
    }) as KubectlStream
  const streams = {
    'had its answer just now': stream(100, 11, 10),
    'has been idle for a minute': stream(100, 60_001, 60_000),
    'waits for an answer': stream(200, 61_000, 60_000, 100),
    'never had an answer': stream(100, now, now, 0),
    'is in the middle of a long answer': stream(100, 5_000, 20),
  }
  const cutOff = (why: string | null): string[] =>
    Object.entries(streams).flatMap(([name, one]) => (isCutOff(one, why, now) ? [name] : []))

  it('is everybody, unless the pod ended', () => {
    for (const why of ['killed', 'lost-connection', 'exit-1', null]) expect(cutOff(why)).toEqual(Object.keys(streams))
    expect(cutOff('pod-gone')).toEqual([])
  })

  it('is who waited for bytes when nothing listens in the pod any more', () => {
    expect(cutOff('refused-in-pod')).toEqual([
      'waits for an answer',
      'never had an answer',
      'is in the middle of a long answer',
    ])
  })

  it('is also who was idle when the pod only reset another connection', () => {
    expect(cutOff('reset-in-pod')).toEqual(Object.keys(streams).slice(1))
  })
})

describe.runIf(process.platform === 'linux')('what a kubectl takes with it, on a busy machine', () => {
  let standIns: KubectlStandIns
  let load: Worker[]

  beforeEach(() => {
    standIns = new KubectlStandIns()
    // Twice as many busy loops as processors: whoever wants to run waits.
    load = Array.from({ length: availableParallelism() * 2 }, () => new Worker('for (;;);', { eval: true }))
  })
  afterEach(async () => {
    await Promise.all(load.map((worker) => worker.terminate()))
    await standIns.close()
  })

  const start = async (onConnection: string): Promise<Tunnel> => {
    const { ready } = standIns
    const tunnel = standIns.start(ok({ path: standIns.listening(onConnection) }))
    await eventually(() => expect(standIns.ready).toBe(ready + 1))
    return tunnel
  }
  /** A client that has said so many bytes and been answered. */
  const talk = async (tunnel: Tunnel, client?: StreamClient): Promise<TunnelStream> => {
    const opened = await tunnel.open(client)
    if (!opened.ok) throw new Error(opened.error.message)
    let heard = 0
    opened.value.receive?.((chunk) => {
      heard += chunk.length
      return true
    })
    opened.value.write('hello')
    opened.value.resume()
    await eventually(() => expect(heard).toBe(5), { interval: 1 })
    return opened.value
  }
  /** A spare kubectl beside the killed one would keep the tunnel. */
  const noSpare = { maxChildren: 1, maxStarting: 4 }
  const pidOf = (tunnel: Tunnel): number => tunnel.usage()?.pids[0] ?? 0

  it('is counted exactly when it is killed, 20 times', async () => {
    for (let round = 0; round < 20; round += 1) {
      const before = standIns.clientsLost
      const tunnel = await start('socket.pipe(socket)')
      const streams = await Promise.all(Array.from({ length: 1 + (round % 7) }, () => talk(tunnel)))
      process.kill(pidOf(tunnel), 'SIGKILL')
      const verdicts = await Promise.all(
        streams.map(async (stream) => {
          await new Promise((resolve) => stream.once('end', resolve).once('error', resolve))
          return stream.verdict?.()
        }),
      )
      expect(verdicts.map((verdict) => verdict?.kind)).toEqual(streams.map(() => 'tunnel-failed'))
      await tunnel.close()
      expect(standIns.clientsLost - before).toBe(streams.length)
    }
    expect(new Set(standIns.connectionsLost.map(({ failure }) => failure.detail))).toEqual(new Set(['killed']))
  }, 60_000)

  it('is counted also when its tunnel is closed the moment it died, and from clients that do not read', async () => {
    standIns.limits = noSpare
    const tunnel = await start('socket.pipe(socket)')
    const streams = await Promise.all(Array.from({ length: 5 }, () => talk(tunnel)))
    for (const stream of streams) stream.pause()
    process.kill(pidOf(tunnel), 'SIGKILL')
    await eventually(() => expect(standIns.lost).toHaveLength(1))
    await tunnel.close()
    expect(standIns.clientsLost).toBe(5)
  })

  it('is counted when it closes its connections first and ends when it gets the time', async () => {
    // As kubectl does when the API server is gone.
    const tunnel = await start(`socket.on('data', (data) => {
      if (String(data) !== 'end') return socket.write(data)
      for (const one of sockets) one.end()
      setImmediate(() => {
        for (const until = performance.now() + 300; performance.now() < until;);
        console.error('error: lost connection to pod')
        process.exit(1)
      })
    })`)
    const streams = await Promise.all(Array.from({ length: 4 }, () => talk(tunnel)))
    streams[0]?.write('end')
    await eventually(() => expect(standIns.clientsLost).toBe(4))
    expect(standIns.connectionsLost[0]?.failure).toMatchObject({ code: 'tunnel-lost', detail: 'lost-connection' })
  })

  it('is nothing when the pod ends connections, or we do, or whose clients had left', async () => {
    standIns.limits = noSpare
    const tunnel = await start(`socket.on('data', (data) => {
      if (String(data) === 'hello') socket.write(data)
      else socket.end()
    })`)
    const ended = await Promise.all(Array.from({ length: 4 }, () => talk(tunnel)))
    for (const stream of ended) stream.write('bye')
    const verdicts = ended.map(async (stream) => {
      await new Promise((resolve) => stream.once('end', resolve))
      return stream.verdict?.()
    })
    for (const verdict of await Promise.all(verdicts)) expect(verdict).toEqual({ kind: 'pod-ended' })
    const left = await talk(tunnel)
    left.destroy()
    await talk(tunnel, { isGone: () => Promise.resolve(true) })
    process.kill(pidOf(tunnel), 'SIGKILL')
    await eventually(() => expect(standIns.lost).toHaveLength(1))
    await tunnel.close()

    const other = await start('socket.pipe(socket)')
    await talk(other)
    await other.close()
    expect(standIns.connectionsLost).toEqual([])
  })
})
