import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { CACHE_FOLDER, makeOnce } from './build.ts'
import { unpackDebian, copyWithLibraries, packageVersion } from './debian-packages.ts'
import { writeDockerArchive } from './docker-archive.ts'
import { mustRun } from './run-command.ts'

/** The images every real node of the test bed has; pods use them with `imagePullPolicy: Never`. */
export const IMAGES = {
  pause: 'testbed.local/pause:1',
  workload: 'testbed.local/workload:1',
  redis: 'testbed.local/redis:1',
  postgres: 'testbed.local/postgres:1',
} as const

export type ImageName = keyof typeof IMAGES

/** Postgres refuses root; this is `nobody` here and in the pod. */
export const POSTGRES_USER_ID = 65534

/** Raise it when the way an image is made changes, so that cached ones are made anew. */
const LAYOUT = '1'

async function makeWorkload(name: 'pause' | 'workload', workloadFolder: string, target: string): Promise<void> {
  const root = await fs.mkdtemp(`${target}.root-`)
  try {
    await fs.chmod(root, 0o755)
    await fs.copyFile(path.join(workloadFolder, 'workload'), path.join(root, 'workload'))
    await writeDockerArchive(target, IMAGES[name], root, {
      entrypoint: ['/workload'],
      command: [name === 'pause' ? 'pause' : 'serve'],
    })
  } finally {
    await fs.rm(root, { recursive: true, force: true })
  }
}

async function makeRedis(target: string, work: string): Promise<void> {
  const packages = await unpackDebian(work, ['redis-tools', 'redis-server', 'libjemalloc2', 'liblzf1'])
  const root = path.join(work, 'root')
  await copyWithLibraries(packages, root, [['usr/bin/redis-check-rdb', 'usr/bin/redis-server']])
  await fs.mkdir(path.join(root, 'tmp'), { recursive: true })
  await fs.chmod(path.join(root, 'tmp'), 0o1777)
  await writeDockerArchive(target, IMAGES.redis, root, {
    entrypoint: ['/usr/bin/redis-server', '--protected-mode', 'no', '--save', '', '--dir', '/tmp'],
  })
}

async function makePostgres(target: string, work: string): Promise<void> {
  const packages = await unpackDebian(work, ['postgresql'])
  const [major] = await fs.readdir(path.join(packages, 'usr/lib/postgresql'))
  if (major === undefined) throw new Error('the postgresql package holds no server')
  const programs = `usr/lib/postgresql/${major}`
  const root = path.join(work, 'root')
  const libraries = (await fs.readdir(path.join(packages, programs, 'lib')))
    .filter((name) => name.endsWith('.so') && !name.startsWith('llvmjit'))
    .map((name): [string, string] => [`${programs}/lib/${name}`, `${programs}/lib/${name}`])
  await copyWithLibraries(packages, root, [
    [`${programs}/bin/postgres`, `${programs}/bin/postgres`],
    [`${programs}/bin/initdb`, `${programs}/bin/initdb`],
    ...libraries,
  ])
  const share = `usr/share/postgresql/${major}`
  await fs.mkdir(path.join(root, 'usr/share/postgresql'), { recursive: true })
  await mustRun('cp', ['-a', path.join(packages, share), path.join(root, share)])
  await mustRun('rm', ['-rf', path.join(root, share, 'man'), path.join(root, share, 'extension')])
  // initdb wants the catalogue of extensions it always creates.
  await fs.mkdir(path.join(root, share, 'extension'))
  for (const name of await fs.readdir(path.join(packages, share, 'extension'))) {
    if (!name.startsWith('plpgsql')) continue
    await fs.copyFile(path.join(packages, share, 'extension', name), path.join(root, share, 'extension', name))
  }
  for (const folder of ['tmp', 'etc', 'data', 'usr/share/zoneinfo/Etc']) {
    await fs.mkdir(path.join(root, folder), { recursive: true })
  }
  await fs.chmod(path.join(root, 'tmp'), 0o1777)
  await fs.writeFile(
    path.join(root, 'etc/passwd'),
    `postgres:x:${String(POSTGRES_USER_ID)}:${String(POSTGRES_USER_ID)}::/tmp:/bin/sh\n`,
  )
  for (const zone of ['UTC', 'Etc/UTC']) {
    await fs.copyFile('/usr/share/zoneinfo/UTC', path.join(root, 'usr/share/zoneinfo', zone)).catch(() => undefined)
  }
  await fs.chown(path.join(root, 'data'), POSTGRES_USER_ID, POSTGRES_USER_ID)
  const id = String(POSTGRES_USER_ID)
  await mustRun(
    'setpriv',
    [
      '--reuid',
      id,
      '--regid',
      id,
      '--clear-groups',
      '--',
      path.join(packages, programs, 'bin/initdb'),
      '-D',
      path.join(root, 'data'),
      '-U',
      'postgres',
      '--no-locale',
      '-E',
      'UTF8',
      '-N',
      '--auth=trust',
      '--wal-segsize=1',
    ],
    { env: { PATH: '/usr/bin:/bin', HOME: '/tmp', LD_LIBRARY_PATH: libraryPath(packages) } },
  )
  await fs.chmod(path.join(root, 'data'), 0o700)
  await writeDockerArchive(target, IMAGES.postgres, root, {
    entrypoint: [
      `/${programs}/bin/postgres`,
      '-D',
      '/data',
      '-c',
      'listen_addresses=*',
      '-c',
      'unix_socket_directories=/tmp',
      '-c',
      'fsync=off',
    ],
  })
}

/** Where the unpacked packages keep their libraries, for programs run from there. */
function libraryPath(packages: string): string {
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  return [`${packages}/usr/lib/${triple}`, `${packages}/lib/${triple}`].join(':')
}

async function imageFile(name: ImageName, workloadFolder: string): Promise<string> {
  const made = createHash('sha256').update(JSON.stringify([LAYOUT, name, process.arch, path.basename(workloadFolder)]))
  if (name === 'redis') made.update(await packageVersion('redis-server'))
  if (name === 'postgres') made.update(await packageVersion('postgresql'))
  const folder = path.join(CACHE_FOLDER, `image-${name}-${made.digest('hex').slice(0, 16)}`)
  await makeOnce(folder, async (temporary) => {
    console.error(`test bed: making the image ${IMAGES[name]}`)
    const target = path.join(temporary, 'image.tar')
    if (name === 'pause' || name === 'workload') return makeWorkload(name, workloadFolder, target)
    // Under /tmp, because initdb runs as nobody, who cannot enter root's home.
    const work = await fs.mkdtemp('/tmp/mooring-testbed-image-')
    try {
      await fs.chmod(work, 0o755)
      await (name === 'redis' ? makeRedis(target, work) : makePostgres(target, work))
    } finally {
      await fs.rm(work, { recursive: true, force: true })
    }
  })
  return path.join(folder, 'image.tar')
}

/** Makes the images that are missing, and returns the archive of each. */
export async function buildImages(names: readonly ImageName[], workloadFolder: string): Promise<string[]> {
  const files: string[] = []
  for (const name of names) files.push(await imageFile(name, workloadFolder))
  return files
}
