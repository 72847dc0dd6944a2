import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Result } from '../../contract/errors.ts'
import { operationNames, operations, type OperationName } from '../../contract/operations.ts'
import { validInputsAround, vaultPassphrase } from '../../contract/valid-inputs.testing.ts'
import { everyKindText, plantedSecrets } from '../../electron/core/kubeconfig/hostile-kubeconfigs.testing.ts'
import { makeAuthority, makeIdentity } from '../../network/certificates.testing.ts'
import { canariesBelow, canariesIn, type Canaries } from '../support/canaries.ts'
import { expectOk } from '../support/expect-ok.ts'
import { inspectable, openInspector, type Inspector } from '../support/inspector.ts'
import { waitUntil } from '../support/wait-until.ts'
import { OwnerDesktop } from './owner-desktop.ts'

/** What crosses the bridge of a desktop that owns its data, when every operation there is is asked for. */
let folder: string
let desktop: OwnerDesktop
const told: { where: string; text: string }[] = []
const keep = (where: string, what: unknown): void => void told.push({ where, text: JSON.stringify(what) })

/** Everything it names refuses at once. */
const text = everyKindText
  .replaceAll(/https?:\/\/[^\s@]*@?10\.0\.0\.\d:\d+/g, 'https://127.0.0.1:9')
  .replaceAll(/(proxy|issuer)\.example\.test(:\d+)?/g, '127.0.0.1:9')
const inputs = validInputsAround({ text, base64: Buffer.from(text).toString('base64') })
const canaries = { ...plantedSecrets, passphrase: vaultPassphrase }

/** What takes things away, or the key to them, comes after what asks for them. */
const takesAway = (name: OperationName): boolean => /remove|lock|setup/.test(name)
const inOrder = [...operationNames.filter((name) => !takesAway(name)), ...operationNames.filter(takesAway)]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-desktop-secrets-'))
  desktop = await OwnerDesktop.start({ dataDir: join(folder, 'data'), home: folder })
  const { client } = desktop
  await expectOk(client.vault.setup({ provider: 'passphrase', passphrase: vaultPassphrase }))
  for (const stream of ['clusters', 'forwards', 'vault', 'settings', 'app'] as const)
    client.subscribe(stream, (message) => keep(`event ${stream}`, message))
  const contexts = ['token', 'basic', 'certificate', 'provider'].map((context) => ({ context }))
  const [cluster] = await expectOk(client.clusters.add({ text, contexts }))
  const target = { kind: 'service', name: 'web' } as const
  const forward = await expectOk(
    client.forwards.create({ clusterId: cluster?.id ?? '', namespace: 'shop', target, ports: [{ remote: 80 }] }),
  )
  for (const name of inOrder)
    for (const input of inputs[name]) {
      const id = operations[name].path.startsWith('/forwards') ? forward.id : cluster?.id
      const about = JSON.parse(JSON.stringify(input), (key, value: unknown) =>
        key === 'id' ? id : key === 'clusterId' ? cluster?.id : value,
      ) as object
      const answer = (await desktop.command('call', { name, input: about })) as Result<unknown>
      keep(`${name} ${answer.ok ? 'ok' : answer.error.code}`, answer)
    }
})
afterAll(async () => {
  await desktop.kill()
  await rm(folder, { recursive: true, force: true })
})

describe('a secret', () => {
  it('crosses the bridge in no answer, no error and no event', () => {
    const answered = told.filter(({ where }) => where.endsWith(' ok')).map(({ where }) => where)
    for (const name of ['clusters.get', 'clusters.rotate', 'clusters.test', 'forwards.get', 'diagnostics.report'])
      expect(answered).toContain(`${name} ok`)
    expect(told.map(({ where }) => where)).toContain('event clusters')
    // The sidecar answers too; the cluster does not.
    expect(told.map(({ where }) => where)).toContain('clusters.pods cluster-unreachable')
    expect(told.filter(({ where }) => where.includes('invalid-input'))).toEqual([])
    expect(
      told.flatMap(({ where, text: words }) => canariesIn(words, canaries).map((name) => `${where}: ${name}`)),
    ).toEqual([])
  })

  it('is in nothing that a person is shown outside the page, and in no line of the log', () => {
    expect(desktop.shown.map(({ what }) => what)).toContain('window')
    expect(canariesIn(JSON.stringify(desktop.shown), canaries)).toEqual([])
    expect(canariesIn(desktop.log(), canaries)).toEqual([])
  })

  it('is in no file, the data folder and the home folder included', async () => {
    expect(await canariesBelow(folder, canaries)).toEqual([])
  })
})

