import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../../contract/clusters.ts'
import { type ClusterServiceBench, clusterServiceBench, connected } from './cluster-service.testing.ts'
import type { EntryTest } from './rotation.ts'

const config = (token: string, { context = 'x', user = `token: ${token}`, server = 'https://host' } = {}): string => `
clusters: [{name: c, cluster: {server: '${server}'}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: ${context}, context: {cluster: c, user: u, namespace: web}}]
current-context: ${context}
`
const failed = (code: string): EntryTest => ({
  ...connected,
  status: 'disconnected',
  cause: { code, detail: null, message: 'It failed.', next: 'Do something.' },
})

let bench: ClusterServiceBench
let cluster: Cluster
beforeEach(async () => {
  bench = await clusterServiceBench()
  cluster = (await bench.add(config('old-token'), ['x']))[0]!
  bench.changes.length = 0
})
afterEach(() => bench.close())

const token = (): string | null => {
  const entry = bench.service.entry(cluster.id)
  return entry.ok ? entry.value.user.token : null
}

describe('rotating credentials', () => {
  it('tests the new ones, then puts them in place of the old ones', async () => {
    bench.service.update({ id: cluster.id, name: 'Shop', namespace: 'mine' })
    bench.changes.length = 0
    const tokensWhileTesting: (string | null)[] = []
    bench.settings.test = () => {
      tokensWhileTesting.push(token())
      return connected
    }
    const rotated = await bench.service.rotate(
      { id: cluster.id, text: config('new-token', { server: 'https://new' }) },
      bench.context.signal,
    )
    expect(rotated).toMatchObject({
      ok: true,
      value: { id: cluster.id, name: 'Shop', namespace: 'mine', server: 'https://new', context: 'x' },
    })
    expect(bench.tested.map((entry) => entry.user.token)).toEqual(['new-token'])
    expect(tokensWhileTesting).toEqual(['old-token'])
    expect(token()).toBe('new-token')
    expect(bench.changes).toEqual([{ id: cluster.id, kind: 'credentials', anotherServer: true }])
  })

  it('destroys the old ones', async () => {
    const sealed = bench.store.database.prepare('SELECT sealed FROM kubeconfigs').get() as { sealed: Buffer }
    expect(bench.store.database.serialize().includes(sealed.sealed)).toBe(true)
    await bench.service.rotate({ id: cluster.id, text: config('new-token') }, bench.context.signal)
    expect(bench.store.database.serialize().includes(sealed.sealed)).toBe(false)
    expect(bench.service.get(cluster.id)?.kubeconfigId).not.toBe(cluster.kubeconfigId)
    expect(bench.store.database.prepare('SELECT count(*) AS n FROM kubeconfigs').get()).toEqual({ n: 1 })
  })

  it.each([
    ['credentials-expired', 'credentials-rejected'],
    ['credentials-rejected', 'credentials-rejected'],
    ['cluster-unreachable', 'cluster-unreachable'],
    ['api-unavailable', 'cluster-unreachable'],
    ['vault-locked', 'vault-locked'],
  ])('keeps the old ones when the test ends with %s', async (cause, code) => {
    bench.settings.test = () => failed(cause)
    const rotated = await bench.service.rotate({ id: cluster.id, text: config('new-token') }, bench.context.signal)
    expect(rotated).toMatchObject({
      ok: false,
      error: { code, next: 'Do something.', details: { test: failed(cause) } },
    })
    expect(token()).toBe('old-token')
    expect(bench.changes).toEqual([])
  })

  it('stores untested ones when the user says so', async () => {
    bench.settings.test = () => failed('cluster-unreachable')
    const input = { id: cluster.id, text: config('new-token'), evenIfUnreachable: true }
    expect(await bench.service.rotate(input, bench.context.signal)).toMatchObject({ ok: true })
    expect(token()).toBe('new-token')
  })

  it('takes the named context, the only one, or the one of the same name', async () => {
    const several = `
clusters: [{name: c, cluster: {server: 'https://host'}}]
users: [{name: u, user: {token: one}}, {name: v, user: {token: two}}]
contexts: [{name: x, context: {cluster: c, user: u}}, {name: z, context: {cluster: c, user: v}}]`
    await bench.service.rotate({ id: cluster.id, text: several }, bench.context.signal)
    expect(token()).toBe('one')
    await bench.service.rotate({ id: cluster.id, text: several, context: 'z' }, bench.context.signal)
    expect(token()).toBe('two')
    await bench.service.rotate({ id: cluster.id, text: config('only', { context: 'other' }) }, bench.context.signal)
    expect(token()).toBe('only')
    expect(await bench.service.rotate({ id: cluster.id, text: several }, bench.context.signal)).toMatchObject({
      ok: false,
      error: { code: 'context-not-addable', details: { contexts: ['x', 'z'] } },
    })
  })

  it('needs the yes to a new command before the test runs it', async () => {
    const user = 'exec: {apiVersion: client.authentication.k8s.io/v1, command: get, args: [it], interactiveMode: Never}'
    const text = config('', { user })
    expect(await bench.service.rotate({ id: cluster.id, text }, bench.context.signal)).toMatchObject({
      ok: false,
      error: { code: 'command-not-allowed' },
    })
    expect(bench.tested).toEqual([])
    const allowedAtTest: boolean[] = []
    bench.settings.test = () => {
      allowedAtTest.push(bench.allowed.isAllowed({ command: 'get', args: ['it'], env: [] }))
      return connected
    }
    const input = { id: cluster.id, text, allowCommands: ['get it'] }
    expect(await bench.service.rotate(input, bench.context.signal)).toMatchObject({
      ok: true,
      value: { authKinds: ['exec'] },
    })
    expect(allowedAtTest).toEqual([true])
  })

  it('changes nothing when it is cancelled, when the vault is locked, or when the cluster went away meanwhile', async () => {
    const abort = new AbortController()
    bench.settings.test = () => {
      abort.abort()
      return connected
    }
    const input = { id: cluster.id, text: config('new-token') }
    expect(await bench.service.rotate(input, abort.signal)).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    expect(token()).toBe('old-token')
    bench.settings.test = async () => {
      await bench.service.remove(cluster.id, { removeForwards: true })
      return connected
    }
    expect(await bench.service.rotate(input, bench.context.signal)).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    })
    expect(bench.store.database.prepare('SELECT count(*) AS n FROM kubeconfigs').get()).toEqual({ n: 0 })
  })

  it('goes on reading stored credentials after the data key changed', async () => {
    expect(await bench.vault.rotate({})).toMatchObject({ ok: true })
    expect(token()).toBe('old-token')
  })
})

