import { sampleCause, sampleForward } from './samples.ts'
import type { World } from './world.ts'

const minute = 60_000

/** The second cluster signs in with a command that nobody has allowed yet. */
export function commandWaits(world: World): void {
  const [, cluster] = world.clusters
  if (cluster === undefined) throw new Error('the world has one cluster')
  const message = `The credential command of ${cluster.name} may not run: nobody has allowed it.`
  const next = 'Look at the command, and allow it if you trust it.'
  const waits = sampleCause('credentials-command-not-allowed', message, next, minute)
  world.command = {
    command: 'kubelogin',
    args: [
      'get-token',
      '--environment',
      'AzurePublicCloud',
      '--server-id',
      '6dae42f8-4368-4678-94ff-3960e28e3630',
      '--login',
      'azurecli',
    ],
    env: [{ name: 'AZURE_CONFIG_DIR', value: '•••' }],
  }
  cluster.status = { ...cluster.status, status: 'disconnected', cause: waits }
  world.forwards = world.forwards.map((forward) =>
    forward.clusterId === cluster.id && forward.desired === 'on'
      ? sampleForward({ ...forward, state: 'holding', cause: waits })
      : forward,
  )
}

/** What goes wrong with the machine and the cluster, as an address of the testing page names it (`&no-kubectl&storage`). */
export const troubles: Readonly<Record<string, (world: World) => void>> = {
  command: commandWaits,
  'no-keychain': (world) => {
    world.vault.keychain = { available: false, reason: 'No keychain service runs in this session.' }
  },
  'no-kubectl': (world) => {
    world.kubectl = { ...world.kubectl, chosen: null, found: [] }
    world.app.kubectl = { path: null, version: null }
  },
  forbidden: (world) => {
    world.access = {
      allowed: false,
      verbs: [
        { verb: 'get', allowed: true },
        { verb: 'create', allowed: false },
      ],
      reason: 'You may not create pods/portforward in default. Ask the cluster administrator for this permission.',
    }
  },
  sidecar: (world) => {
    world.app.sidecar = { ...world.app.sidecar, state: 'failed', lastLines: ['Error: heap out of memory'] }
  },
  storage: (world) => {
    world.app.storage = { ok: false, problem: `The disk that holds ${world.diagnostics.database.path} is full.` }
  },
}
