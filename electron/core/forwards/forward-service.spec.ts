import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fail } from '../../../contract/errors.ts'
import { owner } from '../../../contract/permissions.ts'
import { eventually } from '../../../network/eventually.testing.ts'
import { freePort } from '../../../network/free-ports.testing.ts'
import { ForwardBench } from './forward-service.testing.ts'
import { echo, free, occupy } from './listener/local-server.testing.ts'
import { aPod, aView } from './reconciler/reconciler-world.testing.ts'
import { client, someConnection } from './tunnel/tunnel.testing.ts'

let bench: ForwardBench
beforeEach(async () => {
  bench = await ForwardBench.started()
})
afterEach(() => bench[Symbol.asyncDispose]())

const context = { principal: owner, signal: new AbortController().signal }

describe('a new forward', () => {
  it('gets a local port at once, is live in a moment, and carries clients', async () => {
    const created = await bench.create()
    expect(created).toMatchObject({ ok: true, value: { name: 'svc/web:80', desired: 'on' } })
    if (!created.ok) return
    const local = created.value.ports[0]!.local
    expect(local).toBeGreaterThanOrEqual(20_000)
    expect(local).toBeLessThan(30_000)
    const live = await bench.until(created.value.id, ({ state }) => state === 'live')
    expect(live).toMatchObject({ cause: null, observed: { pod: 'web-1', watching: true, reconnects: 0 } })
    expect(await echo(local)).toBe('hello')
    const counted = await bench.until(live.id, ({ observed }) => observed.bytesIn === 5 && observed.bytesOut === 5)
    expect(counted.observed.lastEvidenceAt).toBeGreaterThan(Date.now() - 5_000)
  })

  it('says that it is queued while it waits for its turn, and no other forward does', async () => {
    bench.opening = () => undefined
    const created = [await bench.create(), await bench.create()]
    const ids = created.map((one) => (one.ok ? one.value.id : ''))
    const [waiting = '', other = ''] = ids
    for (const id of ids) await bench.until(id, () => bench.tunnels.some(({ request }) => request.forwardId === id))
    const tunnel = bench.tunnels.find(({ request }) => request.forwardId === waiting)
    tunnel?.events.waits(true)
    await bench.until(waiting, ({ cause }) => cause?.code === 'queued')
    expect(bench.service.get(other)?.cause?.code).toBe('connecting')
    tunnel?.events.waits(false)
    await bench.until(waiting, ({ cause }) => cause?.code === 'connecting')
  })

  it('keeps the clients of a tunnel that cannot be asked whether it works, and names what is in the way', async () => {
    const live = await bench.live({ probe: { mode: 'connect', seconds: 1 } })
    const [tunnel] = bench.tunnels
    if (tunnel === undefined) throw new Error('no tunnel')
    const hindrance = { code: 'limit-reached', detail: null, message: 'so many run' } as const
    tunnel.answer = { kind: 'inconclusive', why: 'busy', hindrance }
    const hindered = await bench.until(live.id, ({ cause }) => cause?.code === 'limit-reached')
    expect(hindered).toMatchObject({ state: 'recovering', cause: { detail: 'unchecked' } })
    expect(hindered.cause?.message).toContain('cannot check')
    expect(await echo(live.ports[0]!.local)).toBe('hello')
    tunnel.answer = { kind: 'live', ms: 1 }
    await bench.until(live.id, ({ state }) => state === 'live')
    expect(bench.tunnels).toHaveLength(1)
  })

  it('takes a client as soon as its address is told, also after it was edited', async () => {
    const created = await bench.create()
    if (!created.ok) throw new Error()
    const { id, ports } = created.value
    expect(await echo(ports[0]!.local)).toBe('hello')
    const local = await freePort()
    await bench.service.update({ id, ports: [{ ...ports[0]!, local }] })
    expect(await echo(local)).toBe('hello')
    await bench.service.update({ id, desired: 'off' })
    await bench.service.update({ id, desired: 'on' })
    expect(await echo(local)).toBe('hello')
  })

  it('says at once that its port is taken', async () => {
    const other = await occupy(0)
    const { port: local } = other.address() as AddressInfo
    const created = await bench.create({ ports: [{ remote: 80, local, bind: '127.0.0.1' }] })
    expect(created).toMatchObject({ value: { state: 'holding', cause: { code: 'local-port-taken' } } })
    await free(other)
  })

  it('takes a client before its tunnel is there', async () => {
    let go = (): void => undefined
    bench.opening = (tunnel) => {
      go = () => tunnel.ready()
    }
    const created = await bench.create()
    if (!created.ok) throw new Error()
    await bench.until(created.value.id, () => bench.tunnels.length === 1)
    const answer = echo(created.value.ports[0]!.local)
    await bench.until(created.value.id, ({ observed }) => observed.parked === 1)
    go()
    expect(await answer).toBe('hello')
  })

  it('that is off has its port chosen and not bound', async () => {
    const created = await bench.create({ desired: 'off' })
    if (!created.ok) throw new Error()
    expect(created.value.state).toBe('off')
    await free(await occupy(created.value.ports[0]!.local))
  })

  it.each([
    [{ clusterId: crypto.randomUUID() }, 'not-found'],
    [{ target: { kind: 'selector', selector: 'app in web' } }, 'invalid-input'],
    [{ ports: [{ remote: 80, local: 0, bind: '203.0.113.7' }] }, 'bind-address-unusable'],
    [
      {
        ports: [
          { remote: 80, local: 5555, bind: '127.0.0.1' },
          { remote: 81, local: 5555, bind: '127.0.0.1' },
        ],
      },
      'local-port-taken',
    ],
  ] as const)('is refused with %j', async (input, code) => {
    expect(await bench.create(input as Parameters<ForwardBench['create']>[0])).toMatchObject({ error: { code } })
    expect(bench.service.list()).toEqual([])
  })
})

