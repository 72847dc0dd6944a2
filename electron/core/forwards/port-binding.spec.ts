import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { FakeClock } from '../clock.testing.ts'
import type { SocketOwner } from '../platform/platform.ts'
import { PortListener } from './listener/listener.ts'
import { Parking } from './listener/parking.ts'
import { PortBinding } from './port-binding.ts'

let other: Server
let local: number
beforeEach(async () => {
  other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  local = (other.address() as AddressInfo).port
})
const leave = (): Promise<unknown> => new Promise((resolve) => other.close(resolve))
const open: PortBinding[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  if (other.listening) await leave()
})

/** A binding of the taken port on a machine that names the owner when a test says so. */
function aBinding(): { binding: PortBinding; clock: FakeClock; name: (owner: SocketOwner | null) => void } {
  const clock = new FakeClock()
  const asked: ((owner: SocketOwner | null) => void)[] = []
  const binding = new PortBinding({
    port: { id: 'port', remote: 80, local, bind: '127.0.0.1' },
    clock,
    platform: { ownerOfPort: () => new Promise((resolve) => asked.push(resolve)) },
    createListener: ({ bind, local: port }) =>
      new PortListener({
        bind,
        port,
        forwardId: 'forward',
        parking: new Parking(),
        clock,
        unserved: () => undefined,
      }),
    bound: () => undefined,
    changed: () => undefined,
  })
  open.push(binding)
  return { binding, clock, name: (owner) => asked.shift()?.(owner) }
}

const owner = { pid: 4711, process: 'nginx' }

describe('a local port that another program holds', () => {
  it('is told with the program where that is known at once', async () => {
    const { binding, clock, name } = aBinding()
    binding.bind()
    await eventually(() => expect(clock.pending).toBe(1))
    name(owner)
    await eventually(() => expect(binding.evidence.state).toBe('failed'))
    expect(binding.evidence.failure).toMatchObject({ code: 'local-port-taken', detail: '4711 nginx' })
    expect(clock.pending).toBe(0)
  })

  it('is told without the program after a moment, and the program is added when it is known', async () => {
    const { binding, clock, name } = aBinding()
    binding.bind()
    await eventually(() => expect(clock.pending).toBe(1))
    clock.advance(300)
    await eventually(() => expect(binding.evidence).toMatchObject({ state: 'failed', failure: { detail: null } }))
    name(owner)
    await eventually(() =>
      expect(binding.evidence).toMatchObject({ state: 'failed', attempt: 1, failure: { detail: '4711 nginx' } }),
    )
  })

  it('keeps the program that is known while it is asked for again', async () => {
    const { binding, clock, name } = aBinding()
    binding.bind()
    await eventually(() => expect(clock.pending).toBe(1))
    name(owner)
    await eventually(() => expect(binding.evidence.state).toBe('failed'))
    binding.bind()
    await eventually(() => expect(clock.pending).toBe(1))
    clock.advance(300)
    await eventually(() =>
      expect(binding.evidence).toMatchObject({ state: 'failed', attempt: 2, failure: { detail: '4711 nginx' } }),
    )
    name({ pid: 4712, process: 'caddy' })
    await eventually(() => expect(binding.evidence.failure?.detail).toBe('4712 caddy'))
  })

  it('is bound when it is tried after the program left', async () => {
    const { binding, clock, name } = aBinding()
    binding.bind()
    await eventually(() => expect(clock.pending).toBe(1))
    name(null)
    await eventually(() => expect(binding.evidence).toMatchObject({ state: 'failed', failure: { detail: null } }))
    await leave()
    binding.bind()
    await eventually(() => expect(binding.evidence.state).toBe('bound'))
  })
})
