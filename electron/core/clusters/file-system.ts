import { readFileSync, statSync, watch } from 'node:fs'
import { fail, ok, type Result } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'

/** The little of the file system that kubeconfigs need. */
export type FileSystem = {
  /** Whether there is a file that can be looked at. */
  isFile(path: string): boolean
  /** A failure is its reason: ENOENT, EACCES, `not a file`, `too large` ... */
  readFile(path: string): Result<Buffer, string>
  /** Calls back when something in the folder changes, until the returned function is called. No such folder: never. */
  watchFolder(folder: string, onChange: () => void): () => void
}

/** UTF-16 takes two bytes a letter: twice the limit of a kubeconfig. */
const maxFileBytes = 8 * 1024 * 1024

/** The real files. */
export const systemFiles: FileSystem = {
  isFile: (path) => {
    try {
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
  readFile: (path) => {
    try {
      const facts = statSync(path)
      if (!facts.isFile()) return fail('not a file')
      if (facts.size > maxFileBytes) return fail('too large')
      return ok(readFileSync(path))
    } catch (error) {
      return fail(errorCode(error) ?? 'unknown reason')
    }
  },
  watchFolder: (folder, onChange) => {
    try {
      const watcher = watch(folder, { persistent: false }, onChange)
      // A folder that vanishes is no failure: the file is then simply not seen to change.
      watcher.on('error', () => watcher.close())
      return () => watcher.close()
    } catch {
      return () => undefined
    }
  },
}
