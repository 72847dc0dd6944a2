import { constants } from 'node:fs'
import { access, lstat, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

/** Windows starts these without a shell; `.cmd` and `.bat` need one, and nothing of ours runs through a shell. */
const windowsEndings = ['.exe', '.com']

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, process.platform === 'win32' ? constants.F_OK : constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/**
 * The full path of a command: itself when it is a full path, else the first match in `searchPath` (a PATH). Relative
 * entries of the PATH are passed over, as Go's os/exec and so kubectl do. Null when there is none that may be run.
 */
export async function findExecutable(command: string, searchPath: string): Promise<string | null> {
  const endings = process.platform === 'win32' && !/\.(exe|com)$/i.test(command) ? windowsEndings : ['']
  const folders = isAbsolute(command)
    ? ['']
    : /[\\/]/.test(command)
      ? []
      : searchPath.split(delimiter).filter((folder) => isAbsolute(folder))
  for (const folder of folders) {
    for (const ending of endings) {
      const path = folder === '' ? command + ending : join(folder, command + ending)
      if (await isExecutable(path)) return path
    }
  }
  return null
}

/**
 * What of a program everybody on this machine may write to: itself, or the folder in which another can be put in its
 * place. Null: nobody but its owner can. In a folder like /tmp (sticky bit) a name belongs to who made it.
 */
export async function openToEverybody(path: string): Promise<string | null> {
  const me = process.getuid?.()
  if (me === undefined) return null
  for (const each of new Set([path, await realpath(path)])) {
    if (((await stat(each)).mode & 0o002) !== 0) return each
    const folder = dirname(each)
    const { mode } = await stat(folder)
    const { uid } = await lstat(each)
    const isKept = (mode & 0o1000) !== 0 && (uid === me || uid === 0)
    if ((mode & 0o002) !== 0 && !isKept) return folder
  }
  return null
}
