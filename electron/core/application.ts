import { join } from 'node:path'
import type { ConnectionTest } from '../../contract/clusters.ts'
import { drop } from '../../contract/drop.ts'
import { ok, type AppError, type Result } from '../../contract/errors.ts'
import type { AppStatus, VaultProvider } from '../../contract/system.ts'
import { systemClock, type Clock } from './clock.ts'
import { ClusterService } from './clusters/cluster-service.ts'
import { systemFiles } from './clusters/file-system.ts'
import { ClusterHealth } from './clusters/cluster-health.ts'
import { AllowedCommands } from './credentials/allowed-commands.ts'
import { Credentials } from './credentials/credentials.ts'
import { kubeconfigForChild } from './credentials/kubectl-kubeconfig.ts'
import { Diagnostics } from './diagnostics/diagnostics.ts'
import { ForwardService } from './forwards/forward-service.ts'
import { kubectlTunnelFactory } from './forwards/tunnel/kubectl-tunnel.ts'
import { fileSink } from './log-file.ts'
import { Log, LogRing, type LogSink } from './log.ts'
import { EventHub } from './operations/event-hub.ts'
import { publishStreams } from './operations/event-streams.ts'
import type { HandlersOf } from './operations/handlers.ts'
import { Router } from './operations/router.ts'
import { ChangeWatch } from './platform/change-watch.ts'
import { createPlatform } from './platform/platform.ts'
import { ChildProcesses } from './processes/child-processes.ts'
import { KubectlFinder } from './processes/kubectl-finder.ts'
import { ShellEnvironment } from './processes/shell-environment.ts'
import { SettingsService } from './settings/settings-service.ts'
import { SidecarClient } from './sidecar/sidecar-client.ts'
import { registeredLauncher, type SidecarLauncher } from './sidecar/sidecar-launcher.ts'
import { AuditTable } from './store/audit-table.ts'
import { prepareDataFolder, type DataFolder } from './store/data-folder.ts'
import { localSocketPath, removeOwner, writeOwner } from './store/owner-file.ts'
import { acquireOwnership, type Ownership } from './store/ownership.ts'
import type { Recovery } from './store/recovery-options.ts'
import { openRecoveredStore } from './store/recovery.ts'
import type { Store } from './store/store.ts'
import { prepareVault } from './vault/prepare-vault.ts'
import { Vault } from './vault/vault.ts'

export type ApplicationOptions = {
  readonly dataDir: string
  readonly shell: AppStatus['shell']
  readonly version: string
  /** Folder of the migrations. */
  readonly migrations: string
  readonly launchSidecar: SidecarLauncher
  /** What protects a vault that is not set up yet; null: the keychain if it works, else the user is asked. */
  readonly vault: VaultProvider | null
  readonly passphrase: string | null
  readonly logSinks: readonly LogSink[]
  /** What to do about a database that is damaged, once somebody decided. */
  readonly recovery?: Recovery | null
  readonly applyStartAtLogin?: (wanted: boolean) => void
}

/** A running owner: everything Mooring does, without a window and without HTTP. */
export type Application = {
  readonly router: Router
  readonly hub: EventHub
  readonly log: Log
  /** Where the owner's local socket belongs. */
  readonly socketPath: string
  /** Tells other starts of Mooring how to reach this one; to be called when the local socket answers. */
  announce(how: { url: string | null }): void
  /** Called when somebody removed or replaced the lock: the folder is not ours any more. */
  onOwnerLost(listener: () => void): void
  /** Ends in order: tunnels and children stopped, ports freed, database closed. Desired states stay as they are. */
  close(): Promise<void>
}

/**
 * Takes the data folder and composes the core in it. Errors: data-folder-unsafe, data-folder-owned (details say by
 * whom), storage-failed, database-newer, database-corrupt, not-found (no such snapshot), keychain-unavailable, wrong-passphrase, weak-passphrase.
 */
export async function startApplication(options: ApplicationOptions): Promise<Result<Application>> {
  const clock = systemClock
  const folder = prepareDataFolder(options.dataDir)
  if (!folder.ok) return folder
  const ownership = acquireOwnership(folder.value.dir, clock)
  if (!ownership.ok) return ownership
  const ring = new LogRing()
  const file = fileSink({ path: folder.value.file(join('logs', 'mooring.log')) })
  const log = new Log([...options.logSinks, file, ring.sink])
  log.debug('start: data folder taken')
  const store = openRecoveredStore(
    { path: folder.value.file('mooring.db'), migrations: options.migrations, clock, log: log.area('store') },
    options.recovery ?? null,
  )
  if (!store.ok) {
    ownership.value.release()
    return store
  }
  log.debug('start: database open')
  const core = new Core(options, {
    clock,
    folder: folder.value,
    ownership: ownership.value,
    log,
    ring,
    store: store.value,
  })
  const refused = await core.start(options.passphrase)
  if (refused === null) return ok(core)
  await core.close()
  return { ok: false, error: refused }
}

type Ground = { clock: Clock; folder: DataFolder; ownership: Ownership; log: Log; ring: LogRing; store: Store }

