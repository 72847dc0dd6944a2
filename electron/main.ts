// First: it must come before anything asynchronous.
import '../network/thread-pool.ts'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { app, dialog } from 'electron'
import { drop } from '../contract/drop.ts'
import { appError, fail, ok, type AppError, type Result } from '../contract/errors.ts'
import { owner } from '../contract/permissions.ts'
import { Log, stderrSink } from './core/log.ts'
import { createInProcessTransport } from './core/operations/in-process-transport.ts'
import { prepareDataFolder } from './core/store/data-folder.ts'
import { defaultDataDir } from './core/store/default-data-dir.ts'
import { readOwner } from './core/store/owner-file.ts'
import type { Recovery } from './core/store/recovery-options.ts'
import { openDesktopBackend, type OwnedBackend } from './desktop-backend.ts'
import { createLocalTransport } from './http/local-client.ts'
import { startHttpServer } from './http/server.ts'
import { handleCrashes } from './crash-handler.ts'
import { errorText } from './error-text.ts'
import { readCommandLine } from './shell/command-line.ts'
import { startDesktop } from './shell/desktop.ts'
import { applyStartAtLogin } from './shell/login-item.ts'
import { registerScheme } from './shell/protocol.ts'
import { createUtilityLauncher } from './shell/utility-launcher.ts'
import { socketUnusable } from './socket-unusable.ts'
import { version } from './version.ts'

const dist = dirname(fileURLToPath(import.meta.url))
const log = new Log([stderrSink])
const commandLine = readCommandLine(process.argv)
/** Done at most once: this process may become the owner again later, of what was written since. */
let recovery: Recovery | null = null

const startAtLogin = (wanted: boolean): void => applyStartAtLogin(wanted, commandLine.dataDir)

/** Where a bug is told, and what ends what this process owns: as far as it has come. */
let crashLog = log
let endInOrder = (): Promise<void> => Promise.resolve()

/** Becomes the owner in this process: the core, and the local socket on which the CLI and other windows attach. */
async function becomeOwner(dataDir: string): Promise<Result<OwnedBackend>> {
  let core: typeof import('./core/application.ts')
  try {
    // Loaded only when needed: a window that attaches needs no database.
    core = await import('./core/application.ts')
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    return fail(
      appError(
        'internal',
        'A part of Mooring cannot be loaded here.',
        'Install Mooring again, or start `npm run serve`: this window attaches to it.',
        { cause },
      ),
    )
  }
  const decided = recovery
  recovery = null
  const started = await core.startApplication({
    dataDir,
    shell: 'desktop',
    version,
    migrations: join(dist, 'migrations'),
    launchSidecar: createUtilityLauncher(join(dist, 'sidecar.mjs')),
    vault: null,
    passphrase: null,
    logSinks: [stderrSink],
    recovery: decided,
    applyStartAtLogin: startAtLogin,
  })
  if (!started.ok) return started
  const application = started.value
  const { router, hub } = application
  crashLog = application.log
  try {
    const local = await startHttpServer({
      listen: { kind: 'socket', path: application.socketPath },
      router,
      hub,
      log: application.log.area('http'),
      version,
      principal: owner,
      rendererDir: null,
    })
    application.announce({ url: null })
    return ok({
      transport: createInProcessTransport(router, hub, owner),
      onLost: (listener) => application.onOwnerLost(listener),
      close: async () => {
        await local.close()
        await application.close()
      },
    })
  } catch (error) {
    await application.close()
    return fail(socketUnusable(application.socketPath, error))
  }
}

/** Says why there is no Mooring now, and ends. */
async function refuse(error: AppError): Promise<void> {
  const { message, cause, next } = error
  log.error(errorText(error))
  await app.whenReady()
  dialog.showErrorBox(message, [cause, next].filter((line) => line !== undefined).join('\n\n'))
  app.exit(1)
}

async function main(): Promise<void> {
  registerScheme()
  // As root (containers only) there is no sandbox to be had, and asking for one would be the end.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
  // Windows shows notifications only of programs that name themselves as the installer did.
  app.setAppUserModelId('io.mooring.desktop')
  if (!commandLine.recovery.ok) return refuse(commandLine.recovery.error)
  recovery = commandLine.recovery.value
  const dataDir = commandLine.dataDir ?? defaultDataDir()
  const folder = prepareDataFolder(dataDir)
  if (!folder.ok) return refuse(folder.error)
  // One window per data folder: the profile, and with it Electron's single-instance lock, lies in the folder.
  app.setPath('userData', folder.value.file('window'))
  if (!app.requestSingleInstanceLock()) {
    log.info('Mooring runs already; its window is shown')
    app.exit(0)
    return
  }
  await app.whenReady()
  const backend = await openDesktopBackend({
    ownerSocket: () => readOwner(folder.value.dir)?.socketPath ?? null,
    connect: createLocalTransport,
    becomeOwner: () => becomeOwner(folder.value.dir),
    log,
  })
  if (!backend.ok) return refuse(backend.error)
  const { transport } = backend.value
  endInOrder = () => backend.value.close()
  startDesktop({
    transport,
    dist,
    log,
    hidden: commandLine.hidden,
    applyStartAtLogin: startAtLogin,
    close: endInOrder,
  })
}

handleCrashes({
  log: () => crashLog,
  end: async () => {
    await endInOrder()
    dialog.showErrorBox('Mooring met a bug and ends.', 'Start it again: your forwards come back. Its log says more.')
  },
  exit: (code) => app.exit(code),
})
drop(main(), 'Electron keeps the process until the desktop quits')
