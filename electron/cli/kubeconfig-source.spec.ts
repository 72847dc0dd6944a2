import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { kubeconfigSource } from './kubeconfig-source.ts'

it('a kubeconfig file is read with its full path, where its relative paths start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-spec-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'config')
  await writeFile(path, 'apiVersion: v1')
  const base64 = Buffer.from('apiVersion: v1').toString('base64')
  expect(await kubeconfigSource(path)).toEqual({ base64, path })
  expect(await kubeconfigSource(relative(process.cwd(), path))).toEqual({ base64, path })
  await expect(kubeconfigSource(folder)).rejects.toThrow(`${folder} cannot be read. It is a folder.\nName a kubeconfig`)
  await expect(kubeconfigSource(join(folder, 'none'))).rejects.toThrow('There is no such file.')
})

it.skipIf(process.platform === 'win32')('what is no plain file has no folder to start from', async () => {
  expect(await kubeconfigSource('/dev/null')).toEqual({ base64: '' })
})
