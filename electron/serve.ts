// First: it must come before anything asynchronous.
import '../network/thread-pool.ts'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { appError, type AppError } from '../contract/errors.ts'
import { owner } from '../contract/permissions.ts'
import type { VaultProvider } from '../contract/system.ts'
import { errorCode } from '../network/error-code.ts'
import { startApplication } from './core/application.ts'
import { createForkLauncher } from './core/sidecar/fork-launcher.ts'
import { takeSecretVariable } from './core/platform/secret-variable.ts'
import { defaultDataDir } from './core/store/default-data-dir.ts'
import { recoveryOf } from './core/store/recovery-options.ts'
import { Log, stderrSink } from './core/log.ts'
import { handleCrashes } from './crash-handler.ts'
import { errorText } from './error-text.ts'
import { startHttpServer, type HttpServer } from './http/server.ts'
import { socketUnusable } from './socket-unusable.ts'
import { version } from './version.ts'

type Options = {
  dataDir: string
  port: number
  vault?: VaultProvider
  passphraseFd?: number
  restoreSnapshot?: string
  startEmpty?: true
}

const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`)
    return value
  }

const program = new Command('mooring-serve')
  .description('Runs Mooring without a window and prints one line of JSON with its address when it is ready.')
  .option('--data-dir <folder>', 'where clusters, forwards and history are kept', defaultDataDir())
  .option('--port <number>', 'port on 127.0.0.1; 0 chooses a free one', integer(0, 65_535), 0)
  .addOption(
    new Option('--vault <kind>', 'what protects the stored credentials').choices(['keychain', 'passphrase', 'memory']),
  )
  .option('--passphrase-fd <number>', 'file descriptor to read the passphrase from', integer(0, 1023))
  .option(
    '--restore-snapshot <name>',
    'put a snapshot of the database (or "latest") in its place; what it replaces is kept',
  )
  .option('--start-empty', 'go on with an empty database when it is damaged; the damaged one is kept')
  .version(version)
  .showHelpAfterError('Add --help to see how it is used.')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })

/** What ends this process in order and what it logs to, as far as it has come. */
let running: { log: Log; end: () => Promise<void> } = { log: new Log([stderrSink]), end: () => Promise.resolve() }

/** The passphrase, from a descriptor or the environment; it is taken out of the environment. Throws where it cannot be read. */
function readPassphrase(options: Options): string | null {
  const { value, cleared } = takeSecretVariable('MOORING_PASSPHRASE')
  if (!cleared)
    running.log.warn('this system goes on showing MOORING_PASSPHRASE to programs of yours; use --passphrase-fd')
  if (options.passphraseFd !== undefined) return readFileSync(options.passphraseFd, 'utf8').replace(/\r?\n$/, '')
  return value
}

/** Says why there is no Mooring now. */
function refuse(error: AppError, exitCode = 1): void {
  process.stderr.write(`mooring: ${errorText(error).replace('\n', '\n         ')}\n`)
  process.exitCode = exitCode
}

const systemSays = (error: unknown): string => `The system says ${errorCode(error) ?? String(error)}.`

async function main(): Promise<void> {
  const options = program.parse().opts<Options>()
  const recovery = recoveryOf(options)
  if (!recovery.ok) {
    refuse(recovery.error, 2)
    return
  }
  let passphrase: string | null
  try {
    passphrase = readPassphrase(options)
  } catch (error) {
    refuse(
      appError(
        'file-not-readable',
        `The passphrase cannot be read from descriptor ${options.passphraseFd}.`,
        'Give it something to read, for example: --passphrase-fd 0 < FILE',
        { cause: systemSays(error) },
      ),
    )
    return
  }
  const here = dirname(fileURLToPath(import.meta.url))
  const started = await startApplication({
    dataDir: options.dataDir,
    shell: 'host',
    version,
    migrations: join(here, 'migrations'),
    launchSidecar: createForkLauncher(join(here, 'sidecar.mjs')),
    vault: options.vault ?? null,
    passphrase,
    logSinks: [stderrSink],
    recovery: recovery.value,
  })
  if (!started.ok) {
    refuse(started.error, started.error.code === 'data-folder-owned' ? 3 : 1)
    return
  }
  const application = started.value
  const { router, hub, log } = application
  const token = randomBytes(32).toString('base64url')
  const shared = { router, hub, log: log.area('http'), version, principal: owner }
  const servers: HttpServer[] = []
  let ended: Promise<void> | null = null
  const endInOrder = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
    await application.close()
  }
  const end = (): Promise<void> => (ended ??= endInOrder())
  running = { log, end }
  const close = async (why: string, exitCode = 0): Promise<void> => {
    if (ended !== null) return
    log.info(`ending: ${why}`)
    await end()
    process.exit(exitCode)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void close(signal))
  const host = await startHttpServer({
    ...shared,
    listen: { kind: 'loopback', port: options.port, token },
    rendererDir: join(here, 'renderer'),
  }).catch((error: unknown) => {
    refuse(
      appError(
        'local-port-taken',
        `Mooring cannot listen on 127.0.0.1:${options.port}.`,
        'Choose another port, or 0 for a free one.',
        { cause: systemSays(error) },
      ),
    )
    return null
  })
  if (host === null) {
    await close('the port cannot be used', 1)
    return
  }
  servers.push(host)
  const local = await startHttpServer({
    ...shared,
    listen: { kind: 'socket', path: application.socketPath },
    rendererDir: null,
    loginUrl: `${host.url}/#token=${token}`,
  }).catch((error: unknown) => {
    refuse(socketUnusable(application.socketPath, error))
    return null
  })
  if (local === null) {
    await close('the local socket cannot be opened', 1)
    return
  }
  servers.push(local)
  application.announce({ url: host.url })
  application.onOwnerLost(() => void close('the data folder has another owner'))
  process.stdout.write(`${JSON.stringify({ url: host.url, token, pid: process.pid })}\n`)
  log.info(`open ${host.url}/#token=... (the token is on stdout)`)
}

handleCrashes({ log: () => running.log, end: () => running.end() })
await main()
