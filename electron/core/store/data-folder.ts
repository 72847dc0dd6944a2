import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { appError, fail, ok, type AppError, type Result } from '../../../contract/errors.ts'
import { errorCode } from '../../../network/error-code.ts'

/** A folder that is ours alone. */
export type DataFolder = { readonly dir: string; file(name: string): string }

const systemWords: Readonly<Record<string, string>> = {
  EACCES: 'You have no permission to do so there (EACCES).',
  EPERM: 'You have no permission to do so there (EPERM).',
  EROFS: 'Its disk is read-only (EROFS).',
  ENOSPC: 'Its disk is full (ENOSPC).',
  EDQUOT: 'Your share of its disk is used up (EDQUOT).',
  ENOENT: 'Nothing can be made there (ENOENT): the place is gone, or its disk is read-only.',
  EEXIST: 'A file stands in its way (EEXIST).',
  ENOTDIR: 'A file stands in its way (ENOTDIR).',
}

/**
 * Makes the folder, or checks that the one that is there is ours: a real folder, owned by us, closed to others.
 * A folder that others may read is closed; one that belongs to somebody else, is a link, holds a link or something of
 * somebody else's, or lies where everybody may put another in its place, is refused.
 */
export function prepareDataFolder(path: string): Result<DataFolder> {
  const dir = resolve(path)
  try {
    const open = openAncestorOf(dir)
    if (open !== null) return fail(replaceable(dir, open))
    mkdirSync(dirname(dir), { recursive: true, mode: 0o755 })
    const made = makeFolder(dir)
    const stats = lstatSync(dir)
    const problem = problemOf(dir, stats) ?? plantedIn(dir)
    if (problem !== null) return fail(problem)
    if (!made && process.platform !== 'win32' && (stats.mode & 0o077) !== 0) chmodSync(dir, 0o700)
    for (const name of ['run', 'logs']) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 })
  } catch (error) {
    const code = errorCode(error) ?? String(error)
    return fail(
      appError(
        'data-folder-unsafe',
        `The data folder ${dir} cannot be made or read.`,
        'Choose another folder with --data-dir, or correct its permissions.',
        { cause: systemWords[code] ?? `The system says ${code}.` },
      ),
    )
  }
  return ok({ dir, file: (name) => join(dir, name) })
}

/**
 * The folder above in which everybody may rename what is ours: writable for all, and not one like /tmp where names
 * belong to their owners (the sticky bit). Links on the way are followed, and the folders they lie in looked at too. What is
 * not there yet is made by us and closed to others.
 */
function openAncestorOf(dir: string): string | null {
  if (process.platform === 'win32') return null
  let parent = dirname(dir)
  while (!existsSync(parent)) parent = dirname(parent)
  for (const path of [parent, realpathSync(parent)])
    for (let folder = path; ; folder = dirname(folder)) {
      const { mode } = statSync(folder)
      if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) return folder
      if (folder === dirname(folder)) break
    }
  return null
}

const replaceable = (dir: string, open: string): AppError =>
  appError(
    'data-folder-unsafe',
    `Everybody may write to ${open}, and put another folder in the place of ${dir}.`,
    `Take that permission away (chmod o-w '${open}'), or choose a folder elsewhere with --data-dir.`,
  )

/**
 * The folder of a Mooring that may run, for who attaches to it: the same checks, and nothing is made or changed. Whoever
 * could write to it would choose the socket that gets the user's kubeconfigs. Null: there is no such folder.
 */
export function lookAtDataFolder(path: string): Result<DataFolder | null> {
  const dir = resolve(path)
  const stats = lstatSync(dir, { throwIfNoEntry: false })
  if (stats === undefined) return ok(null)
  const open = openAncestorOf(dir)
  if (open !== null) return fail(replaceable(dir, open))
  const problem = problemOf(dir, stats) ?? plantedIn(dir)
  return problem === null ? ok({ dir, file: (name) => join(dir, name) }) : fail(problem)
}

/** What stands in the folder and was not put there by us, from a time when others could write to it. */
function plantedIn(dir: string): AppError | null {
  const me = process.getuid?.()
  if (me === undefined) return null
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) continue
    const what = stats.isSymbolicLink()
      ? 'is a link'
      : stats.uid !== me
        ? `belongs to another user (${stats.uid})`
        : stats.isDirectory() && (stats.mode & 0o002) !== 0
          ? 'may be written to by everybody'
          : null
    const next = 'Look at what it is; remove it, or choose another folder with --data-dir.'
    if (what !== null) return appError('data-folder-unsafe', `${path} ${what}.`, next)
  }
  return null
}

/** True when it was made by this call. */
function makeFolder(dir: string): boolean {
  try {
    mkdirSync(dir, { mode: 0o700 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

function problemOf(dir: string, stats: Stats): AppError | null {
  if (stats.isSymbolicLink())
    return appError(
      'data-folder-unsafe',
      `The data folder ${dir} is a link.`,
      'Name the folder itself with --data-dir.',
    )
  if (!stats.isDirectory())
    return appError('data-folder-unsafe', `${dir} is not a folder.`, 'Choose another place with --data-dir.')
  const me = process.getuid?.()
  if (me !== undefined && stats.uid !== me)
    return appError(
      'data-folder-unsafe',
      `The data folder ${dir} belongs to another user (${stats.uid}).`,
      'Choose a folder of your own with --data-dir.',
    )
  if (me !== undefined && (stats.mode & 0o002) !== 0)
    return appError(
      'data-folder-unsafe',
      `Everybody may write to the data folder ${dir}.`,
      `Look at what is in it, then keep others out of it: chmod 700 '${dir}'`,
    )
  return null
}
