import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionTest } from '../../contract/clusters.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { waitUntil } from '../support/wait-until.ts'

let host: RunningHost
let silent: Server

beforeAll(async () => {
  host = await startHost({ vault: 'passphrase', passphrase: 'correct horse battery staple' })
  silent = createServer((socket) => socket.resume().on('error', () => undefined))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterAll(async () => {
  await host.close()
  silent.close()
})

const kubeconfig = (): string => `apiVersion: v1
kind: Config
clusters: [{ name: silent, cluster: { server: 'https://127.0.0.1:${(silent.address() as AddressInfo).port}' } }]
users: [{ name: me, user: { token: canary-of-the-test } }]
contexts: [{ name: silent, context: { cluster: silent, user: me } }]
`

describe('a connection test while the vault is locked', () => {
  it('ends at once and says why', async () => {
    const { client } = host
    const [cluster] = await expectOk(client.clusters.add({ text: kubeconfig(), contexts: [{ context: 'silent' }] }))
    const id = cluster?.id ?? ''
    let seen: ConnectionTest | null = null
    const unsubscribe = client.subscribe(`cluster-test:${id}`, ({ data }) => (seen = data as ConnectionTest | null))
    const running = client.clusters.test({ id })
    const isShakingHands = (): boolean =>
      seen?.steps.some((step) => step.id === 'tls' && step.status === 'running') === true
    await waitUntil('the test waits for the handshake', 10, isShakingHands)
    const at = performance.now()
    await expectOk(client.vault.lock())
    const test = await expectOk(running)
    // A rung of its own would go on for 8 s.
    expect(performance.now() - at).toBeLessThan(5000)
    expect(test).toMatchObject({
      status: 'unknown',
      cause: { code: 'vault-locked', next: 'Unlock the vault, then test again.' },
    })
    expect(test.steps.find(({ status }) => status === 'fail')).toMatchObject({ id: 'tls' })
    unsubscribe()
  })
})
