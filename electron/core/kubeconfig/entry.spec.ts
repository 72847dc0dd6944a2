import { describe, expect, it } from 'vitest'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import { type CutOptions, cutToContext, type KubeconfigEntry } from './entry.ts'
import { entryFromText, entryToText } from './entry-text.ts'
import { resolveContexts } from './context-lookup.ts'
import { fixtureBytes, kubeconfigFixtures } from './kubeconfig-fixtures.testing.ts'
import { sampleKubeconfig } from './kubeconfig.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { previewModel, readSource } from './preview.ts'

const noFiles: CutOptions = { embedFiles: new Set(), readFile: () => fail('ENOENT') }

function cut(
  text: string,
  context: string,
  options: Partial<CutOptions> & { path?: string } = {},
): Result<KubeconfigEntry> {
  const model = readSource({ text }, options.path ?? null)
  const resolved = resolveContexts(model).find((each) => each.context.name === context)
  if (resolved === undefined) throw new Error(`no context ${context}`)
  return cutToContext(resolved, { ...noFiles, ...options })
}
const cutOrThrow = (...args: Parameters<typeof cut>): KubeconfigEntry => {
  const result = cut(...args)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

const withFiles = `
clusters: [{name: c, cluster: {server: 'https://10.0.0.1', certificate-authority: ca.crt}}]
users: [{name: u, user: {tokenFile: /tokens/t, client-key: /ignored, client-key-data: eA==}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
`

describe('a context cut out of a kubeconfig', () => {
  it('holds its own cluster and user and nothing of the others', () => {
    const text = sampleKubeconfig({ contexts: 6 })
    const entry = cutOrThrow(text, 'context-2')
    expect(entry).toMatchObject({
      context: 'context-2',
      namespace: 'team-2',
      cluster: { name: 'cluster-2', server: 'https://10.0.0.1:6443' },
      user: { name: 'user-2', token: null, exec: { command: 'get-credentials', args: ['--cluster', 'c2'] } },
    })
    const kept = entryToText(entry)
    for (const other of [0, 1, 3, 4, 5]) expect(kept).not.toMatch(new RegExp(`(cluster|user|context)-${other}`))
    for (const [secret] of text.matchAll(/(?:token|password)-[0-9a-f]{64}/g)) expect(kept).not.toContain(secret)
  })

  it('comes back the same after it was stored as text', () => {
    const entry = cutOrThrow(sampleKubeconfig({ contexts: 3 }), 'context-1')
    expect(entryFromText(entryToText(entry))).toEqual(entry)
  })

  it('of every published kubeconfig comes back the same after it was stored as text', (context) => {
    const published = kubeconfigFixtures()
    if (published === null) return context.skip('did not run: ../shared/fixtures/kubeconfigs')
    const entries = published.flatMap(({ file }) => {
      const model = readSource({ bytes: fixtureBytes(file) }, '/home/someone/.kube/config')
      return resolveContexts(model).flatMap((resolved) => {
        const result = cutToContext(resolved, noFiles)
        return result.ok ? [result.value] : []
      })
    })
    expect(entries.length).toBeGreaterThan(published.length / 4)
    for (const entry of entries) expect(entryFromText(entryToText(entry))).toEqual(entry)
  })

  it('is a kubeconfig whose preview is sound', () => {
    const text = entryToText(cutOrThrow(sampleKubeconfig({ contexts: 3 }), 'context-0'))
    expect(previewModel(readSource({ text }, null), nothingKnown)).toMatchObject({ verdict: 'ok', error: null })
  })

  it('keeps what is handed to a credential command about its cluster', () => {
    const entry = cutOrThrow(
      `clusters: [{name: c, cluster: {server: 'https://a', extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x, size: 3}}]}}]
users: [{name: u, user: {exec: {command: /bin/get, apiVersion: client.authentication.k8s.io/v1beta1, provideClusterInfo: true}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]`,
      'x',
    )
    expect(entry.cluster.execExtension).toEqual({ audience: 'x', size: 3 })
    expect(entry.user.exec?.provideClusterInfo).toBe(true)
  })

  it.each([
    ['https when there is anything for TLS', 'insecure-skip-tls-verify: true', 'https://10.0.0.1:6443/k8s'],
    ['http when there is nothing', 'disable-compression: true', 'http://10.0.0.1:6443/k8s'],
  ])('gets the scheme that kubectl would take: %s', (_name, field, server) => {
    const text = `clusters: [{name: c, cluster: {server: '10.0.0.1:6443/k8s', ${field}}}]
contexts: [{name: x, context: {cluster: c}}]`
    expect(cutOrThrow(text, 'x').cluster.server).toBe(server)
  })
})

describe('files of a context', () => {
  it('stay outside without a yes, named by their full path', () => {
    const entry = cutOrThrow(withFiles, 'x', { path: '/home/me/.kube/config' })
    expect(entry.cluster.certificateAuthority).toBe('/home/me/.kube/ca.crt')
    expect(entry.user).toMatchObject({ tokenFile: '/tokens/t', token: null, clientKey: null, clientKeyData: 'eA==' })
  })

  it('go inside after a yes, each on its own', () => {
    const entry = cutOrThrow(withFiles, 'x', {
      path: '/home/me/.kube/config',
      embedFiles: new Set(['/tokens/t']),
      readFile: (path) => (path === '/tokens/t' ? ok(Buffer.from('abc\n')) : fail('ENOENT')),
    })
    expect(entry.user).toMatchObject({ token: 'abc', tokenFile: null })
    expect(entry.cluster.certificateAuthority).toBe('/home/me/.kube/ca.crt')
  })

  it('that are missing or hold something else are named with the full path', () => {
    const path = '/home/me/.kube/config'
    const embedFiles = new Set(['/home/me/.kube/ca.crt'])
    const missing = cut(withFiles, 'x', { path, embedFiles })
    expect(missing).toMatchObject({
      ok: false,
      error: { code: 'file-not-readable', details: { path: '/home/me/.kube/ca.crt' } },
    })
    const wrong = cut(withFiles, 'x', { path, embedFiles, readFile: () => ok(Buffer.from('s3cr3t')) })
    expect(wrong).toMatchObject({ ok: false, error: { code: 'file-not-readable' } })
    expect(JSON.stringify(wrong)).not.toContain('s3cr3t')
  })

  it('with a relative path are refused in a text that has no folder', () => {
    expect(cut(withFiles, 'x')).toMatchObject({
      ok: false,
      error: { code: 'file-not-readable', details: { path: 'ca.crt' } },
    })
  })
})

describe('an address that leads nowhere', () => {
  it.each([
    "server: 'ftp://10.0.0.1'",
    "server: 'https://10.0.0.1', proxy-url: gnp.exe",
    "server: 'https://10.0.0.1', proxy-url: 'socks4://p:1'",
  ])('is refused: %s', (cluster) => {
    const text = `{clusters: [{name: c, cluster: {${cluster}}}], contexts: [{name: x, context: {cluster: c}}]}`
    expect(cut(text, 'x')).toMatchObject({ ok: false, error: { code: 'context-not-addable' } })
  })
})

describe('a command with a relative path', () => {
  const text = `
clusters: [{name: c, cluster: {server: 'https://10.0.0.1'}}]
users: [{name: u, user: {exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1beta1}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
`
  it('starts from the folder of its kubeconfig, in the preview as in the entry', () => {
    const path = '/home/me/.kube/config'
    expect(cutOrThrow(text, 'x', { path }).user.exec?.command).toBe('/home/me/.kube/plugin')
    const preview = previewModel(readSource({ text }, path), nothingKnown)
    expect(preview.contexts[0]?.command?.command).toBe('/home/me/.kube/plugin')
  })

  it('is refused in a text that has no folder', () => {
    expect(cut(text, 'x')).toMatchObject({ ok: false, error: { code: 'context-not-addable' } })
  })
})
