import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Forward } from '../../../contract/forwards.ts'
import { owner } from '../../../contract/permissions.ts'
import { freePort } from '../../../network/free-ports.testing.ts'
import { ForwardBench } from './forward-service.testing.ts'
import { echo, free, occupy } from './listener/local-server.testing.ts'
import { client } from './tunnel/tunnel.testing.ts'

let bench: ForwardBench
beforeEach(async () => {
  bench = await ForwardBench.started()
})
afterEach(() => bench[Symbol.asyncDispose]())

const context = { principal: owner, signal: new AbortController().signal }

describe('local ports', () => {
  it('belong to one forward at a time; the holder is named', async () => {
    const local = await freePort()
    const port = { remote: 80, local, bind: '127.0.0.1' }
    const first = await bench.live({ name: 'first', ports: [port] })
    expect(await bench.create({ ports: [port] })).toMatchObject({
      error: { code: 'local-port-taken', message: `127.0.0.1:${local} belongs to the forward first.` },
    })
    const second = await bench.create({ name: 'second', ports: [port], desired: 'off' })
    if (!second.ok) throw new Error()
    const { id } = second.value
    expect(await bench.service.update({ id, desired: 'on' })).toMatchObject({ error: { code: 'local-port-taken' } })
    await bench.service.update({ id: first.id, desired: 'off' })
    await bench.service.update({ id, desired: 'on' })
    await bench.until(id, ({ state }) => state === 'live')
  })

  it('are given out once, however many ask at the same time', async () => {
    const local = await freePort()
    const answers = await Promise.all(
      [1, 2, 3].map(() => bench.create({ ports: [{ remote: 80, local, bind: '127.0.0.1' }] })),
    )
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  })

  it('that another program holds are named with it, and taken when it goes', async () => {
    const other = await occupy(0)
    const { port: local } = other.address() as AddressInfo
    const created = await bench.create({ ports: [{ remote: 80, local, bind: '127.0.0.1' }] })
    if (!created.ok) throw new Error()
    const named = (message = ''): boolean =>
      process.platform !== 'linux' || message.includes(`(process ${process.pid})`)
    const held = await bench.until(created.value.id, ({ state, cause }) => state === 'holding' && named(cause?.message))
    expect(held.cause).toMatchObject({ code: 'local-port-taken' })
    await free(other)
    const { id } = created.value
    await bench.until(id, ({ state }) => state === 'live')
    const history = await bench.service.handlers()['forwards.history']({ id, limit: 10 }, context)
    // The owner may be added later, as another entry of the same state.
    const states = history.ok ? history.value.entries.map(({ state }) => state) : []
    expect(states.filter((state, index) => state !== states[index - 1])).toEqual(['live', 'holding', 'starting'])
  })

  it('stay the same when it is stopped and started, and over a restart of the app', async () => {
    const { id, ports } = await bench.live()
    await bench.service.update({ id, desired: 'off' })
    await bench.until(id, ({ state }) => state === 'off')
    await free(await occupy(ports[0]!.local))
    await bench.service.update({ id, desired: 'on' })
    await bench.until(id, ({ state }) => state === 'live')
    await bench.restart()
    const again = await bench.until(id, ({ state }) => state === 'live')
    expect(again.ports).toEqual(ports)
    expect(await echo(ports[0]!.local)).toBe('hello')
  })
})

describe('rows', () => {
  it('are told again when they were heard of again, and at each attempt, though their state is the same', async () => {
    /** What a page knows: nothing but what was told. */
    const page = new Map<string, Forward['observed']>()
    bench.service.onChange(({ id }) => {
      const row = bench.service.get(id)
      if (row !== null) page.set(id, row.observed)
    })
    const { id, observed } = await bench.live({ probe: { mode: 'connect', seconds: 1 } })
    await expect
      .poll(() => page.get(id)?.lastEvidenceAt, { timeout: 10_000 })
      .toBeGreaterThan(observed.lastEvidenceAt! + 900)
    const failure = { code: 'tunnel-lost', detail: null, message: 'lost connection to pod' } as const
    bench.opening = (tunnel) => queueMicrotask(() => tunnel.lose(failure))
    bench.tunnels.at(-1)!.lose(failure)
    await expect.poll(() => page.get(id)?.attempt, { timeout: 15_000 }).toBeGreaterThan(2)
  })
})

