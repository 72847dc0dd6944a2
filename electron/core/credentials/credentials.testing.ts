import { anonymous, type KubeconfigEntry } from '../kubeconfig/entry.ts'

/** An entry of a kubeconfig without credentials, to be filled by a test. */
export function testEntry(
  user: Partial<KubeconfigEntry['user']> = {},
  cluster: Partial<KubeconfigEntry['cluster']> = {},
): KubeconfigEntry {
  return {
    context: 'test',
    namespace: 'default',
    cluster: {
      name: 'cluster',
      server: 'https://api.example.test:6443',
      tlsServerName: null,
      certificateAuthority: null,
      certificateAuthorityData: null,
      insecureSkipTlsVerify: false,
      proxyUrl: null,
      disableCompression: false,
      execExtension: null,
      ...cluster,
    },
    user: {
      name: 'user',
      ...anonymous,
      ...user,
    },
  }
}

type Exec = NonNullable<KubeconfigEntry['user']['exec']>

export const testExec = (exec: Partial<Exec>): Exec => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  command: null,
  args: [],
  env: [],
  provideClusterInfo: false,
  interactiveMode: 'IfAvailable',
  installHint: null,
  ...exec,
})

/** An unsigned token that ends at `endsAt` (ms since the epoch). */
export function testToken(endsAt: number, subject = 'ann'): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, exp: Math.floor(endsAt / 1000) })}.signature`
}
