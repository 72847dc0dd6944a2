import { describe, expect, it } from 'vitest'
import { owner } from '../../../contract/permissions.ts'
import { FakeClock } from '../clock.testing.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import type { Store } from '../store/store.ts'
import { Vault } from '../vault/vault.ts'
import { type CommandToRun, commandFingerprint } from '../kubeconfig/credential-command.ts'
import { AllowedCommands } from './allowed-commands.ts'

const args = ['token', '--cluster', 'one']
const run = (command: string, args: readonly string[], env: CommandToRun['env'] = []): CommandToRun => ({
  command,
  args,
  env,
})
const aws = run('aws', args)

async function open(store: Store = memoryStore(), setUp = true) {
  const clock = new FakeClock(1000)
  const vault = new Vault({ store, clock, log: silentLog })
  const allowed = new AllowedCommands({
    store,
    vault,
    clock,
    usersOf: (fingerprint) => (fingerprint === commandFingerprint(aws) ? ['uses aws'] : []),
  })
  if (setUp) await vault.setup({ provider: 'memory' })
  return { store, vault, allowed }
}

const listed = (allowed: AllowedCommands) =>
  allowed.handlers()['commands.list']({}, { principal: owner, signal: new AbortController().signal })

describe('the allow list', () => {
  it('holds each command exactly as written: no other argument, order or spelling', async () => {
    const { allowed } = await open()
    expect(allowed.isAllowed(aws)).toBe(false)
    expect(allowed.allow(aws)).toMatchObject({
      ok: true,
      value: { command: 'aws', args, clusters: ['uses aws'], allowedAt: 1000 },
    })
    expect(allowed.isAllowed(run('aws', [...args]))).toBe(true)
    for (const [command, others] of [
      ['aws', args.slice(0, 2)],
      ['aws', [...args, '']],
      ['aws', [...args].reverse()],
      ['aws', ['token --cluster', 'one']],
      ['aws', []],
      ['AWS', args],
      ['/usr/bin/aws', args],
      ['aws ', args],
    ] as const)
      expect(allowed.isAllowed(run(command, others))).toBe(false)
  })

  it('holds it with the variables that its kubeconfig sets: another one could make it run other code', async () => {
    const { allowed } = await open()
    const profile = { name: 'AWS_PROFILE', value: 'one' }
    allowed.allow(aws)
    expect(allowed.isAllowed(run('aws', args, [profile]))).toBe(false)
    allowed.allow(run('aws', args, [profile]))
    expect(allowed.isAllowed(run('aws', args, [profile]))).toBe(true)
    for (const env of [
      [{ name: 'AWS_PROFILE', value: 'two' }],
      [profile, { name: 'LD_PRELOAD', value: '/tmp/x.so' }],
      [{ name: 'PATH', value: '/tmp' }],
    ])
      expect(allowed.isAllowed(run('aws', args, env))).toBe(false)
    expect(allowed.list().map(({ env }) => env?.map(({ name, value }) => `${name}=${value}`))).toContainEqual([
      'AWS_PROFILE=•••',
    ])
  })

  it('does not grow when the same is allowed twice, and forgets what is removed', async () => {
    const { allowed } = await open()
    const changes: null[] = []
    allowed.onChange((change) => changes.push(change))
    const [first, second] = [allowed.allow(aws), allowed.allow(aws)]
    expect(first).toEqual(second)
    expect(allowed.list()).toHaveLength(1)
    expect(changes).toHaveLength(1)
    expect(allowed.remove(allowed.list()[0]!.id)).toEqual({ ok: true, value: {} })
    expect(allowed.isAllowed(aws)).toBe(false)
    expect(allowed.remove(first.ok ? first.value.id : '')).toMatchObject({ error: { code: 'not-found' } })
    expect(changes).toHaveLength(2)
  })

  it('does not show arguments, which can hold secrets, to whoever reads the database', async () => {
    const { store, allowed } = await open()
    allowed.allow(run('kubelogin', ['--client-secret=c4n4ry'], [{ name: 'CLIENT_SECRET', value: 'c4n4ry' }]))
    const rows = store.database.prepare<[], { arguments: Buffer }>('SELECT * FROM allowed_command').all()
    expect(rows[0]!.arguments.includes('c4n4ry')).toBe(false)
    expect(JSON.stringify({ ...rows[0], arguments: '' })).not.toContain('c4n4ry')
  })

  it('allows nothing while the vault is locked, says so instead of showing an empty list, and is back after', async () => {
    const { vault, allowed } = await open()
    allowed.allow(aws)
    let told = 0
    allowed.onChange(() => (told += 1))
    vault.lock()
    expect(told).toBe(1)
    expect(allowed.isAllowed(aws)).toBe(false)
    expect(await listed(allowed)).toMatchObject({ error: { code: 'vault-locked' } })
    expect(allowed.allow(run('gcloud', []))).toMatchObject({ error: { code: 'vault-locked' } })
    await vault.unlock({})
    expect(allowed.isAllowed(aws)).toBe(true)
    expect(await listed(allowed)).toMatchObject({ ok: true, value: [{ command: 'aws', args }] })
  })

  it('is empty, not unreadable, before there is a vault', async () => {
    const { allowed } = await open(memoryStore(), false)
    expect(await listed(allowed)).toEqual({ ok: true, value: [] })
    expect(allowed.allow(aws)).toMatchObject({ error: { code: 'vault-not-set-up' } })
  })

  it('survives a change of the key and a restart', async () => {
    const { store, vault, allowed } = await open()
    allowed.allow(aws)
    await vault.rotate({ provider: 'passphrase', passphrase: 'a long enough passphrase' })
    expect(allowed.isAllowed(aws)).toBe(true)
    const later = await open(store, false)
    expect(later.allowed.isAllowed(aws)).toBe(false)
    await later.vault.unlock({ passphrase: 'a long enough passphrase' })
    expect(later.allowed.isAllowed(aws)).toBe(true)
  })
})