describe('editing', () => {
  it('the remote port keeps the local one bound, and hands nobody who waits to it', async () => {
    bench.opening = () => undefined
    const created = await bench.create()
    if (!created.ok) throw new Error()
    const { id, ports } = created.value
    const [port] = ports
    await bench.until(id, () => bench.tunnels.length === 1)
    const waiting = await client(port!.local)
    const ended = once(waiting, 'end')
    waiting.on('error', () => undefined).resume()
    await bench.until(id, ({ observed }) => observed.parked === 1)
    bench.opening = (tunnel) => queueMicrotask(() => tunnel.ready())
    const edited = await bench.service.update({ id, ports: [{ remote: 7000, local: port!.local, bind: port!.bind }] })
    expect(edited).toMatchObject({ value: { ports: [{ id: port!.id, remote: 7000, local: port!.local }] } })
    await ended
    await bench.until(id, ({ state }) => state === 'live')
    expect(bench.tunnels.at(-1)?.request.remote).toBe(7000)
    expect(await echo(port!.local)).toBe('hello')
  })

  it.each([
    [false, 'hello'],
    [true, ''],
  ])(
    'the credentials of its cluster (another server: %s) hands who waits the answer "%s"',
    async (anotherServer, answer) => {
      bench.opening = () => undefined
      const created = await bench.create()
      if (!created.ok) throw new Error()
      const { id, ports } = created.value
      await bench.until(id, () => bench.tunnels.length === 1)
      const waiting = echo(ports[0]!.local).catch(() => '')
      await bench.until(id, ({ observed }) => observed.parked === 1)
      bench.opening = (tunnel) => queueMicrotask(() => tunnel.ready())
      bench.clusterChanged({ kind: 'credentials', anotherServer })
      expect(await waiting).toBe(answer)
      await bench.until(id, ({ state }) => state === 'live')
      expect(await echo(ports[0]!.local)).toBe('hello')
    },
  )

  it('the name changes nothing else', async () => {
    const { id } = await bench.live()
    await bench.service.update({ id, name: 'mine' })
    expect(bench.service.get(id)).toMatchObject({ name: 'mine', state: 'live' })
    expect(bench.tunnels).toHaveLength(1)
  })
})

describe('the name of its cluster', () => {
  it('is in the words of a cause also after it was changed, and is not looked up for every decision', async () => {
    const silent = { code: 'cluster-unreachable', detail: 'timeout', message: 'no answer' } as const
    bench.opening = (tunnel) => queueMicrotask(() => tunnel.lose(silent))
    const created = await bench.create()
    if (!created.ok) throw new Error(created.error.message)
    const { id } = created.value
    await bench.until(id, ({ cause, observed }) => cause?.message.includes('dev') === true && observed.attempt >= 2)
    const reads = bench.clusterReads
    await bench.until(id, ({ observed }) => observed.attempt >= 4)
    expect(bench.clusterReads).toBe(reads)
    bench.clusterName = 'production'
    bench.clusterChanged({ kind: 'changed' })
    await bench.until(id, ({ cause }) => cause?.message.includes('production') === true)
    expect(bench.clusterReads).toBe(reads + 1)
  })
})

describe('a cluster that a look does not reach', () => {
  it('is the reason of a forward through which nothing comes, as soon as that is known', async () => {
    const created = await bench.create({ probe: { mode: 'connect', seconds: 1 } })
    if (!created.ok) throw new Error(created.error.message)
    const { id } = created.value
    await bench.until(id, ({ state }) => state === 'live')
    // Neither the tunnel nor those that are made to replace it answer any more.
    bench.opening = (tunnel) => {
      tunnel.answer = { kind: 'stalled', ms: 2_000 }
      queueMicrotask(() => tunnel.ready())
    }
    for (const tunnel of bench.tunnels) tunnel.answer = { kind: 'stalled', ms: 2_000 }
    await bench.until(id, ({ cause }) => cause?.code === 'tunnel-stalled')
    const cause = { code: 'cluster-unreachable', detail: 'timeout', message: 'no answer', next: 'look' } as const
    const away = { ...bench.clusterStatus, status: 'disconnected', cause } as const
    bench.clusterStatus = { ...away, checkedAt: Date.now() - 3_600_000 }
    bench.clusterChanged({ kind: 'changed' })
    await nextTurn()
    expect(bench.service.get(id)?.cause?.code, 'a look of an hour ago').toBe('tunnel-stalled')
    bench.clusterStatus = { ...away, checkedAt: Date.now() }
    bench.clusterChanged({ kind: 'changed' })
    const row = await bench.until(id, ({ cause: said }) => said?.code === 'cluster-unreachable')
    expect(row.cause?.message).toBe('The API server of dev does not answer.')
  })
})
