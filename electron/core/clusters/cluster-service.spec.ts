import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cluster, type ClusterStatus } from '../../../contract/clusters.ts'
import { appError, fail, ok } from '../../../contract/errors.ts'
import { owner } from '../../../contract/permissions.ts'
import type { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { sampleKubeconfig, sampleVariables } from '../kubeconfig/kubeconfig.testing.ts'
import { type ClusterServiceBench, clusterServiceBench } from './cluster-service.testing.ts'
import { unknownStatus } from './cluster-view.ts'
import { commandFingerprint } from '../kubeconfig/credential-command.ts'

const text = sampleKubeconfig({ contexts: 6 })
/** What the sample's third contexts run. */
const command = (index: number) => ({ command: 'get-credentials', args: ['--cluster', `c${index}`] })
const toRun = (index: number) => ({ ...command(index), env: sampleVariables(index) })
const shown = (index: number) => ({ ...command(index), env: [{ name: 'SECRET', value: '•••' }] })

const call = { principal: owner, signal: new AbortController().signal }

let bench: ClusterServiceBench
beforeEach(async () => {
  bench = await clusterServiceBench()
})
afterEach(() => bench.close())

const countOf = (table: string): unknown => bench.store.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()

describe('adding clusters', () => {
  it('stores each context on its own and shows it at once', async () => {
    const added = await bench.add(text, ['context-0', 'context-1'])
    expect(added).toEqual(bench.service.list())
    for (const cluster of added) expect(Cluster.parse(cluster)).toEqual(cluster)
    expect(added[0]).toMatchObject({
      name: 'context-0',
      context: 'context-0',
      server: 'https://10.0.0.1:6443',
      user: 'user-0',
      authKinds: ['token'],
      namespace: 'team-0',
      position: 0,
      source: null,
      forwards: { total: 0, on: 0 },
      status: { status: 'unknown', checkedAt: null },
    })
    expect(bench.changes.map((change) => change.kind)).toEqual(['added', 'added'])
    expect(bench.tested).toEqual([])
  })

  it('takes name, environment and labels from the user', async () => {
    const contexts = [{ context: 'context-0', name: 'Shop', environment: 'production', labels: { team: 'shop' } }]
    const added = await bench.service.add({ text, contexts })
    expect(added).toMatchObject({
      ok: true,
      value: [{ name: 'Shop', environment: 'production', labels: { team: 'shop' } }],
    })
  })

  it('keeps contexts of the same name from two files apart, with their own credentials', async () => {
    const file = (token: string) => `
clusters: [{name: default, cluster: {server: 'https://${token}'}}]
users: [{name: default, user: {token: ${token}}}]
contexts: [{name: default, context: {cluster: default, user: default}}]`
    const [one] = await bench.add(file('first'), ['default'])
    const [two] = await bench.add(file('second'), ['default'])
    expect([one?.name, two?.name]).toEqual(['default', 'default (2)'])
    const tokens = [one!, two!].map((cluster) => {
      const entry = bench.service.entry(cluster.id)
      return entry.ok ? [entry.value.cluster.server, entry.value.user.token] : entry.error
    })
    expect(tokens).toEqual([
      ['https://first', 'first'],
      ['https://second', 'second'],
    ])
  })

  it('refuses a name the user gave that is taken, and adds nothing', async () => {
    await bench.add(text, ['context-0'])
    const contexts = [{ context: 'context-1' }, { context: 'context-3', name: 'context-0' }]
    expect(await bench.service.add({ text, contexts })).toMatchObject({ ok: false, error: { code: 'name-taken' } })
    expect(countOf('clusters')).toEqual({ n: 1 })
    expect(countOf('kubeconfigs')).toEqual({ n: 1 })
  })

  it('refuses a context that has no server or is not there, and adds nothing', async () => {
    const broken = text.replace(
      'cluster-1\n  cluster:\n    server: https://10.0.0.1:6443',
      'cluster-1\n  cluster:\n    server: ""',
    )
    for (const name of ['context-1', 'absent']) {
      const contexts = [{ context: 'context-0' }, { context: name }]
      const result = await bench.service.add({ text: broken, contexts })
      expect(result).toMatchObject({ ok: false, error: { code: 'context-not-addable', details: { context: name } } })
    }
    expect(bench.service.list()).toEqual([])
  })

  it('refuses a text that is no kubeconfig, with line and column', async () => {
    const result = await bench.service.add({ text: 'clusters:\n\t- a', contexts: [{ context: 'x' }] })
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'kubeconfig-unusable', details: { error: 'yaml-syntax', problems: [{ line: 2 }] } },
    })
  })

  it('needs a yes to exactly the command that would run', async () => {
    const contexts = [{ context: 'context-0' }, { context: 'context-2' }]
    for (const allowCommands of [
      undefined,
      ['get-credentials'],
      [command(5)],
      [{ ...command(2), args: ['--cluster c2'] }],
    ]) {
      const result = await bench.service.add({ text, contexts, allowCommands })
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'command-not-allowed', details: { context: 'context-2', ...command(2) } },
      })
    }
    expect(bench.service.list()).toEqual([])
    expect(bench.allowed.isAllowed(toRun(2))).toBe(false)
  })

  it('asks again when another kubeconfig sets other variables for a command that is allowed', async () => {
    await bench.add(text, ['context-2'], { allowCommands: [command(2)] })
    const previewOf = async (input: { text: string }) =>
      (await bench.service.handlers()['kubeconfigs.preview'](input, call)) as { ok: true; value: KubeconfigPreview }
    const isAllowed = async (kubeconfig: string) =>
      (await previewOf({ text: kubeconfig })).value.contexts.find(({ context }) => context === 'context-2')
        ?.commandAllowed
    expect(await isAllowed(text)).toBe(true)
    expect(
      await isAllowed(
        text.replaceAll('- name: SECRET', '- {name: LD_PRELOAD, value: /tmp/x.so}\n      - name: SECRET'),
      ),
    ).toBe(false)
  })

  it('allows the command of a cluster as it is stored, if it still reads as it was shown', async () => {
    const [cluster] = await bench.add(text, ['context-2'], { allowCommands: [command(2)] })
    const id = cluster?.id ?? ''
    bench.allowed.remove(bench.allowed.list()[0]?.id ?? '')
    const handlers = bench.service.handlers()
    expect(await handlers['clusters.command']({ id }, call)).toEqual({
      ok: true,
      value: { command: shown(2), allowed: false },
    })
    expect(bench.service.allowCommand(id, command(5))).toMatchObject({ error: { code: 'command-not-allowed' } })
    expect(bench.service.allowCommand(id, command(2))).toMatchObject({ ok: true, value: { clusters: [] } })
    expect(await handlers['clusters.command']({ id }, call)).toMatchObject({ value: { allowed: true } })
  })

  it.each([
    ['command and arguments', command(2)],
    ['the whole line', 'get-credentials --cluster c2'],
  ])('takes a yes as %s and remembers it', async (_how, consent) => {
    await bench.add(text, ['context-2'], { allowCommands: [consent] })
    expect(bench.allowed.isAllowed(toRun(2))).toBe(true)
    expect(bench.allowed.isAllowed(toRun(5))).toBe(false)
    await bench.add(text, ['context-2'])
    expect(bench.service.usersOfCommand(commandFingerprint(toRun(2)))).toEqual(['context-2', 'context-2 (2)'])
    expect(bench.service.usersOfCommand(commandFingerprint(toRun(5)))).toEqual([])
  })

  it('adds nothing when the disk is full, and works again after', async () => {
    const { database } = bench.store
    const pages = Number(database.pragma('page_count', { simple: true }))
    database.pragma(`max_page_count = ${pages}`)
    const contexts = Array.from({ length: 6 }, (_, index) => ({ context: `context-${index}` }))
    const input = { text, contexts, allowCommands: [command(2), command(5)] }
    expect(await bench.service.add(input)).toMatchObject({ ok: false, error: { code: 'storage-failed' } })
    expect(bench.service.list()).toEqual([])
    expect(countOf('kubeconfigs')).toEqual({ n: 0 })
    expect(bench.allowed.list()).toEqual([])
    expect(bench.changes).toEqual([])
    database.pragma(`max_page_count = ${pages + 1000}`)
    expect(await bench.service.add(input)).toMatchObject({ ok: true })
  })

  it('writes no secret in clear', async () => {
    await bench.add(text, ['context-0', 'context-1', 'context-2'], { allowCommands: [command(2)] })
    const secrets = [...text.matchAll(/(?:token|password|environment)-[0-9a-f]{64}/g)].map(([secret]) => secret)
    const stored = bench.store.database.serialize()
    expect(stored.includes('context-0')).toBe(true)
    for (const secret of secrets) expect(stored.includes(secret)).toBe(false)
  })

  it('masks credentials in the address but uses them', async () => {
    const [cluster] = await bench.add(sampleKubeconfig({ contexts: 1, server: 'https://me:pw@host' }), ['context-0'])
    expect(cluster?.server).toBe('https://•••@host')
    const entry = bench.service.entry(cluster!.id)
    expect(entry.ok && entry.value.cluster.server).toBe('https://me:pw@host')
    expect(bench.store.database.serialize().includes('me:pw@')).toBe(false)
  })

  it('waits for the vault', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    bench.vault.lock()
    const contexts = [{ context: 'context-1' }]
    expect(await bench.service.add({ text, contexts })).toMatchObject({ ok: false, error: { code: 'vault-locked' } })
    expect(bench.service.entry(cluster!.id)).toMatchObject({ ok: false, error: { code: 'vault-locked' } })
    expect(bench.service.list()).toHaveLength(1)
  })

  it('embeds files after a yes and names those that are missing', async () => {
    const token = bench.writeFile('token', 'from-file\n')
    const config = (path: string) => `
clusters: [{name: c, cluster: {server: 'https://h'}}]
users: [{name: u, user: {tokenFile: ${path}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]`
    const contexts = [{ context: 'x' }]
    const [embedded] = await bench.add(config(token), ['x'], { embedFiles: [token] })
    const [outside] = await bench.add(config(token), ['x'])
    const entries = [embedded!, outside!].map((cluster) => bench.service.entry(cluster.id))
    expect(entries.map((entry) => entry.ok && [entry.value.user.token, entry.value.user.tokenFile])).toEqual([
      ['from-file', null],
      [null, token],
    ])
    const missing = await bench.service.add({ text: config('/absent/token'), contexts, embedFiles: ['/absent/token'] })
    expect(missing).toMatchObject({
      ok: false,
      error: { code: 'file-not-readable', details: { path: '/absent/token' } },
    })
  })
})

