import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../contract/client.ts'
import type { VaultStatus } from '../../contract/system.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { DesktopSession, missingPrograms } from '../support/secret-service.ts'
import { waitUntil } from '../support/wait-until.ts'

const canary = 'c4n4ry-keychain-t0ken'
const keyringPassword = 'x'
/** A cluster that cannot be reached: what is shown depends on the vault alone. */
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: away, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: away, user: {token: ${canary}}}]
contexts: [{name: away, context: {cluster: away, user: away}}]
`

let session: DesktopSession
let dataDir: string
const hosts: RunningHost[] = []

beforeEach((context) => {
  const missing = missingPrograms()
  if (missing.length > 0) context.skip(`the keychain could not be tried: ${missing.join(', ')} missing`)
  session = new DesktopSession()
  dataDir = mkdtempSync(join(tmpdir(), 'mooring-keychain-'))
})
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.kill()
  await session.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Starts the host in the session; `none` leaves the choice of the vault to it. */
async function start(vault: 'keychain' | 'none' = 'keychain'): Promise<RunningHost> {
  const host = await startHost({ dataDir, vault, environment: session.environment })
  hosts.push(host)
  return host
}

const status = (client: Client): Promise<VaultStatus> => expectOk(client.vault.status())

/** A cluster and a forward whose intent is on. */
async function addForward(client: Client): Promise<string> {
  const added = await expectOk(client.clusters.add({ text: kubeconfig, contexts: [{ context: 'away' }] }))
  const forward = await expectOk(
    client.forwards.create({
      clusterId: added[0]!.id,
      namespace: 'default',
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 80 }],
    }),
  )
  return forward.id
}

const causeOf = async (client: Client, id: string): Promise<string | undefined> =>
  (await expectOk(client.forwards.get({ id }))).cause?.code

/** Every byte below a folder, as one text. */
function bytesBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n')
}

/** Keys of ours in the kernel keyring (https://man7.org/linux/man-pages/man5/proc_keys.5.html), by serial number. */
const kernelKeys = (): string[] =>
  readFileSync('/proc/keys', 'utf8')
    .split('\n')
    .filter((line) => line.includes('@Mooring'))
    .map((line) => line.slice(0, 8))

describe('the keychain of a real desktop session', () => {
  it('is chosen by itself, holds one key, and opens the vault again after kill -9', async () => {
    await session.startBus()
    await session.startKeyring(keyringPassword)
    const first = await start('none')
    const made = await status(first.client)
    expect(made).toMatchObject({ state: 'unlocked', provider: 'keychain', keychain: { available: true, reason: null } })
    await addForward(first.client)
    await expectOk(first.client.commands.allow({ command: 'login-plugin', args: [canary] }))
    expect(session.entries().map(({ account }) => account)).toEqual([made.keyId])
    await first.kill()
    expect(bytesBelow(dataDir)).not.toContain(canary)
    const secret = session.entries()[0]!.secret
    expect(Buffer.from(secret, 'base64')).toHaveLength(32)
    expect(bytesBelow(dataDir)).not.toContain(secret)
    expect(bytesBelow(dataDir)).not.toContain(Buffer.from(secret, 'base64').toString('latin1'))

    const second = await start()
    expect(await status(second.client)).toMatchObject({ state: 'unlocked', keyId: made.keyId })
    expect(await expectOk(second.client.commands.list())).toMatchObject([{ args: [canary] }])
  })

  it('gets a new key at a rotation and keeps the old one no longer', async () => {
    await session.startBus()
    await session.startKeyring(keyringPassword)
    const host = await start()
    await expectOk(host.client.commands.allow({ command: 'login-plugin', args: [canary] }))
    const before = session.entries()
    const rotated = await expectOk(host.client.vault.rotate({}))
    expect(session.entries().map(({ account }) => account)).toEqual([rotated.keyId])
    expect(session.entries()).not.toEqual(before)
    await host.kill()
    const again = await start()
    expect(await expectOk(again.client.commands.list())).toMatchObject([{ args: [canary] }])
    await expectOk(again.client.vault.rotate({ provider: 'passphrase', passphrase: 'a long enough passphrase' }))
    expect(session.entries()).toEqual([])
  })

  it('that is locked at the start leaves the vault locked; forwards wait and go on after unlock', async () => {
    await session.startBus()
    await session.startKeyring(keyringPassword)
    const first = await start()
    const forward = await addForward(first.client)
    await first.kill()
    await session.stopKeyring()
    await session.startKeyring(null)

    const second = await start()
    expect(await status(second.client)).toMatchObject({ state: 'locked', provider: 'keychain' })
    await waitUntil('vault-locked', 10, async () => (await causeOf(second.client, forward)) === 'vault-locked')
    expect((await expectError(second.client.vault.unlock({}))).code).toBe('keychain-unavailable')
    expect(await status(second.client)).toMatchObject({ state: 'locked', keychain: { available: false } })

    await session.stopKeyring()
    await session.startKeyring(keyringPassword)
    expect(await expectOk(second.client.vault.unlock({}))).toMatchObject({ state: 'unlocked' })
    await waitUntil('another cause', 10, async () => (await causeOf(second.client, forward)) !== 'vault-locked')
    expect(await expectOk(second.client.forwards.get({ id: forward }))).toMatchObject({ desired: 'on' })
  })

  it('that starts after Mooring opens the vault without a click', async () => {
    await session.startBus()
    await session.startKeyring(keyringPassword)
    const first = await start()
    await first.kill()
    await session.stopKeyring()
    const second = await start()
    expect(await status(second.client)).toMatchObject({ state: 'locked', keychain: { available: false } })
    await session.startKeyring(keyringPassword)
    await waitUntil('the vault to open', 40, async () => (await status(second.client)).state === 'unlocked')
  })

  it('that lost the key is said to have lost it, and nothing is put over what is stored', async () => {
    await session.startBus()
    await session.startKeyring(keyringPassword)
    const first = await start()
    await expectOk(first.client.commands.allow({ command: 'login-plugin', args: [canary] }))
    await first.kill()
    await session.stopKeyring()
    session.deleteKeyrings()
    await session.startKeyring(keyringPassword)

    const second = await start()
    expect((await status(second.client)).state).toBe('undecryptable')
    expect((await expectError(second.client.vault.setup({ provider: 'keychain' }))).code).toBe('vault-already-set-up')
    expect((await expectError(second.client.commands.list())).code).toBe('vault-undecryptable')
    const given = await expectOk(second.client.vault.setup({ provider: 'keychain', giveUpOld: true }))
    expect(given.state).toBe('unlocked')
    await expectOk(second.client.commands.allow({ command: 'login-plugin', args: [canary] }))
    expect(await expectOk(second.client.commands.list())).toMatchObject([{ args: [canary] }])
  })

  it('that is not there is not replaced by the kernel keyring, which a reboot empties', async () => {
    const before = kernelKeys()
    const host = await start('none')
    expect(await status(host.client)).toMatchObject({
      state: 'not-set-up',
      provider: null,
      keychain: { available: false },
    })
    const added = host.client.clusters.add({ text: kubeconfig, contexts: [{ context: 'away' }] })
    expect((await expectError(added)).code).toBe('vault-not-set-up')
    expect((await expectError(host.client.vault.setup({ provider: 'keychain' }))).code).toBe('keychain-unavailable')
    expect(kernelKeys()).toEqual(before)
    await host.kill()
    await expect(start('keychain')).rejects.toThrow("The system's keychain cannot be used.")
  })
})
