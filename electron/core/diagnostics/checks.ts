import type { AppStatus, Diagnostics, KubectlStatus, VaultStatus } from '../../../contract/system.ts'

type Check = Diagnostics['checks'][number]
type Found = { app: AppStatus; environment: Diagnostics['environment']; kubectl: KubectlStatus; vault: VaultStatus }

const good = (id: string, message: string): Check => ({ id, status: 'ok', message, next: null })
const bad = (id: string, status: 'warn' | 'fail', message: string, next: string): Check => ({
  id,
  status,
  message,
  next,
})

/** What is as it should be and what is not, each with its next step. */
export function diagnosticChecks(found: Found): Check[] {
  return [
    storage(found),
    vault(found),
    keychain(found),
    kubectl(found),
    ...skew(found),
    sidecar(found),
    queue(found),
    environment(found),
  ]
}

function storage({ app }: Found): Check {
  if (app.storage.problem === null) return good('storage', 'The database can be written.')
  return bad(
    'storage',
    'fail',
    app.storage.problem,
    'Free space or correct the permissions of the data folder; writing is tried again by itself.',
  )
}

function vault({ vault: { state, provider } }: Found): Check {
  switch (state) {
    case 'unlocked':
      if (provider !== 'memory') return good('vault', `Stored credentials are protected by the ${provider ?? 'vault'}.`)
      return bad(
        'vault',
        'warn',
        'Stored credentials are kept for this session only.',
        'Choose the keychain or a passphrase in Settings.',
      )
    case 'locked':
      return bad('vault', 'warn', 'The vault is locked.', 'Unlock it; what waits goes on by itself.')
    case 'not-set-up':
      return bad('vault', 'warn', 'The vault is not set up.', 'Choose the keychain or a passphrase.')
    case 'undecryptable':
      return bad(
        'vault',
        'fail',
        'The stored credentials cannot be decrypted.',
        'Restore the keychain that holds their key, or the data folder that belongs to it.',
      )
  }
}

function keychain({ vault: status }: Found): Check {
  if (status.keychain.available) return good('keychain', "The system's keychain can be used.")
  const words = `The system's keychain cannot be used: ${status.keychain.reason ?? 'it gives no reason.'}`
  if (status.provider === 'passphrase') return good('keychain', `${words} A passphrase protects the vault instead.`)
  return bad(
    'keychain',
    status.provider === 'keychain' ? 'fail' : 'warn',
    words,
    'Start or unlock its service, or use a passphrase.',
  )
}

function kubectl({ kubectl: { chosen, install } }: Found): Check {
  if (chosen === null)
    return bad('kubectl', 'fail', 'No usable kubectl was found.', `Install it (${install}) or choose one in Settings.`)
  const vendor = chosen.vendor === null ? '' : `, ${chosen.vendor}`
  return good('kubectl', `${chosen.path} (${chosen.version ?? 'version not known'}${vendor})`)
}

const skew = ({ kubectl: status }: Found): Check[] =>
  status.skew.map(({ clusterId, name, message }) =>
    bad(
      `skew-${clusterId}`,
      'warn',
      `${name}: ${message}`,
      'Choose a kubectl within one minor version of the server in Settings.',
    ),
  )

function sidecar({ app: { sidecar: status } }: Found): Check {
  switch (status.state) {
    case 'ready':
      return good('sidecar', 'The cluster watcher (sidecar) is ready.')
    case 'starting':
    case 'restarting':
      return bad(
        'sidecar',
        'warn',
        'The cluster watcher (sidecar) is starting; forwards go on meanwhile.',
        'Wait a moment.',
      )
    case 'failed':
      return bad(
        'sidecar',
        'fail',
        'The cluster watcher (sidecar) keeps ending; clusters are not watched, forwards go on.',
        'Start it again here; its last lines say why it ended.',
      )
    case 'stopped':
      return bad('sidecar', 'fail', 'The cluster watcher (sidecar) is not running.', 'Start it again here.')
  }
}

function queue({ app: { children } }: Found): Check {
  const words = `${children.running} of at most ${children.limit} kubectl run, ${children.queued} wait`
  if (children.running < children.limit || children.queued === 0) return good('queue', `${words}.`)
  return bad('queue', 'warn', `${words}.`, 'Stop forwards you do not need, or raise the limit in Settings.')
}

function environment({ environment: { status, shell } }: Found): Check {
  switch (status) {
    case 'read':
      return good('environment', `The environment of the login shell was read (${shell ?? 'shell not known'}).`)
    case 'not-needed':
      return good('environment', 'Mooring was started from a terminal and has its environment.')
    case 'reading':
      return good('environment', 'The environment of the login shell is being read.')
    case 'timed-out':
    case 'failed':
      return bad(
        'environment',
        'warn',
        `The environment of the login shell could not be read (${status === 'failed' ? 'it failed' : 'it took too long'}).`,
        'Programs it puts into PATH may not be found; check what your shell does at login.',
      )
  }
}
