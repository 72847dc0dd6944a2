import { describe, expect, it } from 'vitest'
import { appError, fail } from '../../../contract/errors.ts'
import { startTcpServer } from '../../../network/api-server.testing.ts'
import { eventually } from '../../../network/eventually.testing.ts'
import { addressOf, ends, entryFor, start, startApi, startSilent } from './cluster-health.testing.ts'

describe('a test', () => {
  it('tells every change, joins who asks meanwhile, and counts as a look', async () => {
    const { health, tests, status } = start({ a: addressOf(await startApi()) })
    const [one, other] = await Promise.all([health.test('a'), health.test('a')])
    expect(one).toBe(other)
    expect(tests.length).toBeGreaterThan(10)
    expect(tests.at(-1)).toEqual(one)
    expect(status('a')).toMatchObject({ status: one.status })
  })

  it('ends when nobody waits for it any more', async () => {
    const silent = await startTcpServer(() => undefined)
    ends.push(() => silent[Symbol.asyncDispose]())
    const { health, status } = start({ a: `https://127.0.0.1:${silent.port}` })
    const caller = new AbortController()
    const test = health.test('a', { signal: caller.signal })
    setTimeout(() => caller.abort(), 50)
    expect(await test).toMatchObject({ status: 'unknown' })
    expect(status('a').status).toBe('unknown')
  })

  it('ends when its cluster is removed, lets go of its connection, and says so', async () => {
    const { port, open } = await startSilent()
    const { health, changed } = start({ a: `https://127.0.0.1:${port}`, b: `https://127.0.0.1:${port}` })
    const [test, other] = [health.test('a'), health.test('b')]
    await eventually(() => expect(open.size).toBe(2))
    changed.emit({ id: 'a', kind: 'removed' })
    expect(await test).toMatchObject({ status: 'unknown', cause: { detail: 'cancelled' } })
    await eventually(() => expect(open.size).toBe(1))
    health.close()
    await other
  })

  it('ends when the vault is locked, for all who wait, lets go of its connection, and says what to do', async () => {
    const { port, open } = await startSilent()
    const address = `https://127.0.0.1:${port}`
    const { health, status, tests } = start({ a: address })
    const waiting = [health.test('a'), health.test('a'), health.testEntry(entryFor(address))]
    await eventually(() => expect(open.size).toBe(2))
    health.vaultLocked()
    for (const test of await Promise.all(waiting))
      expect(test).toMatchObject({
        status: 'unknown',
        cause: { code: 'vault-locked', detail: null, next: 'Unlock the vault, then test again.' },
      })
    expect(tests.at(-1)).toEqual(await waiting[0])
    await eventually(() => expect(open.size).toBe(0))
    expect(status('a').status).toBe('unknown')
    // The next one is a new one.
    const caller = new AbortController()
    const next = health.test('a', { signal: caller.signal })
    await eventually(() => expect(open.size).toBe(1))
    caller.abort()
    expect(await next).toMatchObject({ cause: null })
  })

  it('says that the vault is locked, and touches no network', async () => {
    const server = await startApi()
    const { health } = start(
      { a: addressOf(server) },
      { entry: fail(appError('vault-locked', 'The vault is locked.', 'Unlock it.')) },
    )
    expect(await health.test('a')).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
    expect(server.requests).toEqual([])
  })
})
