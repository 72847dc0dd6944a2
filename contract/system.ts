import { z } from './zod.ts'
import { Id, Time } from './common.ts'
import { ErrorCode } from './errors.ts'

/** What protects the key of the vault. */
export const VaultProvider = z.enum(['keychain', 'passphrase', 'memory'])
export type VaultProvider = z.infer<typeof VaultProvider>

/** Whether stored credentials can be read, and what protects them; never a key. */
export const VaultStatus = z.object({
  state: z.enum(['not-set-up', 'locked', 'unlocked', 'undecryptable']),
  provider: VaultProvider.nullable(),
  /** Whether the system's keychain can be used, and if not, why. */
  keychain: z.object({
    available: z.boolean(),
    reason: z.string().nullable(),
    /** The system's own words, where `reason` says them more plainly. */
    detail: z.string().optional(),
  }),
  keyId: z.string().nullable(),
  rotatedAt: Time.nullable(),
})
export type VaultStatus = z.infer<typeof VaultStatus>

const Passphrase = z.string().min(1).max(1024)
/** Makes a vault; a passphrase is needed for the provider `passphrase` only. */
export const VaultSetupInput = z.strictObject({
  provider: VaultProvider,
  passphrase: Passphrase.optional(),
  /** In the place of a vault that can no longer be opened (key lost, passphrase forgotten): what it holds stays unreadable. */
  giveUpOld: z.literal(true).optional(),
})
/** Opens the vault; the keychain needs no passphrase. */
export const VaultUnlockInput = z.strictObject({ passphrase: Passphrase.optional() })
/** Changes the data key; with `provider` also what wraps it. */
export const VaultRotateInput = z.strictObject({
  provider: VaultProvider.optional(),
  passphrase: Passphrase.optional(),
})

/** Colours of the pages; `system`: as the system has them. */
export const Theme = z.enum(['system', 'light', 'dark'])

/** What the user can choose. Numbers of children count processes; times are in seconds. */
export const Settings = z.object({
  /** Path of kubectl; null: the first usable one found. */
  kubectlPath: z.string().nullable(),
  maxChildren: z.int().min(1).max(1000),
  maxStartingChildren: z.int().min(1).max(64),
  parkSeconds: z.int().min(0).max(3600),
  probeSeconds: z.int().min(1).max(3600),
  startAtLogin: z.boolean(),
  onWindowClose: z.enum(['ask', 'keep-running', 'quit']),
  notifications: z.boolean(),
  theme: Theme,
  density: z.enum(['compact', 'comfortable']),
  singleKeyShortcuts: z.boolean(),
})
export type Settings = z.infer<typeof Settings>

/** What holds until the user says otherwise. */
export const defaultSettings: Readonly<Settings> = {
  kubectlPath: null,
  maxChildren: 128,
  maxStartingChildren: 4,
  parkSeconds: 30,
  probeSeconds: 5,
  startAtLogin: false,
  onWindowClose: 'ask',
  notifications: true,
  theme: 'system',
  density: 'compact',
  singleKeyShortcuts: true,
}

/** The settings that are to be otherwise. */
export const UpdateSettingsInput = z.strictObject(Settings.partial().shape)

/** A kubectl that was found on this machine. */
export const FoundKubectl = z.object({
  path: z.string(),
  version: z.string().nullable(),
  /** A cloud vendor's wrapper, by name (gcloud dispatcher, Docker Desktop ...); null: plain kubectl. */
  vendor: z.string().nullable(),
  usable: z.boolean(),
  problem: z.string().nullable(),
})
export type FoundKubectl = z.infer<typeof FoundKubectl>

/** The kubectl in use, and where it was looked for. */
export const KubectlStatus = z.object({
  chosen: FoundKubectl.nullable(),
  found: z.array(FoundKubectl),
  searched: z.array(z.string()),
  /** The command that installs it on this system. */
  install: z.string(),
  /** Clusters whose version is further away than Kubernetes supports (one minor version either way). */
  skew: z.array(z.object({ clusterId: Id, name: z.string(), serverVersion: z.string(), message: z.string() })),
})
export type KubectlStatus = z.infer<typeof KubectlStatus>

/** How the sidecar fares; `restarts` counts since the app started. */
export const SidecarState = z.object({
  state: z.enum(['starting', 'ready', 'restarting', 'failed', 'stopped']),
  pid: z.int().nullable(),
  since: Time,
  restarts: z.int(),
  lastLines: z.array(z.string()),
})
export type SidecarState = z.infer<typeof SidecarState>

/** What the status bar and Diagnostics show; pushed on the `app` stream. */
export const AppStatus = z.object({
  version: z.string(),
  shell: z.enum(['desktop', 'host']),
  dataDir: z.string(),
  startedAt: Time,
  sidecar: SidecarState,
  kubectl: z.object({ path: z.string().nullable(), version: z.string().nullable() }),
  children: z.object({ running: z.int(), starting: z.int(), queued: z.int(), limit: z.int() }),
  storage: z.object({ ok: z.boolean(), problem: z.string().nullable() }),
})
export type AppStatus = z.infer<typeof AppStatus>

/** What Mooring found around itself; free of secrets, so that it can be copied into a report. */
export const Diagnostics = z.object({
  app: AppStatus,
  system: z.object({
    platform: z.string(),
    release: z.string(),
    arch: z.string(),
    node: z.string(),
    electron: z.string().nullable(),
    memoryBytes: z.number(),
    cpus: z.int(),
  }),
  owner: z.object({ pid: z.int(), memoryBytes: z.number(), cpuPercent: z.number() }),
  /** The login shell's environment: when it was read, what was taken from it (names only, PATH in full). */
  environment: z.object({
    shell: z.string().nullable(),
    status: z.enum(['reading', 'read', 'timed-out', 'failed', 'not-needed']),
    path: z.string(),
    proxies: z.array(z.object({ name: z.string(), value: z.string() })),
    names: z.array(z.string()),
  }),
  kubectl: KubectlStatus,
  vault: VaultStatus,
  database: z.object({ path: z.string(), bytes: z.number(), schemaVersion: z.int(), snapshots: z.int() }),
  checks: z.array(
    z.object({
      id: z.string(),
      status: z.enum(['ok', 'warn', 'fail']),
      message: z.string(),
      next: z.string().nullable(),
    }),
  ),
  logs: z.array(
    z.object({ at: Time, level: z.enum(['debug', 'info', 'warn', 'error']), area: z.string(), message: z.string() }),
  ),
})
export type Diagnostics = z.infer<typeof Diagnostics>

/** Who changed what, and how it ended; secrets are left out. */
export const AuditEntry = z.object({
  id: z.int(),
  at: Time,
  principal: z.string(),
  operation: z.string(),
  resource: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
  result: z.union([z.literal('ok'), ErrorCode]),
})
export type AuditEntry = z.infer<typeof AuditEntry>
