import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { createPlatform } from '../platform/platform.ts'
import { testChildren } from '../processes/child-processes.testing.ts'
import { ChildRegistry, type RegisteredChild } from '../processes/child-registry.ts'
import { openFile } from '../store/open-store.testing.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { registeredLauncher, type SidecarEvents } from './sidecar-launcher.ts'

const events: SidecarEvents = { message: () => undefined, line: () => undefined, exited: () => undefined }

/** A launcher that starts nothing; what it was told, and how to say that the sidecar exists and is gone. */
function launcher() {
  const launched: { events: SidecarEvents; environment: unknown }[] = []
  return {
    launched,
    launch: (given: SidecarEvents, environment?: Readonly<Record<string, string>>) => {
      launched.push({ events: given, environment })
      return { pid: 1, send: () => undefined, kill: () => undefined }
    },
  }
}

describe('a sidecar', () => {
  it('that outlived a killed owner is stopped by the next start', async (context) => {
    if (process.platform !== 'linux') context.skip('needs /proc')
    const database = join(temporaryFolder(), 'db')
    const owner = spawnSync(process.execPath, [join(import.meta.dirname, 'owner.testing.ts'), database])
    expect(owner.signal, owner.stderr.toString()).toBe('SIGKILL')
    const pid = Number(owner.stdout)
    const platform = createPlatform()
    expect(platform.processFacts(pid)?.state).toBe('stopped')
    const { children, close } = testChildren({ store: openFile(database) })
    expect(await children.stopOrphans()).toBe(1)
    expect(platform.processFacts(pid)?.state ?? 'dead').toBe('dead')
    expect(children.registry.ofOtherRuns()).toEqual([])
    await close()
  })

  it('is on record from before it starts until it is gone', () => {
    const told: (string | number)[] = []
    const registry = {
      registerIfPossible: (): RegisteredChild => {
        told.push('registered')
        return {
          environment: { TOKEN: 'x' },
          started: (pid) => Promise.resolve(void told.push(pid)),
          forget: () => told.push('forgotten'),
        }
      },
    }
    const { launch, launched } = launcher()
    registeredLauncher(launch, registry)({ ...events, exited: () => told.push('exited') })
    expect(launched[0]?.environment).toEqual({ TOKEN: 'x' })
    launched[0]?.events.started?.(7)
    launched[0]?.events.exited({ code: 0, signal: null, error: null })
    expect(told).toEqual(['registered', 7, 'forgotten', 'exited'])
  })

  it('is started all the same when the disk is full: it ends with its channel', () => {
    const { launch, launched } = launcher()
    const store = memoryStore()
    store.database.pragma('query_only = ON')
    const registry = new ChildRegistry({ store, clock: systemClock, log: silentLog, platform: createPlatform() })
    registeredLauncher(launch, registry)(events)
    expect(launched).toEqual([{ events, environment: undefined }])
  })
})
