// Small helpers for the launch scripts. They run before anything is installed, on Node 20 or newer.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Says a step to the person; stdout stays clean for programs. */
export const say = (words) => process.stderr.write(`mooring: ${words}\n`)

/** @type {[number, number]} */
const oldest = [22, 19]

const recentEnough = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/** The Node to run the product with: the one from the lock file, else this one if it is recent enough. */
export function productNode() {
  const installed = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  if (existsSync(installed)) return installed
  if (recentEnough(process.version)) return process.execPath
  throw new Error(
    `Node ${process.version} is too old, and there is no packaged Node for ${process.platform}-${process.arch}. ` +
      `Install Node ${oldest.join('.')} or newer (24 is best) and try again.`,
  )
}

/** The environment in which `node` means the product's Node. */
export function productEnvironment(more = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, PATH: path, ...more }
}

/** Runs a command, its output to stderr unless said otherwise; resolves with the exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: productEnvironment(),
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
      ...options,
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)))
  })
}