describe('while it runs', () => {
  it('a pod that goes is left for another one; its last clients stay', async () => {
    const { id, ports } = await bench.live()
    const open = await client(ports[0]!.local)
    open.write('a')
    await once(open, 'data')
    bench.see(aView([aPod('web-1', { terminating: true, usable: false }), aPod('web-2')]))
    const moved = await bench.until(id, ({ state, observed }) => state === 'live' && observed.pod === 'web-2')
    expect(moved.observed.reconnects).toBeLessThanOrEqual(1)
    open.write('b')
    expect(String((await once(open, 'data'))[0])).toBe('b')
    open.destroy()
    expect(await echo(ports[0]!.local)).toBe('hello')
  })

  it('a pod that is not ready yet gets nobody, also when the one before it is gone', async () => {
    const { id, ports } = await bench.live()
    const going = aPod('web-1', { terminating: true, usable: false })
    const coming = aPod('web-2', { usable: false, reason: 'not ready' })
    bench.see(aView([going, coming]))
    await bench.until(id, ({ state }) => state !== 'live' && bench.tunnels.length === 2)
    const waiting = await client(ports[0]!.local)
    waiting.write('a')
    await bench.until(id, ({ observed }) => observed.parked === 1)
    bench.see(aView([coming]))
    await bench.until(id, () => bench.tunnels[0]?.state === 'closed')
    await pause(100) // time for what must not happen
    expect(bench.tunnels[1]).toMatchObject({ state: 'ready', connections: 0 })
    bench.see(aView([aPod('web-2')]))
    expect(String((await once(waiting, 'data'))[0])).toBe('a')
    waiting.destroy()
  })

  it('replaced credentials move the tunnel and not the port', async () => {
    const { id, ports } = await bench.live()
    bench.clusterChanged({ kind: 'credentials' })
    await bench.until(id, () => bench.tunnels.length === 2 && bench.tunnels[0]?.state === 'closed')
    expect(bench.service.get(id)).toMatchObject({ state: 'live', ports, observed: { reconnects: 0 } })
  })

  it('a restart by the user replaces the tunnel', async () => {
    const { id } = await bench.live()
    await bench.service.handlers()['forwards.restart']({ id }, context)
    await bench.until(id, ({ state }) => state === 'live' && bench.tunnels[0]?.state === 'closed')
    expect(bench.tunnels).toHaveLength(2)
  })

  it('a locked vault holds what is not open, and leaves what is; unlocking lets it go on', async () => {
    const { id } = await bench.live()
    bench.credentials = () => fail({ code: 'vault-locked', detail: null, message: 'Locked.', next: 'Unlock it.' })
    bench.vaultChanged('locked')
    const created = await bench.create()
    if (!created.ok) throw new Error()
    const held = await bench.until(created.value.id, ({ state }) => state === 'holding')
    expect(held.cause).toMatchObject({ code: 'vault-locked', message: 'Locked.', next: 'Unlock it.' })
    expect(bench.service.get(id)?.state).toBe('live')
    bench.tunnels[0]!.lose({ code: 'tunnel-lost', detail: null, message: 'gone' })
    await bench.until(id, ({ state, cause }) => state === 'holding' && cause?.code === 'vault-locked')
    bench.credentials = () => ({ ok: true, value: someConnection })
    bench.vaultChanged('unlocked')
    await bench.until(created.value.id, ({ state }) => state === 'live')
    await bench.until(id, ({ state }) => state === 'live')
  })

  it('is not live while its tunnel heals itself, nor after that before it is proven again', async () => {
    const { id } = await bench.live()
    const [tunnel] = bench.tunnels
    tunnel!.answer = { kind: 'inconclusive', why: 'not yet' }
    tunnel!.reopen({ code: 'tunnel-lost', detail: 'killed', message: 'kubectl was killed.' })
    await bench.until(id, ({ state, cause }) => state === 'recovering' && cause?.detail === 'killed')
    tunnel!.ready()
    await bench.until(id, ({ state, cause }) => state === 'recovering' && cause?.code === 'connecting')
    tunnel!.answer = { kind: 'live', ms: 1 }
    await bench.until(id, ({ state }) => state === 'live')
    expect(bench.tunnels).toHaveLength(1)
  })

  it.each([
    ['its cluster is reached again', () => bench.clusterChanged({ kind: 'reached' })],
    ['its pods are seen again', () => bench.see(bench.view)],
  ])('waits no longer when %s', async (_what, comesBack) => {
    // Tried again after 15 s without a hint, which is more than the spec waits.
    bench.opening = (tunnel) =>
      queueMicrotask(() => tunnel.lose({ code: 'forbidden', detail: null, message: 'not allowed' }))
    const created = await bench.create()
    if (!created.ok) throw new Error()
    const { id } = created.value
    await bench.until(id, ({ cause }) => cause?.code === 'forbidden')
    bench.unwatch()
    await bench.until(id, ({ observed }) => !observed.watching)
    bench.opening = (tunnel) => queueMicrotask(() => tunnel.ready())
    comesBack()
    await bench.until(id, ({ state }) => state === 'live')
  })

  it('the time in which the machine slept counts neither as what was before nor as what comes after', async () => {
    const { id } = await bench.live()
    await new Promise((resolve) => setTimeout(resolve, 5))
    bench.service.slept(Date.now())
    bench.service.hint('wake')
    const entries = await eventually(async () => {
      const history = await bench.service.handlers()['forwards.history']({ id, limit: 10 }, context)
      const rows = history.ok ? history.value.entries : []
      if (rows[0]?.state === 'off') throw new Error('still off')
      expect(rows.map(({ state }) => state)).toContain('off')
      return rows
    })
    const states = entries.map(({ state }) => state)
    expect(states.slice(states.indexOf('off'))).toEqual(['off', 'live', 'starting'])
    expect(entries.find(({ state }) => state === 'off')?.message).toBe('The machine slept.')
    await bench.until(id, ({ state }) => state === 'live')
  })

  it('what is noticed on waking begins after the sleep, however early it is noticed', async () => {
    const { id } = await bench.live()
    const from = Date.now()
    let slept = false
    bench.lookForSleep = () => {
      if (slept) return
      slept = true
      bench.service.slept(from)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    bench.tunnels.at(-1)!.lose({ code: 'tunnel-lost', detail: null, message: 'lost connection to pod' })
    const entries = await eventually(async () => {
      const history = await bench.service.handlers()['forwards.history']({ id, limit: 10 }, context)
      const rows = history.ok ? history.value.entries : []
      expect(rows.map(({ state }) => state)).toContain('recovering')
      return rows
    })
    const states = entries.map(({ state }) => state)
    expect(states.slice(states.indexOf('recovering'))).toEqual(['recovering', 'off', 'live', 'starting'])
    const asleep = entries.find(({ state }) => state === 'off')
    expect(asleep?.at).toBe(from)
    expect(asleep?.durationMs).toBeGreaterThanOrEqual(15)
  })

  it('one that cannot connect slows no other one down', async () => {
    bench.opening = (tunnel) => {
      if (tunnel.request.label !== 'dead') queueMicrotask(() => tunnel.ready())
    }
    await bench.create({ name: 'dead' })
    const startedAt = Date.now()
    await Promise.all(Array.from({ length: 20 }, (_, index) => bench.live({ name: `good ${index}` })))
    expect(Date.now() - startedAt).toBeLessThan(10_000)
  })
})

describe('removing', () => {
  it('frees the port, forgets the forward and says so', async () => {
    const { id, ports } = await bench.live()
    await bench.service.handlers()['forwards.remove']({ id }, context)
    await free(await occupy(ports[0]!.local))
    expect(bench.service.get(id)).toBeNull()
    expect(bench.told.at(-1)).toEqual({ id, kind: 'gone' })
    expect(bench.tunnels.every(({ state }) => state === 'closed')).toBe(true)
    await bench.restart()
    expect(bench.service.list()).toEqual([])
  })

  it('leaves nothing of what its engine printed, also of its last words', async () => {
    const { id } = await bench.live()
    const { events } = bench.tunnels[0]!
    const files = (): string[] => readdirSync(join(bench.folder, 'logs')).filter((name) => name.startsWith(id))
    events.line('stderr', 'hello', 42)
    expect(files()).not.toEqual([])
    await bench.service.handlers()['forwards.remove']({ id }, context)
    events.line('stderr', 'error: lost connection to pod', 42)
    expect(files()).toEqual([])
  })
})

describe('the forwards of a cluster that is removed', () => {
  it('go with it, and not before: a change that is rolled back leaves them running', async () => {
    const { id, ports } = await bench.live()
    const rolledBack = (): unknown =>
      bench.store.write(() => {
        expect(bench.service.deleteForwardsOf(bench.clusterId).ok).toBe(true)
        throw new Error('no')
      })
    expect(rolledBack).toThrow('no')
    expect(bench.service.get(id)).toMatchObject({ state: 'live' })
    expect(await echo(ports[0]!.local)).toBe('hello')
    expect(bench.service.deleteForwardsOf(bench.clusterId).ok).toBe(true)
    await bench.service.endForwardsOf(bench.clusterId)
    await free(await occupy(ports[0]!.local))
    expect(bench.told.at(-1)).toEqual({ id, kind: 'gone' })
    await bench.restart()
    expect(bench.service.list()).toEqual([])
  })
})

describe('a database that cannot be written', () => {
  it('refuses the change and leaves the forward as it was', async () => {
    const { id } = await bench.live()
    bench.store.database.pragma('query_only = ON')
    const answer = await bench.service.update({ id, desired: 'off' })
    expect(answer).toMatchObject({ ok: false, error: { code: 'storage-failed' } })
    expect(bench.service.get(id)).toMatchObject({ desired: 'on', state: 'live' })
    bench.store.database.pragma('query_only = OFF')
  })
})

describe('history', () => {
  it('tells the states, their causes and how long they lasted', async () => {
    const { id } = await bench.live()
    bench.tunnels[0]!.lose({ code: 'tunnel-lost', detail: 'killed', message: 'kubectl was ended by SIGKILL.' })
    bench.tunnels[0]!.events.connectionsLost(3, { code: 'tunnel-lost', detail: null, message: 'gone' })
    await bench.until(id, ({ state, observed }) => state === 'live' && observed.reconnects === 1)
    const asked = Date.now()
    const answer = await bench.service.handlers()['forwards.history']({ id, limit: 100 }, context)
    if (!answer.ok) throw new Error()
    expect(answer.value.entries.map(({ state }) => state)).toEqual(['live', 'recovering', 'live', 'starting'])
    expect(answer.value.entries[1]).toMatchObject({ causeCode: 'tunnel-lost', detail: 'killed' })
    expect(answer.value.entries.reduce((sum, entry) => sum + entry.connectionsLost, 0)).toBe(3)
    expect(answer.value.recovery.count).toBe(1)
    // The last entry goes on until the answer was made, whenever that was between these two moments.
    const entries = answer.value.entries.toReversed()
    const shareAt = (end: number): number => {
      const lengths = entries.map(({ at }, index) => (entries[index + 1]?.at ?? end) - at)
      const live = lengths.filter((_, index) => entries[index]?.state === 'live')
      return live.reduce((sum, length) => sum + length, 0) / (end - (entries[0]?.at ?? 0))
    }
    expect(answer.value.uptime).toBeGreaterThanOrEqual(shareAt(asked))
    expect(answer.value.uptime).toBeLessThanOrEqual(shareAt(Date.now()))
    expect(shareAt(asked)).toBeLessThan(1)
  })

  it('does not count the time in which the app did not run', async () => {
    const { id } = await bench.live()
    await bench.restart()
    await bench.until(id, ({ state }) => state === 'live')
    const answer = await bench.service.handlers()['forwards.history']({ id, limit: 100 }, context)
    if (!answer.ok) throw new Error()
    expect(answer.value.entries.map(({ state }) => state)).toEqual(['live', 'starting', 'off', 'live', 'starting'])
    expect(answer.value.entries[2]?.message).toBe('Mooring was not running.')
  })

  it('keeps what the engine printed', async () => {
    const { id } = await bench.live()
    bench.tunnels[0]!.events.line('stderr', 'error: lost connection to pod; token: hunter2secret', 42)
    const answer = await bench.service.handlers()['forwards.output']({ id, limit: 10 }, context)
    if (!answer.ok) throw new Error()
    expect(answer.value.at(-1)).toMatchObject({ stream: 'stderr', pid: 42 })
    expect(answer.value.at(-1)?.text).not.toContain('hunter2secret')
  })
})

describe('questions', () => {
  it('who is connected is answered with the program', async () => {
    const { id, ports } = await bench.live()
    const open = await client(ports[0]!.local)
    open.write('a')
    await once(open, 'data')
    const answer = await bench.service.handlers()['forwards.connections']({ id }, context)
    if (!answer.ok) throw new Error()
    expect(answer.value).toMatchObject([
      { local: ports[0]!.local, state: 'open', pod: 'web-1', bytesIn: 1, bytesOut: 1 },
    ])
    if (process.platform === 'linux') expect(answer.value[0]?.pid).toBe(process.pid)
    open.destroy()
  })

  it('a check names free and taken ports and both verbs', async () => {
    const { ports, id, name } = await bench.live()
    const check = bench.service.handlers()['forwards.check']
    const other = await occupy(0)
    const taken = (other.address() as AddressInfo).port
    const local = ports[0]!.local
    const at = (port: number): { remote: number; local: number; bind: string } => ({
      remote: 80,
      local: port,
      bind: '127.0.0.1',
    })
    const answer = await check(
      { clusterId: bench.clusterId, namespace: 'default', ports: [at(0), at(local), at(taken), at(await freePort())] },
      context,
    )
    await free(other)
    if (!answer.ok) throw new Error()
    expect(answer.value.ports.map(({ status }) => status)).toEqual(['chosen-later', 'taken', 'taken', 'free'])
    expect(answer.value.ports[1]?.owner).toEqual({ pid: null, process: null, forward: { id, name } })
    expect(answer.value.access).toMatchObject({
      allowed: false,
      verbs: [
        { verb: 'get', allowed: true },
        { verb: 'create', allowed: false },
      ],
    })
  })
})
