import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDisplay } from '../desktop/display.ts'
import { descendantsOf } from '../support/leftovers.ts'
import { waitUntil } from '../support/wait-until.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** PATH as a person has it: without the programs of this checkout, so that the system's own Node and npm start it. */
const systemPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter)

/** Answer of a program of the system, or null where it is not there or fails. */
function ask(program: string, ...args: string[]): string | null {
  try {
    const env = { ...process.env, PATH: systemPath }
    return execFileSync(program, args, { cwd: root, env, timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return null
  }
}

const cache = ask('npm', 'config', 'get', 'cache')
const registry = ask('npm', 'config', 'get', 'registry')
const browser = ask('which', 'chromium')
const missing = [
  process.platform === 'linux' ? null : 'Linux',
  ask('git', 'rev-parse', '--git-dir') === null ? 'a git checkout' : null,
  Number(/^v(\d+)/.exec(ask('node', '--version') ?? '')?.[1] ?? 0) >= 20 ? null : 'Node 20 or newer on the system',
  cache === null || ask('npm', 'view', 'zod', 'version', '--prefer-offline') === null ? 'the package registry' : null,
].filter((what) => what !== null)

type Start = {
  child: ChildProcess
  said: () => string
  /** Everything on stdout. */
  printed: () => string
  /** The printed address and its parts. */
  address: () => { url: string; token: string } | null
  exited: Promise<number | null>
}

describe.skipIf(missing.length > 0)(
  `npm start on a fresh clone with an empty home${missing.length > 0 ? ` (here is no ${missing.join(', no ')})` : ''}`,
  () => {
    let work: string
    let clone: string
    const running: ChildProcess[] = []

    beforeAll(async () => {
      work = await mkdtemp(join(tmpdir(), 'mooring-start-'))
      clone = join(work, 'mooring')
      for (const folder of ['home', 'tmp', 'bin']) await mkdir(join(work, folder), { mode: 0o700 })
      await execute('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone])
    })
    afterAll(async () => {
      for (const { pid } of running) {
        try {
          process.kill(-(pid ?? 0), 'SIGKILL')
        } catch {
          // It ended by itself, as it should.
        }
      }
      await rm(work, { recursive: true, force: true, maxRetries: 5 })
    })

    const npmStart = (environment: Record<string, string> = {}): Start => npm(['start'], environment)

    function npm(args: readonly string[], environment: Record<string, string>): Start {
      const child = spawn('npm', args, {
        cwd: clone,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: systemPath,
          HOME: join(work, 'home'),
          TMPDIR: join(work, 'tmp'),
          LANG: 'C.UTF-8',
          npm_config_cache: cache ?? '',
          npm_config_registry: registry ?? '',
          // Where Electron's runtime can be had, its window would open; this is about the way without it.
          ELECTRON_MIRROR: 'http://127.0.0.1:9/',
          ...environment,
        },
      })
      running.push(child)
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      return {
        child,
        said: () => stderr,
        printed: () => stdout,
        address: () => {
          const [, url, token] = /^(http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)$/m.exec(stdout) ?? []
          return url === undefined || token === undefined ? null : { url, token }
        },
        exited: new Promise((resolve) => child.once('exit', resolve)),
      }
    }

    /** Waits for the address; an end without one fails at once with what was said. */
    async function addressOf(start: Start, seconds: number): Promise<{ url: string; token: string }> {
      let ended = false
      void start.exited.then(() => (ended = true))
      const seen = await waitUntil('the printed address', seconds, () => start.address() ?? (ended ? 'ended' : null))
      if (seen === 'ended') throw new Error(`npm start ended without an address:\n${start.said()}`)
      return seen
    }

    /** SIGTERM to npm, as a person's system would; everything it started must be gone with it. */
    async function end(start: Start, url: string): Promise<void> {
      const started = await descendantsOf(start.child.pid ?? 0)
      expect(started).not.toEqual([])
      start.child.kill('SIGTERM')
      await start.exited
      await waitUntil('everything that npm start began has ended', 10, async () => {
        const states = await Promise.all(
          started.map(({ pid, startTime }) =>
            readFile(`/proc/${pid}/stat`, 'utf8').then(
              (stat) => !/\) Z /.test(stat) && stat.includes(` ${startTime} `),
              () => false,
            ),
          ),
        )
        return states.every((alive) => !alive)
      })
      await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    }

    test('without a display: installs, builds, prints an address that works, and ends with all it began', async () => {
      const start = npmStart()
      const { url, token } = await addressOf(start, 270)
      expect(start.said()).toContain('installing packages')
      expect(start.said()).toContain('building')
      expect(start.said()).toContain('no display here')
      expect(await (await fetch(`${url}/`)).text()).toContain('<title>Mooring</title>')
      expect((await fetch(`${url}/api/v1/clusters`)).status).toBe(401)
      const clusters = await fetch(`${url}/api/v1/clusters`, { headers: { authorization: `Bearer ${token}` } })
      expect(await clusters.json()).toEqual([])
      await end(start, url)
    }, 300_000)

    test('the second start neither installs nor builds', async () => {
      const start = npmStart()
      const { url } = await addressOf(start, 30)
      expect(start.said()).not.toContain('installing')
      expect(start.said()).not.toContain('building')
      await end(start, url)
    })

    test('npm run serve: one line on stdout; SIGTERM to npm ends it in order, with code 0 and nothing left', async () => {
      const args = ['run', '-s', 'serve', '--', '--data-dir', join(work, 'serve'), '--vault', 'memory']
      const serve = npm(args, {})
      const ready = await waitUntil('the line on stdout', 60, () => /^\{.*\}\n$/.exec(serve.printed())?.[0] ?? null)
      const { url, token, pid } = JSON.parse(ready) as { url: string; token: string; pid: number }
      expect(token).toMatch(/^[\w-]{43}$/)
      expect((await descendantsOf(serve.child.pid ?? 0)).map((one) => one.pid)).toContain(pid)
      await end(serve, url)
      expect(await serve.exited).toBe(0)
      expect(serve.printed()).toBe(ready)
    })

    test('leaves the checkout as it was', async () => {
      expect((await execute('git', ['status', '--porcelain'], { cwd: clone })).stdout).toBe('')
    })

    test.skipIf(browser === null || !existsSync('/usr/bin/Xvfb'))(
      'with a display and no Electron runtime: shows Mooring in a window of an installed browser',
      async () => {
        const display = await startDisplay()
        const wrapper = join(work, 'bin', 'chromium')
        await writeFile(wrapper, `#!/bin/sh\nexec ${browser ?? ''} --remote-debugging-port=0 "$@"\n`)
        await chmod(wrapper, 0o755)
        const start = npmStart({ DISPLAY: display.name, PATH: `${join(work, 'bin')}${delimiter}${systemPath}` })
        try {
          const { url } = await addressOf(start, 60)
          const endpoint = await waitUntil('the window', 60, async () => {
            const temporary = join(work, 'tmp')
            const folder = (await readdir(temporary)).find((name) => name.startsWith('mooring-window-')) ?? ''
            const port = (await readFile(join(temporary, folder, 'profile', 'DevToolsActivePort'), 'utf8')).split(
              '\n',
            )[0]
            return port === '' ? null : port
          })
          const window = await chromium.connectOverCDP(`http://127.0.0.1:${endpoint}`)
          const page = await waitUntil('the page of the running host', 30, () =>
            window
              .contexts()
              .flatMap((context) => context.pages())
              .find((one) => one.url().startsWith(url)),
          )
          await page.locator('#root > *').first().waitFor({ timeout: 30_000 })
          expect(await page.title()).toContain('Mooring')
          expect(page.url()).not.toContain('token')
          await window.close()
          await end(start, url)
        } finally {
          await display.close()
        }
      },
      120_000,
    )
  },
)
