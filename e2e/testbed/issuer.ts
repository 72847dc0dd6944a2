import { createPrivateKey, generateKeyPair, randomUUID, sign, type KeyObject } from 'node:crypto'
import fs from 'node:fs/promises'
import https from 'node:https'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { OIDC_AUDIENCE } from './components.ts'

export type TokenClaims = {
  /** Becomes the user's name, after the prefix `oidc:`. */
  email: string
  /** The group `testers` may do everything. */
  groups: readonly string[]
  /** Seconds from now; negative for a token that has expired. */
  lifetimeSeconds: number
  audience?: string
}

/** An OpenID Connect issuer on loopback or on the bed's own link: discovery, keys, and refresh of tokens. */
export type Issuer = {
  url: string
  /** PEM of the authority that signed the issuer's certificate. */
  authority: string
  listen: () => Promise<void>
  issueToken: (claims: TokenClaims) => string
  /** A refresh token that POST /token accepts, again and again. */
  refreshToken: string
  close: () => void
}

const KEY_ID = 'testbed-1'

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Signs a token as `issuer` would; needs nothing but the key, so the login plugin uses it as well. */
export function signToken(key: KeyObject, issuer: string, claims: TokenClaims): string {
  const now = Math.floor(Date.now() / 1000)
  const head = part({ alg: 'RS256', kid: KEY_ID, typ: 'JWT' })
  const body = part({
    iss: issuer,
    sub: claims.email,
    aud: claims.audience ?? OIDC_AUDIENCE,
    email: claims.email,
    email_verified: true,
    groups: claims.groups,
    // Two tokens of the same second differ.
    jti: randomUUID(),
    iat: Math.min(now, now + claims.lifetimeSeconds) - 1,
    exp: now + claims.lifetimeSeconds,
  })
  return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), key).toString('base64url')}`
}

/** The file that says how the bed's issuer behaves; host-faults.ts writes it. */
export type IssuerSettings = { refreshes: 'ok' | 'refused'; lifetimeSeconds: number }
const DEFAULTS: IssuerSettings = { refreshes: 'ok', lifetimeSeconds: 3600 }

/** `folder` holds issuer.crt, issuer.key (the server's) and issuerca.crt, and gets signing.key and settings.json. */
export async function prepareIssuer(folder: string, address: string, port: number): Promise<Issuer> {
  const [certificate, serverKey, authority] = await Promise.all(
    ['issuer.crt', 'issuer.key', 'issuerca.crt'].map((name) => fs.readFile(path.join(folder, name), 'utf8')),
  )
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
  await fs.writeFile(path.join(folder, 'signing.key'), pem, { mode: 0o600 })
  const key = createPrivateKey(pem)
  const url = `https://${address}:${String(port)}`
  const settingsFile = path.join(folder, 'settings.json')
  await fs.writeFile(settingsFile, JSON.stringify(DEFAULTS))
  await fs.writeFile(path.join(folder, 'url'), url)
  const refreshToken = 'testbed-refresh-token'

  const answer = async (method: string, pathname: string, form: string): Promise<[number, unknown]> => {
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return [
          200,
          {
            issuer: url,
            jwks_uri: `${url}/keys`,
            authorization_endpoint: `${url}/authorize`,
            token_endpoint: `${url}/token`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256'],
          },
        ]
      case '/keys':
        return [200, { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }] }]
      case '/token': {
        const fields = new URLSearchParams(form)
        const settings = JSON.parse(await fs.readFile(settingsFile, 'utf8')) as IssuerSettings
        await fs.appendFile(path.join(folder, 'refreshes.log'), `${new Date().toISOString()} ${method}\n`)
        if (fields.get('refresh_token') !== refreshToken || settings.refreshes === 'refused') {
          return [400, { error: 'invalid_grant' }]
        }
        const claims = {
          email: 'refreshed@example.test',
          groups: ['testers'],
          lifetimeSeconds: settings.lifetimeSeconds,
        }
        return [
          200,
          {
            access_token: 'not-used',
            token_type: 'Bearer',
            expires_in: settings.lifetimeSeconds,
            refresh_token: refreshToken,
            id_token: signToken(key, url, claims),
          },
        ]
      }
      default:
        return [404, { error: 'not_found' }]
    }
  }

  const server = https.createServer({ cert: certificate, key: serverKey }, (request, response) => {
    text(request)
      .then((form) => answer(request.method ?? 'GET', new URL(request.url ?? '/', url).pathname, form))
      .catch((error: unknown): [number, unknown] => [500, { error: String(error) }])
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
      .catch(() => response.destroy())
  })
  return {
    url,
    authority: authority ?? '',
    refreshToken,
    listen: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, address, resolve)
      })
    },
    issueToken: (claims) => signToken(key, url, claims),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
