import fs from 'node:fs/promises'
import path from 'node:path'
import { exists } from './build.ts'
import { mustRun, runCommand } from './run-command.ts'

/** What a node with real containers needs from the system: the program or folder to look for, and its package. */
const NEEDED: readonly { path: string; name: string }[] = [
  { path: '/usr/sbin/runc', name: 'runc' },
  { path: '/usr/lib/cni/bridge', name: 'containernetworking-plugins' },
  { path: '/usr/sbin/ip', name: 'iproute2' },
  { path: '/usr/sbin/iptables', name: 'iptables' },
  { path: '/usr/bin/nsenter', name: 'util-linux' },
]

/** Installs the missing ones (root only; needs a Debian-like system). */
export async function installNodePackages(): Promise<void> {
  const missing: string[] = []
  for (const needed of NEEDED) {
    const alternatives = [needed.path, needed.path.replace('/usr/sbin/', '/usr/bin/')]
    if (!(await Promise.all(alternatives.map(exists))).includes(true)) missing.push(needed.name)
  }
  if (missing.length === 0) return
  if (!(await exists('/usr/bin/apt-get'))) {
    const names = missing.join(' ')
    throw new Error(`a node with real containers needs ${names}: install them, or set MOORING_TESTBED_REDUCED=1`)
  }
  console.error(`test bed: installing ${missing.join(' ')}`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await runCommand('apt-get', ['update', '-q'], { output: 'inherit', timeoutMs: 300_000 })
  await mustRun('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], {
    env: environment,
    output: 'inherit',
    timeoutMs: 300_000,
  })
}

/** The package that would be installed, with its version: `postgresql=15+248`. */
export async function packageVersion(name: string): Promise<string> {
  const result = await runCommand('apt-cache', ['show', '--no-all-versions', name])
  const version = /^Version: (.+)$/m.exec(result.stdout)?.[1] ?? 'unknown'
  return `${name}=${version}`
}

/** The packages a package needs, itself included, without those a server image can do without. */
async function libraryClosure(names: readonly string[]): Promise<string[]> {
  const switches = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  )
  const text = await mustRun('apt-cache', ['depends', '--recurse', ...switches, ...names])
  const all = text.split('\n').filter((line) => /^[a-z]/.test(line))
  return all.filter((name) => /^(lib|zlib1g|postgresql-\d)/.test(name) && !/llvm|perl|client/.test(name))
}

/**
 * Downloads packages and unpacks them into `<work>/packages` without installing them (no root, no service started).
 * `postgresql` stands for the server package of whatever version the system has.
 */
export async function unpackDebian(work: string, names: readonly string[]): Promise<string> {
  const downloads = path.join(work, 'downloads')
  const packages = path.join(work, 'packages')
  await fs.mkdir(downloads)
  await fs.mkdir(packages)
  // apt drops to the user _apt for downloads, who must be able to write here.
  await fs.chmod(downloads, 0o777)
  const closure = await libraryClosure(names)
  const servers = names.includes('postgresql') ? closure.filter((name) => name.startsWith('postgresql-')) : []
  const wanted = [...names.filter((name) => name !== 'postgresql'), ...servers]
  const download = async (list: readonly string[]): Promise<void> => {
    const arguments_ = ['download', '-q', ...list]
    const first = await runCommand('apt-get', arguments_, { cwd: downloads })
    if (first.code !== 0) {
      // The index names a version that the mirror has replaced since.
      await runCommand('apt-get', ['update', '-q'], { output: 'inherit', timeoutMs: 300_000 })
      await mustRun('apt-get', arguments_, { cwd: downloads })
    }
    for (const file of await fs.readdir(downloads)) {
      await mustRun('dpkg', ['-x', path.join(downloads, file), packages])
      await fs.rm(path.join(downloads, file))
    }
  }
  await download(wanted)
  if (await lacksLibraries(packages)) await download(closure.filter((name) => !wanted.includes(name)))
  return packages
}

async function programsIn(packages: string): Promise<string[]> {
  const found = await runCommand('find', [
    packages,
    '-type',
    'f',
    '(',
    '-name',
    'postgres',
    '-o',
    '-name',
    'redis-check-rdb',
    ')',
  ])
  return found.stdout.split('\n').filter((line) => line !== '')
}

async function lacksLibraries(packages: string): Promise<boolean> {
  for (const program of await programsIn(packages)) {
    const result = await runCommand('ldd', [program], { env: await libraryEnvironment(packages) })
    if (result.stdout.includes('not found')) return true
  }
  return false
}

async function libraryEnvironment(packages: string): Promise<NodeJS.ProcessEnv> {
  const found = await runCommand('find', [packages, '-type', 'd', '-name', '*-linux-gnu'])
  return { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LD_LIBRARY_PATH: found.stdout.trim().split('\n').join(':') }
}

/**
 * Copies programs and libraries out of the unpacked packages together with every shared library they load.
 * @param files pairs of source and target, relative to the packages and to the root of the image
 */
export async function copyWithLibraries(
  packages: string,
  root: string,
  files: readonly (readonly [source: string, target: string])[],
): Promise<void> {
  const environment = await libraryEnvironment(packages)
  const libraries = new Set<string>()
  for (const [source, target] of files) {
    const from = path.join(packages, source)
    await fs.mkdir(path.dirname(path.join(root, target)), { recursive: true })
    await fs.copyFile(await fs.realpath(from), path.join(root, target))
    await fs.chmod(path.join(root, target), 0o755)
    const result = await runCommand('ldd', [from], { env: environment })
    for (const match of result.stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)) if (match[1]) libraries.add(match[1])
  }
  for (const library of libraries) {
    const place = library.startsWith(packages) ? library.slice(packages.length) : library
    await fs.mkdir(path.dirname(path.join(root, place)), { recursive: true })
    await fs.copyFile(await fs.realpath(library), path.join(root, place))
    await fs.chmod(path.join(root, place), 0o755)
  }
}
