import { describe, expect, it } from 'vitest'
import { noHangMs } from './fuzz.testing.ts'
import { redact, withoutValues } from './redact.ts'

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBsecret\n-----END EC PRIVATE KEY-----'

describe('masking of texts', () => {
  it.each([
    ['a bearer token', 'Authorization: Bearer k8s-aws-v1.aHR0cHM6Ly9zdHMu', 'k8s-aws'],
    ['a JSON web token in a sentence', `the token ${jwt} is expired`, 'eyJhbGci'],
    ['a private key', `found ${pem} in the file`, 'MHcCAQEE'],
    ['a private key that was cut off', pem.slice(0, 50), 'MHcCAQEE'],
    ['a password in an address', 'proxy http://ann:hunter2@proxy:3128 refused', 'hunter2'],
    ['a field of a kubeconfig', 'client-key-data: c2VjcmV0LWtleQ==', 'c2VjcmV0'],
    ['a field of JSON', '{"token":"plain-opaque-token","x":1}', 'plain-opaque-token'],
    ['an option of a command', 'kubelogin get-token --client-secret hunter2 --server-id x', 'hunter2'],
    ['an option of a command, written together', 'kubectl oidc-login --oidc-client-secret=hunter2', 'hunter2'],
    ['a quoted option of a command', `login --password 'hunter2 and 3'`, 'and 3'],
    ['a refresh token', 'refresh-token: 1//0abcdef', '0abcdef'],
    ['a variable that a shell tells', '+ export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI', 'wJalrXUt'],
    ['a variable in quotes', `KUBE_TOKEN='hunter2 and 3' kubectl get pods`, 'and 3'],
    ['a line in the middle of a key', 'MHcCAQEEIBsecretMHcCAQEEIBsecretMHcCAQEEIBsecretMHcCAQEEIBsecret1', 'IBsecret'],
  ])('finds %s', (_words, text, secret) => {
    expect(text).toContain(secret)
    expect(redact(text)).not.toContain(secret)
    expect(redact(text)).toContain('•••')
  })

  it.each([
    ...['a', 'a.', ':', '-', 'eyJ', '-eyJ', 'token', '--token', ' --token-', 'bearer ', 'secret"', 'http://', 'a:'],
    ...['TOKEN_', '_TOKEN=', 'A_SECRET', 'MHcCAQEEIBsecretMHcCAQEEIBsecretMHcCAQEEIBsecretMHcCAQEEIBsecret\n'],
    ...['-----BEGIN PRIVATE KEY-----', '-----BEGIN A ', 'PRIVATE ', '\n', ' ', '"', 'https://a:b', 'eyJaaaaaaaa.'],
  ])('is done with a million letters of %j in no time', (piece) => {
    const start = performance.now()
    redact(piece.repeat(1_000_000 / piece.length))
    expect(performance.now() - start).toBeLessThan(noHangMs)
  })

  it('leaves what is no secret as it is', () => {
    for (const text of [
      'Forwarding from 127.0.0.1:45563 -> 8080',
      'error: unable to upgrade connection: Unauthorized',
      'https://api.example.test:6443/api/v1/pods?limit=500',
      'aws --region eu-west-1 eks get-token --cluster-name prod --output json',
      'kubectl get secret --all-namespaces',
      'The vault opens with a passphrase, and none was given.',
      'the secret web-tls has no key tls.key',
      'https://issuer.example.test/auth?client_id=mooring&response_type=code',
      'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 was pulled',
    ])
      expect(redact(text)).toBe(text)
  })
})

describe('masking of values', () => {
  it('masks what is known to be secret wherever it stands, the longest first', () => {
    expect(withoutValues('no user hunter2-long, nor hunter2', ['hunter2', 'hunter2-long'])).toBe('no user •••, nor •••')
  })

  it('leaves words alone that are too short to be a secret', () => {
    expect(withoutValues('no profile eu in eu-west', ['eu', ''])).toBe('no profile eu in eu-west')
  })
})
