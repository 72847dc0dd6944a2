// `npm start`: makes the checkout ready and opens Mooring. Says each step; needs only Node 20 and npm.
// Options after `--` go to Mooring, for example: npm start -- --data-dir DIR
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { electronBinary } from './electron-runtime.mjs'
import { productEnvironment, productNode, root, say } from './node.mjs'
import { prepare } from './prepare.mjs'

const usage = `Usage: npm start -- [options]

Makes the checkout ready and opens Mooring. Options, all of them optional:
  --data-dir DIR           where clusters, forwards and history are kept
  --restore-snapshot NAME  put a snapshot of the database (or "latest") in its place; what it replaces is kept
  --start-empty            go on with an empty database when it is damaged; the damaged one is kept
  -V, --version            print the version
  -h, --help               print this

Where no desktop window can be opened, the options of the headless host work here too: npm run -s serve -- --help
`

const options = process.argv.slice(2)
const isRoot = process.getuid?.() === 0
const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY)

/** A Chromium-like browser that can show one page as a window of its own. */
function appBrowser() {
  const places =
    process.platform === 'darwin'
      ? ['Google Chrome', 'Microsoft Edge', 'Chromium'].map(
          (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
        )
      : process.platform === 'win32'
        ? [
            `${process.env.PROGRAMFILES}\\Google\\Chrome\\Application\\chrome.exe`,
            `${process.env['PROGRAMFILES(X86)']}\\Microsoft\\Edge\\Application\\msedge.exe`,
          ]
        : (process.env.PATH ?? '')
            .split(delimiter)
            .flatMap((folder) =>
              ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'].map((name) =>
                join(folder, name),
              ),
            )
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Opens the address in a window; the token in it never stands on a command line, where others could read it. */
function openWindow(url) {
  const browser = hasDisplay ? appBrowser() : undefined
  if (browser === undefined) {
    say(`open this address in a browser; Ctrl+C here ends Mooring: ${url}`)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'mooring-window-'))
  const page = join(folder, 'open.html')
  writeFileSync(
    page,
    `<!doctype html><title>Mooring</title><script>location.replace(${JSON.stringify(url)})</script>`,
    { mode: 0o600 },
  )
  if (isRoot) say('running as root: the browser is started without its sandbox')
  say(`opening a window with ${browser}`)
  const flags = [
    `--app=file://${page}`,
    `--user-data-dir=${join(folder, 'profile')}`,
    '--no-first-run',
    '--no-default-browser-check',
  ]
  const window = spawn(browser, isRoot ? [...flags, '--no-sandbox'] : flags, { stdio: 'ignore' })
  const clear = () => rmSync(folder, { recursive: true, force: true })
  // Read by then; it holds the token.
  setTimeout(() => rmSync(page, { force: true }), 30_000).unref()
  window.once('error', () => say(`the window could not be opened; open this address in a browser: ${url}`))
  window.once('exit', () => {
    clear()
    say('the window was closed; forwards go on. Ctrl+C here ends Mooring.')
  })
  process.once('exit', () => {
    window.kill()
    clear()
  })
}

/** Runs the headless owner in the foreground, with a window beside it. */
function startHost() {
  const host = spawn(productNode(), [join(root, 'dist', 'serve.mjs'), ...options], {
    cwd: root,
    env: productEnvironment(),
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  let line = ''
  host.stdout.setEncoding('utf8').on('data', (text) => {
    line += text
    if (!line.includes('\n')) return
    const { url, token } = JSON.parse(line.slice(0, line.indexOf('\n')))
    line = ''
    process.stdout.write(`${url}/#token=${token}\n`)
    openWindow(`${url}/#token=${token}`)
  })
  return host
}

let child

/**
 * A signal to npm ends its shell, which does not pass it on: without this, Mooring would go on with nobody in front of
 * it. (`exec` in the script would do, but cmd.exe knows no such command.)
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event !== 'start' || process.platform === 'win32') return
  const shell = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(watch)
    if (child === undefined) process.exit(143)
    child.kill('SIGTERM')
  }, 250)
  watch.unref()
}

/** What is answered without making the checkout ready; null: nothing of that was asked. */
function answer() {
  if (options.includes('-h') || options.includes('--help')) return usage
  if (options.includes('-V') || options.includes('--version'))
    return `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`
  return null
}

const answered = answer()
if (answered !== null) {
  process.stdout.write(answered)
  process.exit(0)
}
try {
  endWithNpm()
  await prepare()
  const electron = hasDisplay ? await electronBinary() : null
  if (!hasDisplay) say('no display here: starting without a window')
  else if (electron === null)
    say('the Electron runtime cannot be fetched here: starting without it, with a window of the browser instead')
  child =
    electron === null
      ? startHost()
      : spawn(electron, [...(isRoot ? ['--no-sandbox'] : []), root, ...options], { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('exit', (code, signal) => {
    if (signal !== null) say(`Mooring was ended by ${signal}; npm start brings it back, and the forwards that were on`)
    process.exit(code ?? (signal === null ? 1 : 128))
  })
} catch (error) {
  say(error.message)
  process.exitCode = 1
}
