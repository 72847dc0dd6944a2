import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { whyUnreadable } from '../core/platform/why-unreadable.ts'
import { exitCode, Stop } from './stop.ts'

/** A kubeconfig as operations want it. */
export type KubeconfigSource = { base64: string; path?: string }

/** Reads the kubeconfig that was named: a file, or - for standard input. */
export async function kubeconfigSource(file: string): Promise<KubeconfigSource> {
  if (file === '-') return { base64: (await buffer(process.stdin)).toString('base64') }
  try {
    return await readFile(file)
  } catch (error) {
    throw new Stop(
      `${file} cannot be read. ${whyUnreadable(error)}`,
      'Name a kubeconfig file, or - to read it from standard input.',
      exitCode.failed,
    )
  }
}

/** With the full path, so that relative paths in it start from its folder; a pipe (`<(...)`) has none worth keeping. */
async function readFile(file: string): Promise<KubeconfigSource> {
  await using handle = await open(file)
  const isPlain = (await handle.stat()).isFile()
  return { base64: (await handle.readFile()).toString('base64'), ...(isPlain ? { path: resolve(file) } : {}) }
}
