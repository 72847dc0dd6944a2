import { describe, expect, it } from 'vitest'
import { KubeconfigErrorCode, RiskCode } from '../../../contract/kubeconfigs.ts'
import { fixtureBytes, kubeconfigFixtures } from './kubeconfig-fixtures.testing.ts'
import { sampleCertificate, sampleKubeconfig } from './kubeconfig.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { type PreviewEnvironment, previewKubeconfig } from './preview.ts'

/** The one file of this machine. */
const present = '/home/ann/.ssh/id_ed25519'
const preview = (text: string, environment: Partial<PreviewEnvironment> = {}) =>
  previewKubeconfig({ text }, { ...nothingKnown, fileExists: (path) => path === present, ...environment })
const codesOf = (risks: readonly { code: string }[] | undefined): string[] => (risks ?? []).map((risk) => risk.code)

/** One context with this cluster and user, in flow style. */
const config = (cluster: string, user = 'token: abc'): string => `
current-context: x
clusters: [{name: c, cluster: {${cluster}}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
`
const server = "server: 'https://10.0.0.1:6443'"
const exec = (fields: string): string => `exec: {${fields}}`
const v1beta1 = 'apiVersion: client.authentication.k8s.io/v1beta1'

const contextCases: [name: string, text: string, codes: string[], addable: boolean][] = [
  ['nothing', config(server), [], true],
  ['a proxy of another kind', config(`${server}, proxy-url: 'socks4://p:1'`), ['proxy', 'bad-proxy-url'], false],
  ['a proxy that is no address', config(`${server}, proxy-url: gnp.exe`), ['proxy', 'bad-proxy-url'], false],
  ['a password in the server', config("server: 'https://a:b@h'"), ['credentials-in-url'], true],
  ['a password in the proxy', config(`${server}, proxy-url: 'http://a:b@p'`), ['proxy', 'credentials-in-url'], true],
  [
    'groups without a user to be',
    config(server, 'token: a, as-groups: [g]'),
    ['impersonation', 'impersonation-without-user'],
    true,
  ],
  ['a relative file', config(`${server}, certificate-authority: ca.crt`), ['missing-file', 'relative-path'], true],
  ['a file whose contents go to the server', config(server, `tokenFile: ${present}`), ['token-file'], true],
  ['the same beside what it wins over', config(server, `tokenFile: ${present}, token: a`), ['token-file'], true],
  ['a token file that is not there', config(server, 'tokenFile: /run/t'), ['missing-file'], true],
  ['a token file that nothing is sent of', config("server: 'http://h'", `tokenFile: ${present}`), ['plain-http'], true],
  ['a key, which stays here', config(server, `token: a, client-key: ${present}`), [], true],
  [
    'a server without a scheme',
    config("server: '10.0.0.1:6443', disable-compression: true"),
    ['server-no-scheme', 'plain-http'],
    true,
  ],
  [
    'OIDC without an issuer',
    config(server, 'auth-provider: {name: oidc, config: {client-id: a}}'),
    ['oidc-incomplete', 'auth-provider-oidc'],
    true,
  ],
  ['a provider nobody knows', config(server, 'auth-provider: {name: foo}'), ['unknown-auth-provider'], true],
  ['a command that is not named', config(server, exec(v1beta1)), ['exec-no-command'], true],
  [
    'a command and a provider',
    config(server, `${exec(`${v1beta1}, command: a`)}, auth-provider: {name: azure}`),
    ['exec', 'removed-auth-provider', 'multiple-auth'],
    true,
  ],
  [
    'a command relative to its file',
    config(server, exec(`${v1beta1}, command: ./a`)),
    ['exec', 'exec-relative-command'],
    true,
  ],
  [
    'a command that is too long to be asked about',
    config(server, exec(`${v1beta1}, command: a, args: [${'a,'.repeat(1001)}]`)),
    ['exec-too-long'],
    false,
  ],
  [
    'a command that is given other code to run',
    config(
      server,
      exec(`${v1beta1}, command: a, env: [{name: LD_PRELOAD, value: /tmp/x.so}, {name: AWS_PROFILE, value: p}]`),
    ),
    ['exec', 'exec-variables'],
    true,
  ],
  [
    'a certificate without its key',
    config(server, `client-certificate-data: ${Buffer.from(sampleCertificate).toString('base64')}`),
    ['cert-unreadable'],
    true,
  ],
  ['a field of another shape', config(server, 'token: [a]'), ['no-credentials', 'wrong-shape'], false],
  ['base64 that is cut', config(`${server}, certificate-authority-data: abc`), ['bad-base64'], false],
  ['a wildcard address', config("server: 'https://0.0.0.0:6443'"), ['wildcard-server'], true],
]

