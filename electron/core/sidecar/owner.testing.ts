/**
 * An owner that is killed: `node owner.testing.ts DATABASE` starts a sidecar as where the system does not end it with us,
 * stops it (it does not see its channel close then), prints its pid and dies.
 */
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { Log } from '../log.ts'
import { createPlatform, type Platform } from '../platform/platform.ts'
import { until } from '../processes/child-processes.testing.ts'
import { ChildRegistry } from '../processes/child-registry.ts'
import { migrationsFolder } from '../store/store.testing.ts'
import { openStore } from '../store/store.ts'
import { createForkLauncher } from './fork-launcher.ts'
import { registeredLauncher } from './sidecar-launcher.ts'

const log = new Log([])
const platform: Platform = { ...createPlatform(), childWrapper: (command, args) => ({ command, args: [...args] }) }
const store = openStore({ path: process.argv[2] ?? '', migrations: migrationsFolder, clock: systemClock, log })
if (!store.ok) throw new Error(store.error.message)
const { database } = store.value
const registry = new ChildRegistry({ store: store.value, clock: systemClock, log, platform })
const entry = join(import.meta.dirname, '../../../sidecar/main.ts')

let isReady = false
const launch = registeredLauncher(createForkLauncher(entry, { platform }), registry)
const sidecar = launch({ line: () => undefined, exited: () => undefined, message: () => (isReady = true) })
await until(() => isReady && database.prepare('SELECT 1 FROM children WHERE start_time IS NULL').all().length === 0)
const pid = sidecar.pid ?? 0
process.kill(pid, 'SIGSTOP')
// The signal is taken when the process runs next.
await until(() => platform.processFacts(pid)?.state === 'stopped')
process.stdout.write(`${pid}\n`, () => process.kill(process.pid, 'SIGKILL'))
