import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maxKubeconfigBytes } from '../../contract/kubeconfigs.ts'
import { readChosenFile } from './chosen-file.ts'

describe('a chosen file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mooring-spec-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('comes with its name, its path and its bytes', async () => {
    const path = join(folder, 'config')
    await writeFile(path, 'apiVersion: v1')
    const base64 = Buffer.from('apiVersion: v1').toString('base64')
    expect(await readChosenFile(path)).toEqual({ ok: true, value: { name: 'config', path, base64 } })
  })

  it('is read one byte past the limit at most', async () => {
    const path = join(folder, 'huge')
    await writeFile(path, Buffer.alloc(2 * maxKubeconfigBytes))
    const read = await readChosenFile(path)
    expect(read.ok && Buffer.from(read.value.base64, 'base64')).toHaveLength(maxKubeconfigBytes + 1)
  })

  it('that cannot be read is named with the reason and a next step', async () => {
    const gone = join(folder, 'gone')
    expect(await readChosenFile(gone)).toEqual({
      ok: false,
      error: {
        code: 'file-not-readable',
        message: `The file ${gone} cannot be read.`,
        cause: 'There is no such file.',
        next: 'Correct its permissions, choose another file, or paste its text.',
      },
    })
    expect(await readChosenFile(folder)).toMatchObject({ error: { cause: 'It is a folder.' } })
  })
})
