// Electron's runtime: its npm package does not hold it, its own installer fetches it on first use.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { productNode, root, run, say } from './node.mjs'

/**
 * Path of Electron's own binary, fetched on first use; null where it cannot be had. The installer is silent: that it goes
 * on is said every `sayEveryMs`.
 */
export async function electronBinary(folder = join(root, 'node_modules', 'electron'), sayEveryMs = 10_000) {
  const find = () => {
    const name = join(folder, 'path.txt')
    if (!existsSync(name)) return null
    const path = join(folder, 'dist', readFileSync(name, 'utf8').trim())
    return existsSync(path) ? path : null
  }
  if (find() === null && existsSync(join(folder, 'install.js'))) {
    say('fetching the Electron runtime (about 110 MB), only this once; it is given up after 15 minutes ...')
    const began = Date.now()
    const goesOn = setInterval(
      () => say(`still fetching the Electron runtime, for ${Math.round((Date.now() - began) / 1000)} s now`),
      sayEveryMs,
    )
    await run(productNode(), [join(folder, 'install.js')], { stdio: 'ignore', timeout: 900_000 }).catch(() => 1)
    clearInterval(goesOn)
  }
  return find()
}
