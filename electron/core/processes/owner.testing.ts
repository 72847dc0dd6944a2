/**
 * An owner to be killed: `node owner.testing.ts DATABASE FOLDER` starts three children, one of which starts a
 * grandchild, prints their pids as JSON, and waits.
 */
import { systemClock } from '../clock.ts'
import { Log } from '../log.ts'
import { migrationsFolder } from '../store/store.testing.ts'
import { openStore } from '../store/store.ts'
import { ChildProcesses } from './child-processes.ts'
import { shell, until } from './child-processes.testing.ts'

const [, , path = '', runtimeDir = ''] = process.argv
const log = new Log([])
const store = openStore({ path, migrations: migrationsFolder, clock: systemClock, log })
if (!store.ok) throw new Error(store.error.message)
const limits = () => ({ maxChildren: 10, maxStarting: 4 })
const children = new ChildProcesses({ store: store.value, clock: systemClock, log, runtimeDir, limits })

let grandchild = 0
const pids: number[] = []
for (const script of ['exec sleep 300', 'trap "" TERM HUP; while :; do sleep 300; done', 'sleep 300 & echo $!; wait']) {
  const started = await children.start(shell(script, { onLine: (_, line) => (grandchild = Number(line)) }))
  if (!started.ok) throw new Error(started.error.message)
  pids.push(started.value.pid)
}
await until(() => grandchild > 0)
await until(() => store.value.database.prepare('SELECT 1 FROM children WHERE start_time IS NULL').all().length === 0)
process.stdout.write(`${JSON.stringify({ pids, grandchild })}\n`)
setInterval(() => undefined, 60_000)
