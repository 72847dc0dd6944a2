import { describe, expect, it } from 'vitest'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { plainConnection, sendJson, startTcpServer } from '../../../network/api-server.testing.ts'
import { makeIdentity } from '../../../network/certificates.testing.ts'
import { eventually } from '../../../network/eventually.testing.ts'
import type { CredentialFailure } from '../credentials/credentials.ts'
import { unknownStatus } from './cluster-view.ts'
import { addressOf, ends, rejected, start, startApi, startSilent, type Resolved } from './cluster-health.testing.ts'

describe('a check', () => {
  it('ends when the vault is locked, lets go of its connection, and says why nothing is known', async () => {
    const { port, open } = await startSilent()
    const address = `http://127.0.0.1:${port}`
    const answers: Result<ClusterConnection, CredentialFailure>[] = [
      ok(plainConnection(address)),
      fail({ code: 'vault-locked', detail: null, message: 'The vault is locked.', next: 'Unlock it.' }),
    ]
    const { health } = start({ a: address }, { resolve: () => answers.shift() ?? fail(rejected) })
    const check = health.check('a')
    await eventually(() => expect(open.size).toBe(1))
    health.vaultLocked()
    expect(await check).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
    await eventually(() => expect(open.size).toBe(0))
  })

  it('ends when its cluster is removed, and lets go of its connection', async () => {
    const { port, open } = await startSilent()
    const { health, changed, history } = start({ a: `http://127.0.0.1:${port}` })
    const check = health.check('a')
    await eventually(() => expect(open.size).toBe(1))
    changed.emit({ id: 'a', kind: 'removed' })
    expect(await check).toMatchObject({ cause: { detail: 'cancelled', message: 'The cluster was removed.' } })
    await eventually(() => expect(open.size).toBe(0))
    expect(history).toEqual({})
  })

  it('ends when the vault is locked while it waits for credentials', async () => {
    const waits = Promise.withResolvers<Resolved>()
    const locked = { code: 'vault-locked', detail: null, message: 'The vault is locked.', next: 'Unlock it.' } as const
    const { health } = start(
      { a: 'https://127.0.0.1:1' },
      {
        resolve: (_, { signal }) => {
          signal?.addEventListener('abort', () => waits.resolve(fail(locked)))
          return waits.promise
        },
      },
    )
    const check = health.check('a')
    await Promise.resolve()
    health.vaultLocked()
    expect(await check).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
  })

  it('of a good cluster says connected, its version and how quick it is', async () => {
    const { health, status } = start({ a: addressOf(await startApi()) })
    const checked = await health.check('a')
    expect(checked).toMatchObject({ status: 'connected', serverVersion: 'v1.36.3', cause: null, checking: false })
    expect(checked.latencyMs).toBeGreaterThan(0)
    expect(checked.lastConnectedAt).toBe(checked.checkedAt)
    expect(status('a')).toEqual(checked)
  })

  it('is shared by who asks at the same time', async () => {
    const server = await startApi()
    const { health } = start({ a: addressOf(server) })
    await Promise.all([health.check('a'), health.check('a'), health.check('a')])
    expect(server.requests).toHaveLength(2)
  })

  it('changes nothing when only the first look fails', async () => {
    let failures = 1
    const server = await startApi((request, response) => {
      if (failures-- > 0) request.socket.destroy()
      else sendJson(response, { gitVersion: 'v1' })
    })
    const { health, history } = start({ a: addressOf(server) })
    expect(await health.check('a')).toMatchObject({ status: 'connected' })
    expect(history['a']).toEqual(['connected'])
  })

  it('says disconnected after a second look, why, what to do, and keeps when it was connected last', async () => {
    const server = await startApi()
    const { health } = start({ a: addressOf(server) })
    const { lastConnectedAt } = await health.check('a')
    await server[Symbol.asyncDispose]()
    ends.splice(0, 1)
    const begun = performance.now()
    const gone = await health.check('a')
    expect(gone).toMatchObject({
      status: 'disconnected',
      serverVersion: 'v1.36.3',
      latencyMs: null,
      cause: {
        code: 'cluster-unreachable',
        detail: 'refused',
        next: expect.stringContaining('cluster runs') as string,
      },
      lastConnectedAt,
    })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(950)
  })

  it('gets new credentials once when the server refuses the old ones', async () => {
    const server = await startApi(
      (request, response) => {
        if (request.headers.authorization === 'Bearer newer') sendJson(response, { gitVersion: 'v1' })
        else sendJson(response, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, 401)
      },
      makeIdentity({ commonName: 'api', names: ['127.0.0.1'] }),
    )
    const address = `https://127.0.0.1:${server.port}`
    const { health } = start(
      { a: '' },
      {
        resolve: (_id, { fresh = false }) =>
          ok(plainConnection(address, { insecureSkipTlsVerify: true, token: fresh ? 'newer' : 'older' })),
      },
    )
    expect(await health.check('a')).toMatchObject({ status: 'connected' })
  })

  it('says at once why there are no credentials', async () => {
    const { health } = start({ a: '' }, { resolve: () => fail(rejected) })
    const begun = performance.now()
    expect(await health.check('a')).toMatchObject({ status: 'disconnected', cause: rejected })
    expect(performance.now() - begun).toBeLessThan(500)
  })

  it('leaves the state unknown while the vault is locked', async () => {
    const locked: CredentialFailure = { code: 'vault-locked', detail: null, message: 'locked', next: 'unlock' }
    const { health } = start({ a: '' }, { resolve: () => fail(locked) })
    expect(await health.check('a')).toMatchObject({ status: 'unknown', cause: { code: 'vault-locked' } })
  })
})

