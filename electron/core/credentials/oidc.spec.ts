import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { systemClock } from '../clock.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { testChildren } from '../processes/child-processes.testing.ts'
import { silentLog } from '../store/store.testing.ts'
import { Credentials } from './credentials.ts'
import { testEntry, testToken } from './credentials.testing.ts'

const hour = 3_600_000

describe('OIDC', () => {
  let bed: ReturnType<typeof testChildren>
  let server: Server
  let issuer = ''
  let asked: { path: string; authorization: string | null; form: Record<string, string> }[]
  let answer: (form: Record<string, string>, authorization: string | null) => { status: number; body: object }
  let entry: KubeconfigEntry
  let storing: Result<void>
  let credentials: Credentials

  beforeEach(async () => {
    bed = testChildren()
    asked = []
    storing = ok(undefined)
    server = createServer((request, response) => {
      const send = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }
      if (request.url === '/.well-known/openid-configuration') {
        send(200, { token_endpoint: `${issuer}/token` })
        return
      }
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      request.on('end', () => {
        const form = Object.fromEntries(new URLSearchParams(text))
        const authorization = request.headers.authorization ?? null
        asked.push({ path: request.url ?? '', authorization, form })
        const { status, body } = answer(form, authorization)
        send(status, body)
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    credentials = new Credentials({
      entryOf: () => ok(entry),
      allowed: { isAllowed: () => false },
      children: bed.children,
      shellEnvironment: { read: () => Promise.resolve({}) },
      storeRefreshed: (_, renewed) => {
        if (storing.ok) entry = renewed
        return storing
      },
      clock: systemClock,
      log: silentLog,
    })
  })
  afterEach(async () => {
    credentials.close()
    server.close()
    await bed.close()
  })

  const withTokens = (config: Record<string, string>): KubeconfigEntry =>
    testEntry({
      authProvider: { name: 'oidc', config: { 'idp-issuer-url': issuer, 'client-id': 'mooring', ...config } },
    })
  const old = testToken(Date.now() - hour)
  const renewed = testToken(Date.now() + hour, 'renewed')
  const config = (): Record<string, string> => entry.user.authProvider?.config ?? {}

  it('uses an id token while it lasts', async () => {
    const valid = testToken(Date.now() + hour)
    entry = withTokens({ 'id-token': valid, 'refresh-token': 'r1' })
    expect(await credentials.resolve('a')).toMatchObject({ value: { token: valid } })
    expect(asked).toEqual([])
  })

  it('renews one that ended, and stores a refresh token that was replaced', async () => {
    answer = () => ({ status: 200, body: { id_token: renewed, refresh_token: 'r2' } })
    entry = withTokens({ 'id-token': old, 'refresh-token': 'r1' })
    const results = await Promise.all([credentials.resolve('a'), credentials.resolve('a')])
    for (const result of results) expect(result).toMatchObject({ ok: true, value: { token: renewed } })
    expect(asked.map(({ form }) => form)).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'r1', client_id: 'mooring' },
    ])
    expect(config()).toMatchObject({ 'id-token': renewed, 'refresh-token': 'r2' })
    expect(await credentials.resolve('a')).toMatchObject({ value: { token: renewed } })
    expect(asked).toHaveLength(1)
  })

  it('says who the client is in the header, and in the body where the issuer does not take that', async () => {
    answer = (_, authorization) =>
      authorization === null
        ? { status: 200, body: { id_token: renewed } }
        : { status: 401, body: { error: 'invalid_client' } }
    entry = withTokens({ 'refresh-token': 'r1', 'client-secret': 's:1' })
    expect(await credentials.resolve('a')).toMatchObject({ ok: true })
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('mooring:s%3A1').toString('base64')}`)
    expect(asked[1]?.form).toMatchObject({ client_id: 'mooring', client_secret: 's:1' })
  })

  it('goes on with the newer refresh token although it could not be stored, and stores it later', async () => {
    answer = (form) => ({
      status: 200,
      body: { id_token: testToken(Date.now() + 1000), refresh_token: `${form.refresh_token}+` },
    })
    entry = withTokens({ 'refresh-token': 'r' })
    storing = fail(appError('vault-locked', 'The vault is locked.', 'Unlock it.'))
    await credentials.resolve('a')
    expect(config()['refresh-token']).toBe('r')
    storing = ok(undefined)
    await credentials.resolve('a')
    expect(config()['refresh-token']).toBe('r+')
  })

  it('keeps what was renewed while a kubeconfig was tested, and stores it once the cluster is there', async () => {
    answer = () => ({ status: 200, body: { id_token: renewed, refresh_token: 'r2' } })
    entry = withTokens({ 'refresh-token': 'r1' })
    await credentials.resolveEntry(entry)
    await credentials.resolve('a')
    expect(asked).toHaveLength(1)
    expect(config()['refresh-token']).toBe('r2')
  })

  it('says that the user must sign in again when the refresh token is no longer taken', async () => {
    answer = () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'secret words' } })
    entry = withTokens({ 'id-token': old, 'refresh-token': 'r1' })
    const result = await credentials.resolve('a')
    expect(result).toMatchObject({ error: { code: 'credentials-expired', detail: 'refresh-token' } })
    expect(JSON.stringify(result)).not.toMatch(/secret words|r1/)
  })

  it('says that the token ended when there is nothing to renew it with', async () => {
    entry = withTokens({ 'id-token': old })
    expect(await credentials.resolve('a')).toMatchObject({ error: { code: 'credentials-expired', detail: 'id-token' } })
  })

  it('never says the password in the address of the sign-in server, whatever becomes of it', async () => {
    const answers = [{ status: 503 }, { status: 403 }, { status: 200 }]
    const hidden = issuer.replace('://', '://ann:hunter2@')
    for (const [index, { status }] of answers.entries()) {
      answer = () => ({ status, body: { error: 'access_denied' } })
      entry = withTokens({ 'refresh-token': `r${index}`, 'idp-issuer-url': hidden })
      const result = await credentials.resolve('a')
      expect(JSON.stringify(result)).toContain(issuer.replace('://', '://•••@'))
      expect(JSON.stringify(result)).not.toContain('hunter2')
    }
    entry = withTokens({ 'refresh-token': 'r', 'idp-issuer-url': 'http://ann:hunter2@127.0.0.1:1' })
    const away = JSON.stringify(await credentials.resolve('a'))
    expect(away).toContain('http://•••@127.0.0.1:1 cannot be reached')
    expect(away).not.toContain('hunter2')
  })

  it('tells a sign-in server that is away from one that refuses', async () => {
    answer = () => ({ status: 503, body: {} })
    entry = withTokens({ 'refresh-token': 'r1' })
    expect(await credentials.resolve('a')).toMatchObject({
      error: { code: 'cluster-unreachable', detail: 'sign-in-server' },
    })
    entry = withTokens({ 'refresh-token': 'r2', 'idp-issuer-url': 'http://127.0.0.1:1' })
    expect(await credentials.resolve('a')).toMatchObject({ error: { code: 'cluster-unreachable', detail: 'refused' } })
    answer = () => ({ status: 200, body: { access_token: 'x' } })
    entry = withTokens({ 'refresh-token': 'r3' })
    expect(await credentials.resolve('a')).toMatchObject({
      error: { code: 'credentials-rejected', detail: 'oidc-no-id-token' },
    })
  })
})