describe('the preview', () => {
  it('names duplicates of what is stored and commands that are allowed', async () => {
    const [cluster] = await bench.add(text, ['context-2'], { allowCommands: [command(2)] })
    const preview = await bench.service.handlers()['kubeconfigs.preview']({ text }, bench.context)
    const contexts = preview.ok ? preview.value.contexts : []
    expect(contexts[2]).toMatchObject({ duplicateOf: { id: cluster!.id, name: 'context-2' }, commandAllowed: true })
    expect(contexts[5]).toMatchObject({ duplicateOf: null, commandAllowed: false })
    expect(contexts[2]?.risks.map((risk) => risk.code)).toContain('exec-not-found')
    expect(JSON.stringify(preview)).not.toMatch(/(token|password|environment)-[0-9a-f]{64}/)
  })
})

describe('changing clusters', () => {
  it('renames, groups and annotates', async () => {
    const [one, two] = await bench.add(text, ['context-0', 'context-1'])
    const change = {
      environment: 'staging',
      labels: { a: 'b' },
      colour: 'red',
      notes: 'Ask Ann.',
      namespace: 'web',
    } as const
    expect(bench.service.update({ id: one!.id, name: 'Shop', ...change })).toMatchObject({
      ok: true,
      value: { name: 'Shop', ...change },
    })
    expect(bench.service.update({ id: one!.id, environment: null })).toMatchObject({
      ok: true,
      value: { environment: null, name: 'Shop', notes: 'Ask Ann.' },
    })
    expect(bench.service.update({ id: two!.id, name: 'Shop' })).toMatchObject({
      ok: false,
      error: { code: 'name-taken' },
    })
    const entry = bench.service.entry(one!.id)
    expect(entry.ok && entry.value.namespace).toBe('web')
  })

  it('keeps the user’s own order without gaps', async () => {
    const added = await bench.add(text, ['context-0', 'context-1', 'context-3', 'context-4'])
    bench.changes.length = 0
    bench.service.update({ id: added[3]!.id, position: 1 })
    const order = () => bench.service.list().map(({ name, position }) => [name, position])
    expect(order()).toEqual([
      ['context-0', 0],
      ['context-4', 1],
      ['context-1', 2],
      ['context-3', 3],
    ])
    expect(bench.changes.map((change) => change.id).sort()).toEqual(
      added
        .slice(1)
        .map(({ id }) => id)
        .sort(),
    )
    await bench.service.remove(added[0]!.id, { removeForwards: false })
    expect(order()).toEqual([
      ['context-4', 0],
      ['context-1', 1],
      ['context-3', 2],
    ])
  })

  it('has an active cluster: the first one added, then the one chosen, none after it is removed', async () => {
    expect(bench.service.active()).toBeNull()
    const [one, two] = await bench.add(text, ['context-0', 'context-1'])
    expect(bench.service.active()).toBe(one!.id)
    expect(bench.service.setActive(two!.id)).toEqual({ ok: true, value: { id: two!.id } })
    expect(bench.changes.at(-1)).toEqual({ id: two!.id, kind: 'opened' })
    expect(bench.service.setActive(crypto.randomUUID())).toMatchObject({ ok: false, error: { code: 'not-found' } })
    await bench.service.remove(two!.id, { removeForwards: false })
    expect(bench.service.active()).toBeNull()
  })

  it('shows the status that health checks give it and forgets it with the cluster', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    const status: ClusterStatus = {
      status: 'connected',
      serverVersion: 'v1.36.0',
      latencyMs: 12,
      cause: null,
      checkedAt: 1,
      lastConnectedAt: 1,
      checking: false,
    }
    bench.changes.length = 0
    bench.service.setStatus(cluster!.id, status)
    bench.service.setStatus(cluster!.id, { ...status })
    bench.service.setStatus(crypto.randomUUID(), status)
    expect(bench.changes).toEqual([{ id: cluster!.id, kind: 'changed' }])
    expect(bench.service.get(cluster!.id)?.status).toEqual(status)
  })

  it('says when one that was not reached is reached again, once', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    const away: ClusterStatus = { ...unknownStatus, status: 'disconnected' }
    const back: ClusterStatus = { ...unknownStatus, status: 'connected' }
    bench.changes.length = 0
    for (const status of [back, away, { ...away, checking: true }, back, { ...back, checking: true }])
      bench.service.setStatus(cluster!.id, status)
    expect(bench.changes.map(({ kind }) => kind)).toEqual(['changed', 'changed', 'changed', 'reached', 'changed'])
  })
})