describe('fifty clusters of which ten are dead, silent or slow', () => {
  it('answer for a healthy one in less than a second, while all are looked at', async () => {
    const good = await startApi()
    const silent = await startTcpServer(() => undefined)
    const slow = await startApi(
      (_request, response) => void setTimeout(() => sendJson(response, { gitVersion: 'slow' }), 20_000),
    )
    ends.push(() => silent[Symbol.asyncDispose]())
    const servers: Record<string, string> = {}
    for (let index = 0; index < 50; index += 1) {
      const bad = ['http://127.0.0.1:1', addressOf(silent), addressOf(slow), 'http://no-such-host.invalid:6443'][
        index % 4
      ]
      servers[`c${index}`] = index < 10 ? (bad ?? '') : addressOf(good)
    }
    const { health, status } = start(servers)
    const background = Object.keys(servers)
    for (const id of background) health.touch(id)
    await new Promise((resolve) => setImmediate(resolve))
    const begun = performance.now()
    expect(await health.check('c49')).toMatchObject({ status: 'connected' })
    expect(performance.now() - begun).toBeLessThan(5_000)
    await eventually(() => {
      const connected = background.slice(10).filter((id) => status(id).status === 'connected')
      expect(connected).toHaveLength(40)
    })
  })
})

describe('a cluster that was made the active one', () => {
  it('is looked at without being asked for', async () => {
    const { changed, status } = start({ a: addressOf(await startApi()), b: addressOf(await startApi()) })
    changed.emit({ id: 'a', kind: 'opened' })
    await eventually(() => expect(status('a').status).toBe('connected'))
    expect(status('b')).toBe(unknownStatus)
  })
})

describe('a cluster that changes', () => {
  it('is handed to the sidecar with its new credentials', async () => {
    const { changed, given } = start({ a: 'http://a' })
    changed.emit({ id: 'a', kind: 'credentials' })
    await eventually(() => expect(given).toHaveLength(1))
  })

  it('that is removed is forgotten', () => {
    const { changed, dropped } = start({ a: 'http://a' })
    changed.emit({ id: 'a', kind: 'removed' })
    expect(dropped).toEqual(['a'])
  })
})
