import { constants } from 'node:fs'
import { access, lstat, realpath, stat } from 'node:fs/promises'
import { dirname, posix, win32, type PlatformPath } from 'node:path'

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
 * Where a command is looked for, in this order: itself when it is a full path, else in the folders of `searchPath` (a
 * PATH). Relative entries of the PATH are passed over, as Go's os/exec and so kubectl do.
 */
export function placesOf(command: string, searchPath: string, os: NodeJS.Platform = process.platform): string[] {
  const names: PlatformPath = os === 'win32' ? win32 : posix
  const endings = os === 'win32' && !/\.(exe|com)$/i.test(command) ? windowsEndings : ['']
  const folders = searchPath.split(names.delimiter).filter((folder) => names.isAbsolute(folder))
  const paths = names.isAbsolute(command)
    ? [command]
    : /[\\/]/.test(command)
      ? []
      : folders.map((folder) => names.join(folder, command))
  return paths.flatMap((place) => endings.map((ending) => place + ending))
}

/** The full path of a command: the first of its places that may be run; null when there is none. */
export async function findExecutable(command: string, searchPath: string): Promise<string | null> {
  for (const place of placesOf(command, searchPath)) if (await isExecutable(place)) return place
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