/** Every part of the core, wired once. The order of construction is the order of dependence. */
class Core implements Application {
  readonly hub = new EventHub()
  readonly log: Log
  readonly router: Router
  readonly socketPath: string
  readonly #options: Omit<ApplicationOptions, 'passphrase'>
  readonly #ground: Ground
  readonly #startedAt: number
  readonly #platform = createPlatform()
  readonly #settings: SettingsService
  readonly #vault: Vault
  readonly #allowed: AllowedCommands
  readonly #shellEnvironment: ShellEnvironment
  readonly #children: ChildProcesses
  readonly #kubectl: KubectlFinder
  readonly #sidecar: SidecarClient
  readonly #clusters: ClusterService
  readonly #credentials: Credentials
  readonly #health: ClusterHealth
  readonly #forwards: ForwardService
  readonly #tests = new Map<string, ConnectionTest>()
  #changeWatch: ChangeWatch | null = null

  constructor(options: ApplicationOptions, ground: Ground) {
    const { clock, folder, log, ring, store } = ground
    // The passphrase opens the vault once and is not kept.
    const { passphrase: _once, ...kept } = options
    this.#options = kept
    this.#ground = ground
    this.log = log
    this.#startedAt = clock.now()
    this.socketPath = localSocketPath(folder)
    const { applyStartAtLogin } = options
    this.#settings = new SettingsService({ store, ...(applyStartAtLogin === undefined ? {} : { applyStartAtLogin }) })
    this.#vault = new Vault({ store, clock, log: log.area('vault') })
    this.#allowed = new AllowedCommands({
      store,
      vault: this.#vault,
      clock,
      usersOf: (fingerprint) => this.#clusters.usersOfCommand(fingerprint),
    })
    this.#shellEnvironment = new ShellEnvironment({
      clock,
      log: log.area('environment'),
      platform: this.#platform,
      register: (command) =>
        this.#children.registry.registerIfPossible({ kind: 'probe-command', label: 'login shell', command }),
    })
    const environment = (): Promise<Record<string, string>> => this.#shellEnvironment.read()
    this.#children = new ChildProcesses({
      store,
      clock,
      log: log.area('processes'),
      runtimeDir: folder.file('run'),
      limits: () => ({
        maxChildren: this.#settings.get().maxChildren,
        maxStarting: this.#settings.get().maxStartingChildren,
      }),
      environment,
      platform: this.#platform,
    })
    this.#kubectl = new KubectlFinder({
      children: this.#children,
      environment,
      kubectlPath: () => this.#settings.get().kubectlPath,
      log: log.area('kubectl'),
    })
    const launch = registeredLauncher(options.launchSidecar, this.#children.registry)
    this.#sidecar = new SidecarClient({ launch, clock, log: log.area('sidecar') })
    this.#clusters = new ClusterService({
      store,
      vault: this.#vault,
      allowed: this.#allowed,
      fileSystem: systemFiles,
      environment,
      clock,
      log: log.area('clusters'),
      hooks: {
        forwardsOf: (id) => this.#forwards.forwardsOf(id),
        deleteForwardsOf: (id) => this.#forwards.deleteForwardsOf(id),
        endForwardsOf: (id) => this.#forwards.endForwardsOf(id),
        testEntry: (entry, signal) => this.#health.testEntry(entry, signal),
      },
    })
    this.#credentials = new Credentials({
      entryOf: (id) => this.#clusters.entry(id),
      allowed: this.#allowed,
      children: this.#children,
      shellEnvironment: this.#shellEnvironment,
      storeRefreshed: (id, entry) => this.#clusters.storeRefreshed(id, entry),
      clock,
      log: log.area('credentials'),
    })
    this.#health = new ClusterHealth({
      clusters: this.#clusters,
      credentials: this.#credentials,
      sidecar: this.#sidecar,
      shellEnvironment: this.#shellEnvironment,
      clock,
      onTest: (test) => {
        this.#tests.set(test.clusterId, test)
        this.hub.publish(`cluster-test:${test.clusterId}`, 'change', test)
      },
    })
    this.#forwards = new ForwardService({
      store,
      clock,
      log: log.area('forwards'),
      logsDir: folder.file(join('logs', 'forwards')),
      platform: this.#platform,
      settings: this.#settings,
      vault: this.#vault,
      clusters: this.#clusters,
      credentials: this.#credentials,
      sidecar: this.#sidecar,
      children: this.#children,
      openTunnel: kubectlTunnelFactory({
        children: this.#children,
        kubectl: () => this.#kubectl.chosen(),
        kubeconfigFor: kubeconfigForChild,
        clock,
        platform: this.#platform,
        log: log.area('forwards'),
      }),
      lookForSleep: () => this.#changeWatch?.lookForSleep(),
    })
    const diagnostics = new Diagnostics({
      appStatus: () => this.#status(),
      kubectl: () => this.#kubectl.status(this.#clusterVersions()),
      environment: () => this.#shellEnvironment.status(),
      vault: () => this.#vault.status(),
      store,
      logs: () => ring.entries(),
    })
    const audit = new AuditTable({ store, clock, log: log.area('audit') })
    this.router = new Router({
      log: log.area('operations'),
      audit: (record) => audit.append(record),
      handlers: {
        ...this.#clusters.handlers(),
        ...this.#health.handlers(),
        ...this.#forwards.handlers(),
        ...this.#vault.handlers(),
        ...this.#allowed.handlers(),
        ...this.#settings.handlers(),
        ...this.#kubectl.handlers(() => this.#clusterVersions()),
        ...diagnostics.handlers(),
        ...audit.handlers(),
        ...this.#ownHandlers(),
      },
    })
    this.#connect()
    publishStreams(this.hub, {
      clusters: this.#clusters,
      forwards: this.#forwards,
      vault: this.#vault,
      settings: this.#settings,
      appStatus: () => this.#status(),
      appChanges: [this.#sidecar.onState, this.#children.onCounts, this.#kubectl.onChange, store.onProblem],
      testOf: (id) => this.#tests.get(id) ?? null,
    })
  }

  /** Null when everything runs; else why not. */
  async start(passphrase: string | null): Promise<AppError | null> {
    drop(this.#shellEnvironment.read(), 'read ahead; whoever needs it waits for it')
    const stopped = await this.#children.stopOrphans()
    if (stopped > 0) this.log.warn(`stopped ${stopped} processes that an earlier run left`)
    this.log.debug('start: earlier runs swept')
    // Forwards need both as soon as the vault is open, and a passphrase takes a while on purpose.
    this.#sidecar.start()
    drop(this.#kubectl.chosen(), 'looked for ahead; the first forward needs it')
    const refused = await prepareVault(this.#vault, { wanted: this.#options.vault, passphrase, log: this.log })
    if (refused !== null) return refused
    this.log.debug('start: vault ready')
    this.#forwards.start()
    this.#changeWatch = new ChangeWatch({
      clock: this.#ground.clock,
      onChange: (change, since) => {
        this.log.info(change === 'wake' ? 'the machine slept or stood still' : 'the network changed')
        if (change === 'wake') this.#forwards.slept(since)
        this.#forwards.hint(change)
        this.#health.hint()
      },
    })
    return null
  }

  announce(how: { url: string | null }): void {
    const { shell, version } = this.#options
    writeOwner(this.#ground.folder.dir, {
      pid: process.pid,
      shell,
      version,
      socketPath: this.socketPath,
      url: how.url,
      startedAt: this.#startedAt,
    })
  }

  onOwnerLost(listener: () => void): void {
    this.#ground.ownership.onLost(listener)
  }

  async close(): Promise<void> {
    this.#changeWatch?.close()
    await this.#forwards.close()
    this.#health.close()
    this.#credentials.close()
    await this.#children.close()
    await this.#sidecar.close()
    this.#clusters.close()
    this.#vault.close()
    removeOwner(this.#ground.folder.dir)
    this.#ground.store.close()
    this.#ground.ownership.release()
  }

  #ownHandlers(): HandlersOf<'app.status' | 'sidecar.restart'> {
    return {
      'app.status': () => ok(this.#status()),
      'sidecar.restart': () => {
        this.#sidecar.restart()
        return ok(this.#status())
      },
    }
  }

  #status(): AppStatus {
    const { folder, store } = this.#ground
    const kubectl = this.#kubectl.current
    return {
      version: this.#options.version,
      shell: this.#options.shell,
      dataDir: folder.dir,
      startedAt: this.#startedAt,
      sidecar: this.#sidecar.state(),
      kubectl: { path: kubectl?.path ?? null, version: kubectl?.version ?? null },
      children: this.#children.counts(),
      storage: { ok: store.problem === null, problem: store.problem },
    }
  }

  #clusterVersions(): { id: string; name: string; serverVersion: string | null }[] {
    return this.#clusters.list().map(({ id, name, status }) => ({ id, name, serverVersion: status.serverVersion }))
  }

  /** What changes in one part and matters to another. */
  #connect(): void {
    this.#clusters.onChange(({ id, kind }) => {
      if (kind === 'removed') this.#tests.delete(id)
      if (kind === 'removed' || kind === 'credentials') this.#credentials.invalidate(id)
    })
    this.#forwards.onChange(({ clusterId, wantedChanged, reaches }) => {
      if (reaches !== null) this.#health.seen(clusterId, reaches)
      if (!wantedChanged) return
      this.#clusters.forwardsChanged(clusterId)
      this.#health.touch(clusterId)
    })
    this.#vault.onChange(({ state }) => {
      if (state !== 'locked') return
      this.#health.vaultLocked()
      this.#credentials.forget()
      this.#sidecar.forgetCredentials()
    })
    this.#allowed.onChange(() => this.#forwards.hint('look'))
    this.#settings.onChange(() => drop(this.#kubectl.chosen(), 'looks whether another kubectl was chosen'))
    this.#kubectl.onChange(() => this.#forwards.hint('look'))
  }
}
