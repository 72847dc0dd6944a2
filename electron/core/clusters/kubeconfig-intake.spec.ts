import { describe, expect, it } from 'vitest'
import { maxKubeconfigBytes, PreviewInput } from '../../../contract/kubeconfigs.ts'
import { FakeClock } from '../clock.testing.ts'
import { KubeconfigIntake } from './kubeconfig-intake.ts'

/** An intake on a machine where of each path only this can be asked: whether it is a file. */
const intakeOn = (
  os: NodeJS.Platform,
  isFile: (path: string) => boolean,
  environment: Record<string, string> = {},
): KubeconfigIntake =>
  new KubeconfigIntake({
    fileSystem: {
      isFile,
      readFile: () => ({ ok: false, error: 'ENOENT' }),
      watchFolder: () => () => undefined,
    },
    environment: () => Promise.resolve(environment),
    isAllowed: () => false,
    storedClusters: () => [],
    clock: new FakeClock(),
    os,
  })

const text = (command: string): string => `
clusters: [{name: c, cluster: {server: 'https://x', certificate-authority: '\\\\server\\share\\ca.pem'}}]
users: [{name: u, user: {tokenFile: 'C:\\token', exec: {apiVersion: client.authentication.k8s.io/v1, command: '${command}'}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]`

describe('a preview on Windows', () => {
  const asked: string[] = []
  const intake = (files: readonly string[]): KubeconfigIntake =>
    intakeOn('win32', (path) => asked.push(path) > 0 && files.includes(path), {
      Path: 'C:\\tools;relative;D:\\more',
    })
  const risksOf = async (command: string, ...files: string[]): Promise<string[]> => {
    const one = intake(files)
    // The user's environment is read ahead; a preview does not wait for it.
    await one.defaultFiles()
    asked.length = 0
    const { contexts } = await one.preview({ text: text(command) })
    return contexts[0]?.risks.map(({ code }) => code) ?? []
  }

  it('asks no server for the files and commands of a stranger’s text', async () => {
    expect(await risksOf('\\\\server\\share\\login.exe')).toContain('missing-file')
    expect(asked.filter((path) => path.startsWith('\\\\'))).toEqual([])
  })

  it('finds a command where it would be started from, and only what can be started', async () => {
    expect(await risksOf('login', 'D:\\more\\login.exe')).not.toContain('exec-not-found')
    expect(await risksOf('login', 'D:\\more\\login.cmd', 'relative\\login.exe')).toContain('exec-not-found')
    expect(asked).toContain('C:\\tools\\login.exe')
  })
})

describe('a text over the limit', () => {
  const intake = intakeOn('linux', () => false)
  const large = `# ${'x'.repeat(maxKubeconfigBytes)}`

  it.each([
    ['pasted', { text: large }],
    ['from a file', { base64: Buffer.from(large).toString('base64') }],
  ])('is answered in words, %s, and not as a wrong input', async (_how, source) => {
    const preview = await intake.preview(PreviewInput.parse(source))
    expect(preview).toMatchObject({ verdict: 'error', error: 'too-large', contexts: [] })
    expect(preview.problems[0]?.message).toContain('4 MiB')
    expect(preview.problems[0]?.next).toContain('kubectl config view')
    const taken = await intake.take(source, () => ({ ok: true, value: [] }), {})
    expect(taken).toMatchObject({ ok: false, error: { code: 'kubeconfig-unusable', details: { error: 'too-large' } } })
  })
})

describe('a file whose path is known', () => {
  const written = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://x', certificate-authority: ca.crt}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u}}]`
  const base64 = Buffer.from(written).toString('base64')
  const intake = intakeOn('linux', (path) => path === '/home/sam/lab/ca.crt')
  const filesOf = async (source: object) => (await intake.preview(PreviewInput.parse(source))).contexts[0]?.files

  it('finds the files that its relative paths lead to, and is remembered', async () => {
    const path = '/home/sam/lab/config'
    expect(await filesOf({ base64, path })).toEqual([
      { field: 'certificate-authority', path: '/home/sam/lab/ca.crt', exists: true },
    ])
    const complete = Buffer.from(written.replace(', certificate-authority: ca.crt', '')).toString('base64')
    const taken = await intake.take({ base64: complete, path }, () => ({ ok: true, value: ['x'] }), {})
    expect(taken).toMatchObject({ ok: true, value: [{ sourcePath: path }] })
  })

  it('without its path has no folder to start from', async () => {
    expect(await filesOf({ base64 })).toMatchObject([{ path: 'ca.crt', exists: false }])
  })

  it.each([
    { base64, path: 'lab/config' },
    { text: written, path: '/home/sam/lab/config' },
    { default: true, path: '/x' },
  ])('is given as a full path, with its bytes', (source) => {
    expect(PreviewInput.safeParse(source).success).toBe(false)
  })
})