describe('the memory of the owner', () => {
  let place: string
  let owner: OwnerDesktop
  let inspector: Inspector
  /** An API server and the proxy before it that take every question and answer none, so that secrets stay in use. */
  let silent: Server
  let heard = ''
  /** Answers of questions that were on their way. */
  const underway: Promise<unknown>[] = []
  const found = async (what: Canaries): Promise<string[]> => canariesIn(await inspector.heapSnapshot(), what)
  /** A credential command that was just being started is given up, but held until the system has answered. */
  const lettingGo = (): Promise<unknown> =>
    waitUntil('only the control to be left in memory', 10, async () => {
      const left = await found({ ...canaries, control: 'get-credentials' })
      if (left.join() !== 'control') throw new Error(left.join())
      return left
    })
  const ask = async (name: OperationName, input: object): Promise<void> => {
    heard = ''
    for (const { id } of await expectOk(owner.client.clusters.list({})))
      underway.push(owner.command('call', { name, input: { id, ...input } }))
    await waitUntil('a token on its way', 20, () => heard.includes(`Bearer ${plantedSecrets.token}`))
  }

  beforeAll(async () => {
    const authority = makeAuthority()
    const identity = makeIdentity({ commonName: 'api', names: ['api.example.test'] }, authority)
    const listen = (socket: Socket): void => {
      const secured = new TLSSocket(socket, { isServer: true, key: identity.key, cert: identity.certificate })
      secured.on('error', () => undefined)
      secured.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
    }
    silent = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (bytes) => {
        const isForProxy = bytes.subarray(0, 8).toString() === 'CONNECT '
        if (isForProxy) socket.write('HTTP/1.1 200 OK\r\n\r\n')
        else socket.unshift(bytes)
        listen(socket)
      })
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    place = await mkdtemp(join(tmpdir(), 'mooring-desktop-memory-'))
    owner = await OwnerDesktop.start({ dataDir: join(place, 'data'), home: place, environment: inspectable })
    inspector = await openInspector(owner)
    const { client } = owner
    await expectOk(client.vault.setup({ provider: 'passphrase', passphrase: vaultPassphrase }))
    const kubeconfig = everyKindText
      .replaceAll(/https?:\/\/([^\s@]*@)?10\.0\.0\.\d:\d+/g, `https://$1${address}`)
      .replace(
        /certificate-authority-data: \S+/,
        `certificate-authority-data: ${Buffer.from(authority.certificate).toString('base64')}`,
      )
      .replaceAll('proxy.example.test:3128', address)
      .replaceAll('issuer.example.test', '127.0.0.1:9')
    const contexts = ['token', 'basic', 'certificate', 'command', 'provider'].map((context) => ({ context }))
    const allowCommands = ['get-credentials --region eu']
    const clusters = await expectOk(client.clusters.add({ text: kubeconfig, contexts, allowCommands }))
    const target = { kind: 'service', name: 'web' } as const
    for (const { id: clusterId } of clusters)
      await expectOk(client.forwards.create({ clusterId, namespace: 'shop', target, ports: [{ remote: 80 }] }))
  })
  afterAll(async () => {
    await inspector[Symbol.asyncDispose]()
    await owner.kill()
    silent.close()
    await rm(place, { recursive: true, force: true })
  })

  it('holds what is in use, so this search finds what is there', async () => {
    await ask('clusters.test', {})
    expect(await found(canaries)).toEqual(expect.arrayContaining(['token']))
  })

  it('holds none once the vault is locked, what was on its way included', async () => {
    await expectOk(owner.client.vault.lock())
    await Promise.all(underway.splice(0))
    await lettingGo()
  })

  it('holds none of a cluster that was removed, while the vault is open', async () => {
    await expectOk(owner.client.vault.unlock({ passphrase: vaultPassphrase }))
    await ask('clusters.test', {})
    expect(await found(canaries)).toEqual(expect.arrayContaining(['token']))
    for (const { id } of await expectOk(owner.client.clusters.list({})))
      await expectOk(owner.client.clusters.remove({ id, removeForwards: 'true' }))
    await Promise.all(underway.splice(0))
    await lettingGo()
  })
})
