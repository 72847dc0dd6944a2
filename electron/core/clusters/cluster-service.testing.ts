import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddClustersInput, ClusterDependents } from '../../../contract/clusters.ts'
import { ok, type Result } from '../../../contract/errors.ts'
import { FakeClock } from '../clock.testing.ts'
import { AllowedCommands } from '../credentials/allowed-commands.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import type { CallContext } from '../operations/handlers.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import type { Keychain } from '../vault/key-providers.ts'
import { Vault } from '../vault/vault.ts'
import { type ClusterChange, ClusterService } from './cluster-service.ts'
import { systemFiles } from './file-system.ts'
import type { EntryTest } from './rotation.ts'

export const connected: EntryTest = { status: 'connected', cause: null, steps: [], serverVersion: 'v1.36.0' }

/** A cluster service on a real store, vault and file system, with a home folder of its own. */
export async function clusterServiceBench() {
  const clock = new FakeClock(Date.UTC(2026, 5, 1))
  const home = mkdtempSync(join(tmpdir(), 'clusters-'))
  const store = memoryStore({ clock })
  const vault = new Vault({ store, clock, log: silentLog, keychain: keychainInMemory() })
  // A vault of the provider "memory" cannot be locked.
  const set = await vault.setup({ provider: 'keychain' })
  if (!set.ok) throw new Error(set.error.message)
  const allowed = new AllowedCommands({ store, vault, clock })
  const forwards = new Map<string, ClusterDependents['forwards']>()
  const tested: KubeconfigEntry[] = []
  const changes: ClusterChange[] = []
  const settings = {
    test: (): EntryTest | Promise<EntryTest> => connected,
    deleteForwards: (): Result<void> => ok(undefined),
  }
  const service = new ClusterService({
    store,
    vault,
    allowed,
    fileSystem: systemFiles,
    environment: () => Promise.resolve({ HOME: home, PATH: '' }),
    hooks: {
      forwardsOf: (id) => forwards.get(id) ?? [],
      deleteForwardsOf: () => settings.deleteForwards(),
      endForwardsOf: (id) => {
        forwards.delete(id)
        return Promise.resolve()
      },
      testEntry: async (entry) => {
        tested.push(entry)
        return settings.test()
      },
    },
    clock,
    log: silentLog,
  })
  service.onChange((change) => changes.push(change))

  return {
    service,
    store,
    vault,
    allowed,
    clock,
    forwards,
    tested,
    changes,
    settings,
    home,
    context: {
      principal: { name: 'owner', permissions: new Set() },
      signal: new AbortController().signal,
    } satisfies CallContext as CallContext,
    /** Adds contexts by name and answers the clusters; throws when that fails. */
    add: async (text: string, contexts: string[], more: Partial<AddClustersInput> = {}) => {
      const added = await service.add({ text, contexts: contexts.map((context) => ({ context })), ...more })
      if (!added.ok) throw new Error(`${added.error.code}: ${added.error.message}`)
      return added.value
    },
    /** Writes `~/.kube/config` or another file below the home folder. */
    writeFile: (name: string, text: string): string => {
      const path = join(home, name)
      mkdirSync(join(path, '..'), { recursive: true })
      writeFileSync(path, text)
      return path
    },
    close: () => {
      service.close()
      store.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Stands for the keychain of a desktop session. */
function keychainInMemory(): Keychain {
  const keys = new Map<string, Buffer>()
  return {
    // The vault clears what it was given.
    get: (account) => {
      const key = keys.get(account)
      return Promise.resolve(key === undefined ? null : Buffer.from(key))
    },
    set: (account, key) => {
      keys.set(account, Buffer.from(key))
      return Promise.resolve()
    },
    remove: (account) => {
      keys.delete(account)
      return Promise.resolve()
    },
  }
}

export type ClusterServiceBench = Awaited<ReturnType<typeof clusterServiceBench>>