describe('refreshed tokens', () => {
  const oidc = (idToken: string) =>
    config('', {
      user: `auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', client-id: a, id-token: ${idToken}}}`,
    })

  it('are stored, unless the cluster has other credentials by now', async () => {
    const [added] = await bench.add(oidc('first'), ['x'])
    const entry = bench.service.entry(added!.id)
    if (!entry.ok) throw new Error(entry.error.message)
    const { user } = entry.value
    const config = { ...user.authProvider?.config, 'id-token': 'second' }
    const refreshed = { ...entry.value, user: { ...user, authProvider: { name: 'oidc', config } } }
    const idToken = () => {
      const stored = bench.service.entry(added!.id)
      return stored.ok ? stored.value.user.authProvider?.config['id-token'] : null
    }
    expect(bench.service.storeRefreshed(added!.id, refreshed)).toMatchObject({ ok: true })
    expect(idToken()).toBe('second')
    const other = oidc('third').replace('client-id: a', 'client-id: b')
    await bench.service.rotate({ id: added!.id, text: other }, bench.context.signal)
    expect(bench.service.storeRefreshed(added!.id, refreshed)).toMatchObject({ ok: true })
    expect(idToken()).toBe('third')
  })
})

describe('a cluster from the default kubeconfig', () => {
  const contexts = [{ context: 'x' }]
  let path: string
  let fromFile: Cluster
  beforeEach(async () => {
    path = bench.writeFile('.kube/config', config('one'))
    const added = await bench.service.add({ default: true, contexts })
    if (!added.ok) throw new Error(added.error.message)
    fromFile = added.value[0]!
  })
  const changed = () => bench.service.get(fromFile.id)?.source?.changed
  /** Looks at the sources as the folder watch would, whose quiet time is on the fake clock. */
  const whenSeen = async (expected: boolean) => {
    const look = (): boolean | undefined => {
      bench.clock.advance(1000)
      return changed()
    }
    await expect.poll(look, { timeout: 10_000 }).toBe(expected)
  }

  it('knows its file and sees when that has other contents for it', async () => {
    expect(fromFile.source).toEqual({ path, changed: false })
    bench.writeFile('.kube/config', `${config('two')}\n`)
    await whenSeen(true)
    bench.writeFile('.kube/config', `# the same again\n${config('one')}`)
    await whenSeen(false)
  })

  it('takes the change over when asked', async () => {
    bench.writeFile('.kube/config', config('two'))
    await whenSeen(true)
    bench.changes.length = 0
    const updated = await bench.service.updateFromSource(fromFile.id, bench.context.signal)
    expect(updated).toMatchObject({ ok: true, value: { id: fromFile.id } })
    const entry = bench.service.entry(fromFile.id)
    expect(entry.ok && entry.value.user.token).toBe('two')
    expect(bench.changes[0]).toEqual({ id: fromFile.id, kind: 'credentials' })
    await whenSeen(false)
  })

  it.each(['credentials-rejected', 'cluster-unreachable'] as const)('keeps the old ones on %s', async (code) => {
    bench.writeFile('.kube/config', config('two'))
    bench.settings.test = () => failed(code)
    const refused = await bench.service.updateFromSource(fromFile.id, bench.context.signal)
    expect(refused).toMatchObject({ ok: false, error: { code } })
    const entry = bench.service.entry(fromFile.id)
    expect(entry.ok && entry.value.user.token).toBe('one')
    await whenSeen(true)
  })

  it('says so when the context is gone, the file is gone, or there never was one', async () => {
    bench.writeFile('.kube/config', config('two', { context: 'other' }))
    const gone = { ok: false, error: { code: 'file-not-readable', details: { path, context: 'x' } } }
    expect(await bench.service.updateFromSource(fromFile.id, bench.context.signal)).toMatchObject(gone)
    expect(changed()).toBe(false)
    expect(await bench.service.updateFromSource(cluster.id, bench.context.signal)).toMatchObject({
      ok: false,
      error: { code: 'file-not-readable' },
    })
  })

  it('looks again once the vault is unlocked', async () => {
    bench.vault.lock()
    bench.writeFile('.kube/config', config('two'))
    bench.clock.advance(1000)
    expect(changed()).toBe(false)
    expect(await bench.vault.unlock({})).toMatchObject({ ok: true })
    await whenSeen(true)
  })

  it('lists the default files', async () => {
    expect(await bench.service.handlers()['kubeconfigs.default']({}, bench.context)).toEqual({
      ok: true,
      value: { files: [{ path, exists: true, contexts: 1 }] },
    })
  })
})
