import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveContexts } from '../kubeconfig/context-lookup.ts'
import { nothingKnown } from '../kubeconfig/preview-environment.testing.ts'
import { previewModel } from '../kubeconfig/preview.ts'
import { defaultKubeconfigPaths, readDefaultKubeconfig } from './default-kubeconfig.ts'
import { systemFiles } from './file-system.ts'

describe('the files kubectl reads by default', () => {
  it('are those of KUBECONFIG, in order, once each', () => {
    const environment = { HOME: '/home/me', KUBECONFIG: '/a:/b::/a:relative' }
    expect(defaultKubeconfigPaths(environment, 'linux')).toEqual(['/a', '/b', '/home/me/relative'])
    const windows = { USERPROFILE: 'C:\\Users\\me', KUBECONFIG: 'C:\\a;D:\\b' }
    expect(defaultKubeconfigPaths(windows, 'win32')).toEqual(['C:\\a', 'D:\\b'])
  })

  it('are the one in the home folder otherwise', () => {
    expect(defaultKubeconfigPaths({ HOME: '/home/me', KUBECONFIG: '' }, 'linux')).toEqual(['/home/me/.kube/config'])
  })
})

describe('several default files', () => {
  let folder: string
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  const config = (name: string, more: { cluster?: string; context?: string; token?: string } = {}): string => `
clusters: [{name: ${more.cluster ?? name}, cluster: {server: 'https://${name}', certificate-authority: ca/${name}.crt}}]
users: [{name: ${name}, user: {token: '${more.token ?? name}'}}]
contexts: [{name: ${more.context ?? name}, context: {cluster: ${more.cluster ?? name}, user: ${name}}}]
`
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'default-kubeconfig-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('are merged as kubectl does: the first of each name wins, paths belong to their file', () => {
    const first = file('one/config', config('one', { cluster: 'shared' }))
    const second = file('two/config', config('two', { cluster: 'shared' }))
    const { model, files } = readDefaultKubeconfig([first, join(folder, 'absent'), second], systemFiles)
    expect(files).toEqual([
      { path: first, exists: true, contexts: 1 },
      { path: join(folder, 'absent'), exists: false, contexts: 0 },
      { path: second, exists: true, contexts: 1 },
    ])
    expect(
      resolveContexts(model).map(({ context, cluster, user }) => [
        context.name,
        cluster?.fields.server,
        user?.fields.token,
      ]),
    ).toEqual([
      ['one', 'https://one', 'one'],
      ['two', 'https://one', 'two'],
    ])
    const preview = previewModel(model, nothingKnown)
    expect(preview.contexts.map((context) => context.files[0]?.path)).toEqual([
      join(folder, 'one/ca/one.crt'),
      join(folder, 'one/ca/one.crt'),
    ])
  })

  it('show a context of the same name once', () => {
    const first = file('one', config('one', { context: 'same' }))
    const second = file('two', config('two', { context: 'same' }))
    const contexts = resolveContexts(readDefaultKubeconfig([first, second], systemFiles).model)
    expect(contexts.map(({ context, user }) => [context.name, user?.name])).toEqual([['same', 'one']])
  })

  it('do without one that is broken, and name it', () => {
    const broken = file('broken', 'clusters: [')
    const sound = file('sound', config('sound'))
    const preview = previewModel(readDefaultKubeconfig([broken, sound], systemFiles).model, nothingKnown)
    expect(preview).toMatchObject({ verdict: 'ok-with-warnings', error: null })
    expect(preview.contexts.map((context) => context.context)).toEqual(['sound'])
    expect(preview.problems.find((problem) => problem.code === 'yaml-syntax')?.message).toContain(broken)
  })

  it('say when there are none, and when one cannot be read', () => {
    const absent = join(folder, 'absent')
    const none = previewModel(readDefaultKubeconfig([absent], systemFiles).model, nothingKnown)
    expect(none).toMatchObject({ verdict: 'error', error: 'empty' })
    expect(none.problems[0]?.message).toContain(absent)
    mkdirSync(join(folder, 'a-folder'))
    const unreadable = readDefaultKubeconfig([join(folder, 'a-folder')], systemFiles)
    expect(unreadable.files[0]).toMatchObject({ exists: true, contexts: 0 })
    expect(unreadable.model.problems[0]?.message).toContain('not a file')
  })
})
