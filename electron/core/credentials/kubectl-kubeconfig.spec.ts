import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { plainConnection } from '../../../network/api-server.testing.ts'
import { kubeconfigForChild } from './kubectl-kubeconfig.ts'

const bare = plainConnection('https://api:6443')
const read = (connection: ClusterConnection): unknown => parse(kubeconfigForChild(connection, 'team').toString('utf8'))

describe('kubectl’s kubeconfig', () => {
  it('names one cluster, user and context, and nothing that is not needed', () => {
    expect(read(bare)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'cluster', cluster: { server: 'https://api:6443' } }],
      users: [{ name: 'user', user: {} }],
      contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user', namespace: 'team' } }],
      'current-context': 'context',
    })
  })

  it('holds the resolved credentials and the way to the server', () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    expect(
      read({
        ...bare,
        tlsServerName: 'api.internal',
        certificateAuthority: 'CA',
        proxyUrl: 'socks5://127.0.0.1:1080',
        token: 'a: "b"\\',
        clientCertificate: 'CERT',
        clientKey: 'KEY',
        impersonate: { user: 'bob', uid: '7', groups: ['a', 'b'], extra: { scopes: ['x'] } },
      }),
    ).toMatchObject({
      clusters: [
        {
          cluster: {
            'tls-server-name': 'api.internal',
            'certificate-authority-data': base64('CA'),
            'proxy-url': 'socks5://127.0.0.1:1080',
          },
        },
      ],
      users: [
        {
          user: {
            token: 'a: "b"\\',
            'client-certificate-data': base64('CERT'),
            'client-key-data': base64('KEY'),
            as: 'bob',
            'as-uid': '7',
            'as-groups': ['a', 'b'],
            'as-user-extra': { scopes: ['x'] },
          },
        },
      ],
    })
  })
})