describe('risks of a context', () => {
  it.each(contextCases)('are named for %s', (_name, text, codes, addable) => {
    const [context] = preview(text).contexts
    expect(codesOf(context?.risks).sort()).toEqual([...codes].sort())
    expect(context?.addable).toBe(addable)
  })

  it('name a command that is not on this machine, and know one that is', () => {
    const text = config(server, exec(`${v1beta1}, command: aws`))
    expect(codesOf(preview(text, { commandExists: () => false }).contexts[0]?.risks)).toContain('exec-not-found')
    expect(codesOf(preview(text, { commandExists: () => true }).contexts[0]?.risks)).not.toContain('exec-not-found')
  })

  it('say which file is read for the token and who gets it, its password masked', () => {
    const [context] = preview(
      config("server: 'https://ann:secret@evil.example.test'", `tokenFile: ${present}`),
    ).contexts
    expect(context?.risks.find(({ code }) => code === 'token-file')).toMatchObject({
      severity: 'warning',
      message: `Its token is read from ${present} and sent to https://•••@evil.example.test.`,
    })
  })

  it('tell when a certificate ended, to the day', () => {
    const data = Buffer.from(sampleCertificate).toString('base64')
    const text = config(`${server}, certificate-authority-data: ${data}`)
    expect(preview(text).contexts[0]?.risks).toEqual([])
    const [risk] = preview(text, { now: Date.UTC(2090, 0, 1) }).contexts[0]?.risks ?? []
    expect(risk).toMatchObject({
      code: 'cert-expired',
      message: 'The certificate authority (valid until 2089-11-10) has expired.',
    })
  })

  it('have a place in the text, also where YAML is JSON', () => {
    const [context] = preview(sampleKubeconfig({ contexts: 3 })).contexts.slice(2)
    const risk = context?.risks.find((each) => each.code === 'exec')
    const line = sampleKubeconfig({ contexts: 3 }).split('\n')[risk!.line! - 1]
    expect(line).toBe('      command: get-credentials')
    expect(risk?.column).toBe(16)
  })

  it('show no value of the environment a command gets', () => {
    const [context] = preview(sampleKubeconfig({ contexts: 3 })).contexts.slice(2)
    expect(context?.command).toEqual({
      command: 'get-credentials',
      args: ['--cluster', 'c2'],
      env: [{ name: 'SECRET', value: '•••' }],
    })
  })
})

const secret = `kind: Secret\napiVersion: v1\ndata: {config: ${Buffer.from(config(server)).toString('base64')}}`
const wrapped = Buffer.from(config(server)).toString('base64').replaceAll(/.{60}/g, '$&\n')
const fileCases: [name: string, text: string, error: string | null, line?: number][] = [
  ['a Secret around it', secret, 'wrapped-in-secret', 1],
  ['base64 around it', wrapped, 'base64-wrapped'],
  ['a text', 'hello', 'not-a-mapping'],
  ['a list', '- a', 'not-a-mapping'],
  ['nothing', ' \n', 'empty'],
  ['another version', 'apiVersion: v2\nclusters: []', 'wrong-api-version', 1],
  ['another kind', 'kind: Pod', 'wrong-kind', 1],
  ['no contexts', 'apiVersion: v1\nkind: Config', 'no-contexts'],
  ['the same key twice', `${config(server)}current-context: [x]`, 'duplicate-key', 6],
  ['contexts in a mapping', 'contexts: {a: b}', 'wrong-shape', 1],
  ['two contexts of one name', config(server).replace('contexts: [', 'contexts: [{name: x},'), 'duplicate-name', 5],
  ['a name that is a number', config(server).replace('{name: x,', '{name: 1e3,'), 'name-not-string', 5],
  ['secrets taken out', config(server, 'token: REDACTED'), 'redacted'],
  ['a tab', 'a:\n\tb: c', 'yaml-syntax', 2],
  ['more than 4 MiB', `# ${'x'.repeat(4 * 1024 * 1024)}`, 'too-large'],
]

describe('a text that cannot be used', () => {
  it.each(fileCases)('says so: %s', (_name, text, error, line) => {
    const result = preview(text)
    expect(result).toMatchObject({ verdict: 'error', error })
    const problem = result.problems.find((each) => each.code === error)
    expect(problem).toMatchObject({ severity: 'error', ...(line !== undefined && { line }) })
    expect(problem?.message).toMatch(/^[A-Z].*[.]$/s)
    expect(problem?.next).toMatch(/[.A-Za-z]$/)
  })

  it('offers both of two pasted files that use the same names, with their own credentials', () => {
    const two = `${config("server: 'https://one'", 'token: one')}---${config("server: 'https://two'", 'token: two').replaceAll(/\bx\b/g, 'z')}`
    expect(preview(two).contexts.map(({ context, server }) => [context, server])).toEqual([
      ['x', 'https://one'],
      ['z', 'https://two'],
    ])
  })

  it('is every code of the contract in some test', (context) => {
    const published = kubeconfigFixtures()
    if (published === null) return context.skip('did not run: ../shared/fixtures/kubeconfigs')
    const fixtures = published.map(({ file }) =>
      previewKubeconfig({ bytes: fixtureBytes(file) }, { ...nothingKnown, commandExists: () => false }),
    )
    const made = [...contextCases, ...fileCases].map(([, text]) => preview(text))
    const seen = new Set(
      [...fixtures, ...made].flatMap(({ problems, contexts }) =>
        codesOf([...problems, ...contexts.flatMap((context) => context.risks)]),
      ),
    )
    const all = [...RiskCode.options, ...KubeconfigErrorCode.options]
    expect(all.filter((code) => !seen.has(code))).toEqual([])
  })
})
