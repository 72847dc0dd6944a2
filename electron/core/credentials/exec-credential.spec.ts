import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testEntry, testExec } from './credentials.testing.ts'
import { execInfo, parseExecCredential } from './exec-credential.ts'

type Fixture = {
  file: string
  configuredApiVersion: string
  expect: 'ok' | 'error'
  why: string
  token?: string
  hasCertificate?: boolean
  expirationTimestamp?: string
}

const folder = join(import.meta.dirname, '../../../../shared/fixtures/exec-credentials')
const index = join(folder, 'index.json')
const fixtures = existsSync(index) ? (JSON.parse(readFileSync(index, 'utf8')) as Fixture[]) : []

describe('what a credential command printed', () => {
  if (fixtures.length === 0)
    it('agrees with the collection', (context) => context.skip('did not run: ../shared/fixtures/exec-credentials'))
  for (const fixture of fixtures) {
    it(`${fixture.file} is ${fixture.expect}: ${fixture.why}`, () => {
      const output = readFileSync(join(folder, fixture.file), 'utf8')
      const parsed = parseExecCredential(output, fixture.configuredApiVersion)
      if (fixture.expect === 'error' || !parsed.ok) {
        expect(parsed).toEqual({ ok: false, error: expect.any(String) as string })
        expect(fixture.expect).toBe('error')
        // A refusal must not carry the secret into a row or a log.
        if (!parsed.ok && fixture.token !== undefined) expect(parsed.error).not.toContain(fixture.token.trim())
        return
      }
      expect(parsed.value.token).toBe(fixture.token ?? null)
      expect(parsed.value.clientCertificate !== null).toBe(fixture.hasCertificate ?? false)
      const end = fixture.expirationTimestamp
      expect(parsed.value.expiresAt).toBe(end === undefined ? null : Date.parse(end))
    })
  }

  const v1 = 'client.authentication.k8s.io/v1'
  const printed = (status: unknown): string => JSON.stringify({ kind: 'ExecCredential', apiVersion: v1, status })

  it('may be YAML', () => {
    const yaml = `kind: ExecCredential\napiVersion: ${v1}\nstatus:\n  token: abc\n`
    expect(parseExecCredential(yaml, v1)).toMatchObject({ ok: true, value: { token: 'abc' } })
  })

  it.each([
    ['an end that is no time', { token: 'abc', expirationTimestamp: 'tomorrow' }],
    ['a token that is no text', { token: 5 }],
    ['a certificate without its key', { clientCertificateData: 'x' }],
    ['nothing', { token: '' }],
  ])('is refused with %s', (_, status) => {
    expect(parseExecCredential(printed(status), v1).ok).toBe(false)
  })

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(printed)), (output) => {
        parseExecCredential(output, v1)
      }),
    )
  })
})

describe('what a credential command is told', () => {
  const v1 = 'client.authentication.k8s.io/v1'
  const way = { certificateAuthority: 'PEM', proxyUrl: 'http://proxy:3128' }

  it('is that nobody can be asked, and nothing of the cluster unless its kubeconfig says so', () => {
    const info: unknown = JSON.parse(execInfo(v1, testEntry({ exec: testExec({ command: 'x' }) }), way))
    expect(info).toEqual({ kind: 'ExecCredential', apiVersion: v1, spec: { interactive: false } })
  })

  it('is the cluster in the words of the protocol where its kubeconfig asks for it', () => {
    const exec = testExec({ command: 'x', provideClusterInfo: true })
    const entry = testEntry({ exec }, { tlsServerName: 'api', execExtension: { audience: 'a' } })
    expect(JSON.parse(execInfo(v1, entry, way))).toMatchObject({
      spec: {
        cluster: {
          server: 'https://api.example.test:6443',
          'tls-server-name': 'api',
          'certificate-authority-data': Buffer.from('PEM').toString('base64'),
          'proxy-url': 'http://proxy:3128',
          config: { audience: 'a' },
        },
      },
    })
  })
})
