/** An owner to be killed: `node owner.testing.ts FOLDER` takes the lock, says so, and waits. */
import { writeOwner } from './owner-file.ts'
import { acquireOwnership } from './ownership.ts'

const [, , dir = ''] = process.argv
const taken = acquireOwnership(dir)
if (taken.ok)
  writeOwner(dir, { pid: process.pid, shell: 'host', version: '9.9.9', socketPath: null, url: null, startedAt: 0 })
process.stdout.write(`${taken.ok ? 'taken' : taken.error.code}\n`)
setInterval(() => undefined, 60_000)
