// `npm run check`: format, lint, types, layers, dead code, messages, unit tests; two at a time, every result named with
// its time.
import { productEnvironment, productNode, root, say } from './node.mjs'
import { prepare } from './prepare.mjs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const bin = (name) => join(root, 'node_modules', '.bin', name)

/** Static checks, longest first so that two lanes end at about the same time. */
export const checks = [
  { name: 'lint', command: [bin('eslint'), '--cache', '--cache-location', 'node_modules/.cache/eslint/', '.'] },
  { name: 'types', command: [bin('tsc'), '-b'] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '--cache', '.'] },
  {
    name: 'layers',
    command: [
      bin('depcruise'),
      '--config',
      '.dependency-cruiser.mjs',
      'contract',
      'network',
      'electron',
      'sidecar',
      'renderer',
    ],
  },
  { name: 'dead code', command: [bin('knip')] },
  // Found in the PATH when it runs: this list is made before anything is installed.
  { name: 'messages', command: ['node', 'build/messages.mjs', '--check'] },
]

/** Runs one command, keeps what it prints, and shows it only when it fails. */
function runQuietly({ name, command }) {
  return new Promise((resolve) => {
    const began = performance.now()
    const [program, ...args] = command
    const child = spawn(program, args, {
      cwd: root,
      env: productEnvironment({ FORCE_COLOR: '0' }),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.once('error', (error) => (output += String(error)))
    child.once('close', (code) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
      if (code !== 0) console.log(output)
      resolve({ name, ok: code === 0 })
    })
  })
}

/** Runs tasks in two lanes: the machine has two cores. */
export async function runChecks(tasks) {
  const waiting = [...tasks]
  const results = []
  const lane = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) results.push(await runQuietly(task))
  }
  await Promise.all([lane(), lane()])
  return results
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await prepare({ installOnly: true })
    const unit = { name: 'unit tests', command: [productNode(), bin('vitest'), 'run', '--config', 'vitest.config.ts'] }
    const began = performance.now()
    const results = await runChecks([unit, ...checks])
    const failed = results.filter((result) => !result.ok).length
    const seconds = (performance.now() - began) / 1000
    console.log(`${results.length - failed} passed, ${failed} failed, in ${seconds.toFixed(0)} s`)
    process.exitCode = failed === 0 ? 0 : 1
  } catch (error) {
    say(error.message)
    process.exitCode = 1
  }
}
