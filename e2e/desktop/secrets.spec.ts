import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Result } from '../../contract/errors.ts'
import { operationNames, operations, type OperationName } from '../../contract/operations.ts'
import { validInputsAround, vaultPassphrase } from '../../contract/valid-inputs.testing.ts'
import { everyKindText, plantedSecrets } from '../../electron/core/kubeconfig/hostile-kubeconfigs.testing.ts'
import { canariesBelow, canariesIn } from '../support/canaries.ts'
import { expectOk } from '../support/expect-ok.ts'
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
