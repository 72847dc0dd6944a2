// Installs what the lock file names and builds what the sources changed; does nothing when all is up to date.
// Usage: node build/prepare.mjs [--install-only] [--force]
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { productNode, root, run, say } from './node.mjs'

const hash = (parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex')
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const write = (path, text) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

async function install() {
  const stamp = join(root, 'node_modules', '.mooring-install')
  const wanted = hash([readFileSync(join(root, 'package-lock.json')), process.platform, process.arch])
  if (read(stamp) === wanted) return
  say('installing packages (npm ci) ...')
  if ((await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) !== 0)
    throw new Error('npm ci failed; its reason stands above. Check the network and try again.')
  write(stamp, wanted)
}

/**
 * The scripts of package.json hand over with `exec`, so that a signal to npm reaches the program behind it. cmd.exe knows
 * no such command: there, a file of that name on npm's PATH runs what follows. Such a system has no signals to pass on.
 */
export function provideExec(folder, platform = process.platform) {
  const path = join(folder, 'exec.cmd')
  if (platform === 'win32' && !existsSync(path)) write(path, '@%*\r\n')
}

/** Every source that ends in the built product, with its size and time of change: cheap to look at. */
function sourceState() {
  const states = []
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else {
        const { mtimeMs, size } = statSync(path)
        states.push(`${path}:${mtimeMs}:${size}\n`)
      }
    }
  }
  for (const folder of ['contract', 'network', 'electron', 'sidecar', 'renderer', 'migrations', 'build'])
    walk(join(root, folder))
  return hash([...states, readFileSync(join(root, 'package.json'))])
}

async function build(force) {
  const stamp = join(root, 'dist', '.mooring-build')
  const wanted = sourceState()
  if (!force && read(stamp) === wanted) return
  say('building ...')
  if ((await run(productNode(), ['build/build.mjs'])) !== 0)
    throw new Error(
      'The build failed; its reason stands above. If no source was changed here, report it; else correct that and try again.',
    )
  write(stamp, wanted)
}

/** Makes the checkout ready to run. */
export async function prepare({ installOnly = false, force = false } = {}) {
  await install()
  provideExec(join(root, 'node_modules', '.bin'))
  if (!installOnly) await build(force)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await prepare({ installOnly: process.argv.includes('--install-only'), force: process.argv.includes('--force') })
  } catch (error) {
    say(error.message)
    process.exitCode = 1
  }
}
