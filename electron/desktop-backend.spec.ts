import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ConnectionState, Transport } from '../contract/client.ts'
import { appError, fail, ok } from '../contract/errors.ts'
import { Log } from './core/log.ts'
import { openDesktopBackend, type DesktopBackend } from './desktop-backend.ts'

/** Owners of this spec: named, some alive. A fake stands here because two real owners are exercised end to end elsewhere. */
class World {
  running: string | null = null
  announced: string | null = null
  lockFree = true
  ownedClosed = false
  starting: Promise<void> = Promise.resolve()
  loseLock: () => void = () => undefined
  readonly listeners = new Set<(state: ConnectionState) => void>()

  transport(name: string): Transport & { close(): Promise<void> } {
    return {
      call: () =>
        Promise.resolve(
          this.running === name
            ? ok(name)
            : fail(appError('owner-lost', 'Mooring does not answer.', 'It is tried again.')),
        ),
      subscribe: (stream, listener) => {
        listener({ stream, seq: 1, kind: 'snapshot', data: name })
        return () => undefined
      },
      onConnection: (listener) => {
        this.listeners.add(listener)
        listener({ state: 'connected' })
        return () => void this.listeners.delete(listener)
      },
      close: () => Promise.resolve(),
    }
  }

  open() {
    return openDesktopBackend({
      ownerSocket: () => this.announced,
      connect: (socket) => this.transport(socket),
      becomeOwner: () =>
        this.starting.then(() =>
          this.lockFree
            ? ok({
                transport: this.transport((this.running = 'ours')),
                onLost: (listener) => {
                  this.loseLock = listener
                },
                close: () => {
                  this.ownedClosed = true
                  return Promise.resolve()
                },
              })
            : fail(appError('data-folder-owned', 'Somebody else owns the folder.', 'Attach to it.')),
        ),
      log: new Log([]),
    })
  }

  lose(): void {
    this.running = null
    const error = appError('owner-lost', 'Mooring does not answer.', 'It is tried again.')
    for (const listener of [...this.listeners]) listener({ state: 'lost', error, retryAt: null })
  }
}

let backend: DesktopBackend | undefined
afterEach(async () => {
  vi.useRealTimers()
  await backend?.close()
})

async function opened(world: World): Promise<DesktopBackend> {
  const result = await world.open()
  if (!result.ok) throw new Error(result.error.message)
  backend = result.value
  return backend
}

describe('the desktop backend', () => {
  it('becomes the owner when nobody is, and ends it when it closes', async () => {
    const world = new World()
    const desktop = await opened(world)
    expect(await desktop.transport.call('app.status', {})).toEqual(ok('ours'))
    await desktop.close()
    expect(world.ownedClosed).toBe(true)
  })

  it('attaches to the owner that runs, and leaves it alone when it closes', async () => {
    const world = new World()
    world.running = world.announced = 'host'
    world.lockFree = false
    const desktop = await opened(world)
    expect(await desktop.transport.call('app.status', {})).toEqual(ok('host'))
    await desktop.close()
    expect(world.running).toBe('host')
    expect(world.ownedClosed).toBe(false)
  })

  it('takes over when the owner ends and its lock is free; listeners get a fresh snapshot', async () => {
    vi.useFakeTimers()
    const world = new World()
    world.running = world.announced = 'host'
    world.lockFree = false
    const desktop = await opened(world)
    const seen: unknown[] = []
    desktop.transport.subscribe('clusters', (message) => seen.push(message.data))
    world.lose()
    await vi.advanceTimersByTimeAsync(3000)
    expect(await desktop.transport.call('app.status', {})).toMatchObject({ ok: false })
    world.lockFree = true
    await vi.advanceTimersByTimeAsync(2000)
    expect(await desktop.transport.call('app.status', {})).toEqual(ok('ours'))
    expect(seen).toEqual(['host', 'ours'])
  })

  it('attaches to the next owner when one starts first', async () => {
    vi.useFakeTimers()
    const world = new World()
    world.running = world.announced = 'host'
    world.lockFree = false
    const desktop = await opened(world)
    world.lose()
    world.running = world.announced = 'second host'
    await vi.advanceTimersByTimeAsync(1500)
    expect(await desktop.transport.call('app.status', {})).toEqual(ok('second host'))
  })

  it('lets go of a data folder that is not its own any more, says so, and attaches to the new owner', async () => {
    vi.useFakeTimers()
    const world = new World()
    const desktop = await opened(world)
    const states: string[] = []
    desktop.transport.onConnection(({ state }) => states.push(state))
    world.lockFree = false
    world.loseLock()
    await vi.advanceTimersByTimeAsync(100)
    expect(world.ownedClosed).toBe(true)
    expect(await desktop.transport.call('app.status', {})).toMatchObject({ ok: false, error: { code: 'owner-lost' } })
    world.running = world.announced = 'intruder'
    await vi.advanceTimersByTimeAsync(3000)
    expect(await desktop.transport.call('app.status', {})).toEqual(ok('intruder'))
    expect(states).toEqual(['connected', 'lost', 'connected'])
  })

  it('ends an owner that was just starting when the desktop closed', async () => {
    vi.useFakeTimers()
    const world = new World()
    world.running = world.announced = 'host'
    world.lockFree = false
    const desktop = await opened(world)
    world.lose()
    world.lockFree = true
    let goOn: () => void = () => undefined
    world.starting = new Promise((resolve) => (goOn = resolve))
    await vi.advanceTimersByTimeAsync(1100)
    const closed = desktop.close()
    goOn()
    await closed
    expect(world.ownedClosed).toBe(true)
  })
})
