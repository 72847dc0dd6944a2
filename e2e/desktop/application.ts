import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright'
import { build } from 'vite'
import { desktopRuntime } from './runtime.ts'

const root = join(import.meta.dirname, '..', '..')

/** A packed copy of the desktop for the old runtime. */
export type TestApplication = { executable: string; stubSidecar: string; remove(): Promise<void> }

/** Puts the product's main process, bundled for the old runtime, and its built pages into a copy of that runtime. */
export async function packTestApplication(): Promise<TestApplication> {
  const runtime = await desktopRuntime()
  const folder = await mkdtemp(join(tmpdir(), 'mooring-desktop-'))
  await cp(runtime, folder, { recursive: true, verbatimSymlinks: true })
  // Electron takes a program of its own name for an unpackaged one.
  const executable = join(folder, 'mooring')
  await rename(join(folder, 'electron'), executable)
  const application = join(folder, 'resources', 'app')
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['electron', 'better-sqlite3', 'keytar'] },
    build: {
      ssr: true,
      target: 'node16',
      outDir: join(application, 'dist'),
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input: { main: join(root, 'e2e/desktop/old-electron-main.ts') },
        external: ['electron', 'better-sqlite3', 'keytar', /^keytar\//],
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
      },
    },
  })
  await mkdir(application, { recursive: true })
  await writeFile(
    join(application, 'package.json'),
    JSON.stringify({ name: 'mooring', productName: 'Mooring', main: 'dist/main.cjs' }),
  )
  for (const name of ['renderer', 'preload.cjs', 'icon.png'])
    await cp(join(root, 'dist', name), join(application, 'dist', name), { recursive: true })
  const stubSidecar = join(application, 'dist', 'stub-sidecar.cjs')
  await cp(join(import.meta.dirname, 'stub-sidecar.cjs'), stubSidecar)
  return {
    executable,
    stubSidecar,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export type LaunchOptions = {
  executable: string
  /** Name of the display to appear on. */
  display: string
  dataDir: string
  home: string
  args?: readonly string[]
}

const argumentsOf = ({ dataDir, args = [] }: LaunchOptions): string[] => [
  // Containers run as root, where Chromium's own sandbox cannot start; the page's isolation is checked regardless.
  '--no-sandbox',
  '--disable-gpu',
  '--data-dir',
  dataDir,
  ...args,
]
const environmentOf = ({ home, display }: LaunchOptions): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  DISPLAY: display,
  LANG: 'C.UTF-8',
})

export type RunningDesktop = {
  readonly application: ElectronApplication
  /** What its main process wrote. */
  log(): string
  /** Quits it in order, as its menu does, or by closing its window where that ends it; its exit code. */
  quit(by?: 'menu' | 'window'): Promise<number | null>
}

/** Starts the desktop on a display, under Playwright. */
export async function launchDesktop(options: LaunchOptions): Promise<RunningDesktop> {
  const application = await _electron.launch({
    executablePath: options.executable,
    args: argumentsOf(options),
    env: environmentOf(options),
    timeout: 30_000,
  })
  const running = application.process()
  let log = ''
  running.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text))
  const exited = new Promise<number | null>((resolve) => running.once('exit', resolve))
  const quit = async (by: 'menu' | 'window' = 'menu'): Promise<number | null> => {
    await application.evaluate(({ app, BrowserWindow }, way) => {
      setTimeout(() => {
        ;(globalThis as unknown as { endDebugging(): void }).endDebugging()
        if (way === 'window') BrowserWindow.getAllWindows()[0]?.close()
        else app.quit()
      })
    }, by)
    return exited
  }
  return { application, log: () => log, quit }
}

/** Starts it and waits for its page. */
export async function launchWindow(options: LaunchOptions): Promise<RunningDesktop & { page: Page }> {
  const desktop = await launchDesktop(options)
  return { ...desktop, page: await desktop.application.firstWindow() }
}

/** Starts the desktop once more, as a user would, and waits for its end; its exit code. */
export async function startAgain(options: LaunchOptions): Promise<number | null> {
  const again = spawn(options.executable, argumentsOf(options), { env: environmentOf(options), stdio: 'ignore' })
  const [code] = (await once(again, 'exit')) as [number | null]
  return code
}