describe('removing a cluster', () => {
  const forward = { id: crypto.randomUUID(), name: 'web', desired: 'on' as const, connections: 2 }

  it('says first what goes with it', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    bench.forwards.set(cluster!.id, [forward])
    expect(bench.service.get(cluster!.id)?.forwards).toEqual({ total: 1, on: 1 })
    expect(await bench.service.remove(cluster!.id, { removeForwards: false })).toMatchObject({
      ok: false,
      error: { code: 'cluster-in-use', details: { forwards: [forward] } },
    })
    expect(await bench.service.remove(cluster!.id, { removeForwards: true })).toEqual({ ok: true, value: {} })
    expect(bench.forwards.size).toBe(0)
  })

  it('says why when its forwards cannot be removed, and leaves all as it was', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    bench.forwards.set(cluster!.id, [forward])
    bench.settings.deleteForwards = () => fail(appError('storage-failed', 'The disk is full.', 'Free some space.'))
    const remove = () => bench.service.remove(cluster!.id, { removeForwards: true })
    expect(await remove()).toMatchObject({ error: { code: 'storage-failed', next: 'Free some space.' } })
    bench.settings.deleteForwards = () => ok(undefined)
    bench.store.database.pragma('query_only = ON')
    expect(await remove()).toMatchObject({ error: { code: 'storage-failed' } })
    bench.store.database.pragma('query_only = OFF')
    expect(bench.service.get(cluster!.id)?.forwards).toEqual({ total: 1, on: 1 })
    expect(await remove()).toEqual({ ok: true, value: {} })
  })

  it('leaves nothing of it', async () => {
    const [cluster] = await bench.add(text, ['context-0'])
    await bench.service.remove(cluster!.id, { removeForwards: false })
    expect(countOf('kubeconfigs')).toEqual({ n: 0 })
    expect(bench.service.get(cluster!.id)).toBeNull()
    expect(bench.changes.at(-1)).toEqual({ id: cluster!.id, kind: 'removed' })
    expect(await bench.service.remove(cluster!.id, { removeForwards: false })).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    })
  })
})
