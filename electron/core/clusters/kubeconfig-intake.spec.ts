import { expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { KubeconfigIntake } from './kubeconfig-intake.ts'

const text = `
clusters: [{name: c, cluster: {server: 'https://x', certificate-authority: '\\\\server\\share\\ca.pem'}}]
users: [{name: u, user: {tokenFile: 'C:\\token'}}]
contexts: [{name: x, context: {cluster: c, user: u}}]`

it('a preview on Windows asks no server for the files of a stranger’s text', async () => {
  const asked: string[] = []
  const intake = new KubeconfigIntake({
    fileSystem: {
      isFile: (path) => asked.push(path) > 0,
      readFile: () => ({ ok: false, error: 'ENOENT' }),
      watchFolder: () => () => undefined,
    },
    environment: () => Promise.resolve({}),
    isAllowed: () => false,
    storedClusters: () => [],
    clock: new FakeClock(),
    os: 'win32',
  })
  const { contexts } = await intake.preview({ text })
  expect(asked.filter((path) => path.startsWith('\\\\'))).toEqual([])
  expect(contexts[0]?.risks.map(({ code }) => code)).toContain('missing-file')
})
