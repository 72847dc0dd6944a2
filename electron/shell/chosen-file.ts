import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ChosenFile } from '../../contract/bridge.ts'
import { appError, fail, ok, type Result } from '../../contract/errors.ts'
import { maxKubeconfigBytes } from '../../contract/kubeconfigs.ts'
import { whyUnreadable } from '../core/platform/why-unreadable.ts'

/** Reads the file that the user chose. Errors: file-not-readable. */
export async function readChosenFile(path: string): Promise<Result<ChosenFile>> {
  try {
    return ok({ name: basename(path), path, base64: (await readStart(path)).toString('base64') })
  } catch (error) {
    const next = 'Correct its permissions, choose another file, or paste its text.'
    return fail(
      appError('file-not-readable', `The file ${path} cannot be read.`, next, { cause: whyUnreadable(error) }),
    )
  }
}

/** Reads one byte more than is allowed at most: enough for the preview to refuse the file with words. */
async function readStart(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const chunk = Buffer.alloc(maxKubeconfigBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(chunk, length, chunk.length - length, null)
      length += bytesRead
      if (bytesRead === 0 || length === chunk.length) return chunk.subarray(0, length)
    }
  } finally {
    await file.close()
  }
}
